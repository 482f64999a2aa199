"""The commit order. Outputs leave at once; only commits wait.

```text
 (a) cut      fix the end offset E of each task, take its dirty keys and meta as bytes
 (b) outputs  await the delivery of every output up to E, dead letters included
 (c) state    write the dirty keys, then the meta record, to the changelog partition
 (d) durable  await their delivery
 (e) commit   commit E + 1
```

A kill between any two steps is harmless: before (c) the outputs are repeated, with the same
bytes; between (c) and (e) the restored state recognises what it has applied. A changed generation
discards and never commits: its successor folds the same log to the same state.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from streams.metrics import METRICS
from streams.outbox import Deliveries, Outbox
from streams.process import FaultPoints, IdleCollector, die
from streams.settings import Settings
from streams.task import META_KEY, NOTHING_APPLIED, Cut, Task

# Deliveries take a broker round trip; polling each millisecond adds at most that.
POLL_INTERVAL_S = 0.001

Commit = Callable[[dict[tuple[str, int], int]], Awaitable[bool]]


class Barrier:
    """Makes what an app's tasks have done durable, again and again.

    Args:
        changelogs: for each stage's tasks, the changelog topic they write.
        generation: the group generation now; a barrier that sees it change gives up.
        commit: commits ``{(topic, partition): next offset}``.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        changelogs: Callable[[], Iterable[tuple[str, Task]]],
        generation: Callable[[], int],
        commit: Commit,
    ) -> None:
        self.settings = settings
        self.outbox = outbox
        self.changelogs = changelogs
        self.generation = generation
        self.commit = commit
        self.faults = FaultPoints(settings.fault_point)
        self.settled = time.monotonic()
        """When everything folded was last durable and committed, or there was nothing to do."""
        self.committed: dict[tuple[str, int], int] = {}
        self._running = asyncio.Lock()

    async def loop(self, stopped: Callable[[], bool]) -> None:
        """Run barriers until ``stopped``; any error in one ends the process."""
        collector = IdleCollector()
        while not stopped():
            await self._due()
            collector.tick(busy=self._events() > 0)
            try:
                await self.run()
            except Exception as error:
                die(f"barrier failed: {type(error).__name__}: {error}")

    async def run(self) -> None:
        """One barrier over every task that has moved."""
        async with self._running:
            generation = self.generation()
            cuts = [(topic, task, task.cut()) for topic, task in self.changelogs() if moved(task)]
            if not cuts:
                self._settle()
                return
            with METRICS.barrier.time():
                await self._complete(generation, cuts)

    def _settle(self) -> None:
        self.settled = time.monotonic()
        METRICS.settled.set_to_current_time()

    async def _due(self) -> None:
        deadline = time.monotonic() + self.settings.barrier_ms / 1000
        while time.monotonic() < deadline and self._events() < self.settings.barrier_events:
            await asyncio.sleep(0.005)
            self.outbox.poll()

    def _events(self) -> int:
        return sum(task.events_since_cut for _, task in self.changelogs())

    async def _complete(self, generation: int, cuts: Sequence[tuple[str, Task, Cut]]) -> None:
        self.faults.hit("cut")
        if not await self._delivered(generation, [cut.deliveries for _, _, cut in cuts]):
            return
        self.faults.hit("outputs")
        written = self._write_state(cuts)
        self.faults.hit("state")
        if not await self._delivered(generation, [written]):
            return
        self.faults.hit("durable")
        await self._commit(cuts)
        self.faults.hit("commit")

    def _write_state(self, cuts: Sequence[tuple[str, Task, Cut]]) -> Deliveries:
        written = Deliveries()
        for topic, task, cut in cuts:
            for key, value in (*cut.values.items(), (META_KEY, cut.meta)):
                self.outbox.send(topic, key, value, partition=task.partition, deliveries=written)
                self.faults.hit("state.key")
        return written

    async def _delivered(self, generation: int, spans: Sequence[Deliveries]) -> bool:
        """Await the deliveries; False when the generation changed meanwhile."""
        deadline = time.monotonic() + self.settings.delivery_timeout_s + 1.0
        while not all(span.complete for span in spans):
            late = time.monotonic() > deadline  # a step that took long lets reports in below first
            self.outbox.poll()
            if late and not all(span.complete for span in spans):
                die("outputs were not delivered before the deadline")
            await asyncio.sleep(POLL_INTERVAL_S)
        return self.generation() == generation

    async def _commit(self, cuts: Sequence[tuple[str, Task, Cut]]) -> None:
        offsets = {
            (topic, task.partition): end + 1
            for _, task, cut in cuts
            for topic, end in cut.ends.items()
            if end != NOTHING_APPLIED
        }
        # A learner announces before it has read anything: outputs, and nothing to commit.
        if not offsets or await self.commit(offsets):
            self.committed.update(offsets)
            self._settle()
        self._measure(cuts)

    def _measure(self, cuts: Sequence[tuple[str, Task, Cut]]) -> None:
        for _, task, _ in cuts:
            behind = sum(
                end + 1 - self.committed.get((topic, task.partition), 0)
                for topic, end in task.applied.items()
            )
            METRICS.commit_lag.labels(task.stage, task.partition).set(behind)


def moved(task: Task) -> bool:
    """Whether a task has anything that a barrier would make durable."""
    return task.events_since_cut > 0 or task.deliveries.sent > 0 or bool(task.dirty)
