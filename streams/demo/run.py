"""`fraud demo`: chooses where it runs, and makes sure that nothing it started is left."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from rich.console import Console

from infra.ground import DEFAULT_HOME
from infra.kafka.topics import create_topics
from streams.demo.cluster import cluster, why_embedded
from streams.demo.embedded_run import run_embedded
from streams.demo.kafka_run import fits_behind, run_on_kafka
from streams.demo.summary import Summary
from streams.demo.tally import Tally
from streams.demo.view import View, view_for
from streams.demo.world import WorldRequest

EXIT_TERMINATED = 143  # what a shell reports for SIGTERM


@dataclass(frozen=True)
class DemoRequest:
    """What `fraud demo` was asked for."""

    world: WorldRequest
    bootstrap: str | None = None
    home: Path = field(default=DEFAULT_HOME)
    embedded: bool = False
    keep: bool = False


def run_demo(request: DemoRequest, console: Console) -> Summary:
    """Run the demo, showing its way on ``console`` (standard error).

    Raises FraudStreamsError; whatever happens, what was started is stopped.
    """
    tally = Tally()
    with terminated_like_interrupted(), view_for(tally, console) as view:
        if embedded(request, console):
            return run_embedded(request.world, tally, view)
        with tempfile.TemporaryDirectory(prefix="fraud-demo-") as name:
            folder = Path(name)
            with where(request, folder, view) as bootstrap:
                return run_on_kafka(request.world, bootstrap, folder, tally, view)


def embedded(request: DemoRequest, console: Console) -> bool:
    """Whether there is to be no broker: asked for, or none can run here, which is said."""
    if request.embedded or request.bootstrap is not None:
        return request.embedded
    reason = why_embedded(request.home)
    if reason is not None:
        console.print(f"No Kafka here, running embedded. {reason}", markup=False, soft_wrap=True)
    return reason is not None


@contextmanager
def where(request: DemoRequest, folder: Path, view: View) -> Iterator[str]:
    """The address of the cluster that was asked for, or of a local broker."""
    if request.bootstrap is not None:
        create_topics(request.bootstrap)
        yield request.bootstrap
        return

    def fits(bootstrap: str) -> bool:
        create_topics(bootstrap)
        return fits_behind(request.world, bootstrap)

    local = cluster(request.home, folder, keep=request.keep, fits=fits, tell=view.phase)
    with local as bootstrap:
        yield bootstrap


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that everything is put away."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(EXIT_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
