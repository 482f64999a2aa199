"""The Kafka a demo runs on: one that is there, or one of its own that ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import ToolMissing
from infra.ground import status, up
from infra.kafka.broker import Broker
from infra.kafka.jars import fetch_jars
from infra.kafka.java import find_java
from infra.kafka.topics import create_topics

Tell = Callable[[str], None]


@contextmanager
def cluster(
    home: Path, folder: Path, *, keep: bool, fits: Callable[[str], bool], tell: Tell
) -> Iterator[str]:
    """Give the bootstrap address of a local broker with every topic.

    The one that `fraud up` left running in ``home``, if the world ``fits`` behind what its log
    holds; else a new one with its records in ``folder``, stopped at the end. ``keep`` starts the
    new one as `fraud up` would, and leaves it running. Raises GroundError.
    """
    found = running(home)
    if found is not None and (keep or fits(found)):
        tell(f"using the Kafka at {found}")
        create_topics(found)
        yield found
    elif keep:
        tell(f"starting a broker that will be left running in {home}")
        yield up(home).state.bootstrap
    else:
        tell("starting a broker" + (f": the log at {found} is beyond this world" if found else ""))
        with Broker(folder / "broker", jars=home / "jars") as broker:
            create_topics(broker.bootstrap)
            yield broker.bootstrap


def running(home: Path) -> str | None:
    """The address of the broker of ``home``, if it runs and answers."""
    found = status(home)
    return found.bootstrap if found.answers else None


def why_embedded(home: Path) -> str | None:
    """Why no broker can run on this machine; None if one can, or already does.

    Raises GroundError where Java and Maven are there and yet the jars cannot be had.
    """
    try:
        if running(home) is None:
            find_java()
            fetch_jars(home / "jars")
    except ToolMissing as missing:
        return str(missing)
    return None
