"""What `fraud up`, `fraud status` and `fraud down` do: one broker that outlives the command.

Everything lies below ``home``: the jars in ``jars/`` (or a cache shared with others), the broker
in ``broker/``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from infra.errors import AlreadyRunning
from infra.kafka.admin import answers
from infra.kafka.broker import Broker
from infra.kafka.config import DEFAULT_HEAP_MB
from infra.kafka.state import BrokerState
from infra.kafka.topics import TopicReport, create_topics

DEFAULT_HOME = Path(".kafka")
DEFAULT_PORT = 9092


@dataclass(frozen=True)
class Ground:
    """A running broker with its topics; ``started`` is False if it ran already."""

    state: BrokerState
    topics: TopicReport
    started: bool


@dataclass(frozen=True)
class Status:
    """What is known of the broker of a home; ``answers`` asks it, ``running`` only its process."""

    running: bool
    answers: bool
    folder: str
    pid: int | None = None
    bootstrap: str | None = None
    log: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the fields for ``--json``."""
        return asdict(self)


def up(
    home: Path = DEFAULT_HOME,
    *,
    port: int | None = DEFAULT_PORT,
    controller_port: int | None = None,
    heap_mb: int = DEFAULT_HEAP_MB,
    jars: Path | None = None,
) -> Ground:
    """Make sure that the broker of ``home`` runs with every topic of the table; idempotent.

    ``port=None`` takes a free one. A broker that this call started is stopped again if its topics
    cannot be made. Raises AlreadyRunning if it runs at another port than the one asked for, and
    whatever ``Broker.start`` and ``create_topics`` raise.
    """
    broker = broker_of(home, port=port, controller_port=controller_port, heap_mb=heap_mb, jars=jars)
    running = broker.state
    if running is not None and port not in (None, DEFAULT_PORT, running.port):
        raise AlreadyRunning(broker.folder, running.pid, running.bootstrap)
    state = running or broker.start()
    try:
        topics = create_topics(state.bootstrap)
    except BaseException:
        if running is None:
            broker.stop()
        raise
    return Ground(state, topics, started=running is None)


def down(home: Path = DEFAULT_HOME, *, wipe: bool = False) -> bool:
    """Stop the broker of ``home``; True if it ran. ``wipe`` removes its records, not the jars."""
    return broker_of(home).stop(wipe=wipe)


def status(home: Path = DEFAULT_HOME) -> Status:
    """Return whether the broker of ``home`` runs and answers."""
    broker = broker_of(home)
    state = broker.state
    if state is None:
        return Status(running=False, answers=False, folder=str(broker.folder))
    return Status(
        running=True,
        answers=answers(state.bootstrap),
        folder=str(broker.folder),
        pid=state.pid,
        bootstrap=state.bootstrap,
        log=state.log,
    )


def broker_of(
    home: Path,
    *,
    port: int | None = None,
    controller_port: int | None = None,
    heap_mb: int = DEFAULT_HEAP_MB,
    jars: Path | None = None,
) -> Broker:
    """Return the broker of ``home``, running or not."""
    return Broker(
        home / "broker",
        jars=jars or home / "jars",
        port=port,
        controller_port=controller_port,
        heap_mb=heap_mb,
        owned=False,
    )
