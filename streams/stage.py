"""What a stage is: the pure description that Faust and the in-process log both run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from streams.outbox import Outbox
from streams.records import Record
from streams.task import State, Task

Step = Callable[[Task, Sequence[Record]], None]
Prepare = Callable[[Task, Sequence[Record], Callable[[], bool]], Awaitable[None]]


def whole(records: Sequence[Record]) -> list[Sequence[Record]]:
    """A batch in one part."""
    return [records]


def nothing(_task: Task) -> None:
    """A stage that has nothing to say after a restore, or while nothing arrives."""


async def at_once(_task: Task, _records: Sequence[Record], _still_ours: Callable[[], bool]) -> None:
    """A stage that waits for nothing."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: what it reads, the state it keeps, what it does with a batch.

    Args:
        name: as in ``src``, metrics and the agent's name.
        sources: topics read; several are co-partitioned.
        targets: topics written, for the wiring and its test; the step does the sending.
        partitions: of the sources and of the changelog.
        changelog: the topic that its state survives in.
        new_state, unpack_state: make a key's state empty, or from its bytes.
        step: folds records into the task.
        split: cuts a batch where something changes for all that follows (control markers).
        prepare: awaits what a part needs (a model version) before it is folded.
        restored: called once with a restored task.
        idle: called about once a second with each task, for what must go on when nothing arrives.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    partitions: int
    changelog: str
    new_state: Callable[[], State]
    unpack_state: Callable[[bytes], State]
    step: Step
    split: Callable[[Sequence[Record]], Sequence[Sequence[Record]]] = whole
    prepare: Prepare = at_once
    restored: Callable[[Task], None] = nothing
    idle: Callable[[Task], None] = nothing

    def task(self, partition: int, outbox: Outbox, clock: Callable[[], int]) -> Task:
        """An empty task of this stage."""
        return Task(
            self.name,
            partition,
            self.sources,
            new_state=self.new_state,
            unpack_state=self.unpack_state,
            outbox=outbox,
            clock=clock,
        )
