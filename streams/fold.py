"""The fold that every decision must equal: one partition of the activity log, in recorded order.

Parity means equality with this, whatever workers, batches, crashes and repeats there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.terminal import TerminalState
from schemas import topics
from streams.agents import score
from streams.outbox import Deliveries
from streams.published import Published
from streams.records import Headers, Record
from streams.task import Task


class Collected:
    """An outbox that keeps the decisions and drops the rest."""

    def __init__(self) -> None:
        self.decisions: list[bytes] = []

    def send(
        self,
        topic: str,
        key: bytes | None,  # noqa: ARG002
        value: bytes | None,
        *,
        partition: int = -1,  # noqa: ARG002
        headers: Headers = (),  # noqa: ARG002
        deliveries: Deliveries,  # noqa: ARG002
    ) -> None:
        """Keep a decision's bytes."""
        if topic == topics.DECISIONS and value is not None:
            self.decisions.append(value)

    def poll(self) -> None:
        """Nothing is under way."""

    def wait(self, deliveries: Deliveries) -> None:
        """Nothing to wait for."""


def fold(
    partition: int, records: Iterable[Record], published: Published, batch: int = 97
) -> Iterator[bytes]:
    """The decisions, as encoded bytes, of a recorded partition of ``fraud.activity``.

    ``batch`` is how many records are folded together; a decision's bits do not depend on it, and
    the default is no divisor of what a worker uses.
    """
    outbox = Collected()
    step = score.make_step(published)
    task = Task(
        "score",
        partition,
        (topics.ACTIVITY,),
        new_state=TerminalState,
        unpack_state=TerminalState.unpack,
        outbox=outbox,
        clock=lambda: 0,
    )
    for part in _batches(records, batch):
        for piece in score.split_at_markers(part):
            step(task, piece)
        yield from outbox.decisions
        outbox.decisions.clear()


def _batches(records: Iterable[Record], size: int) -> Iterator[Sequence[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
