"""Reads `fraud.decisions` beside a shadow's fold, as far as the fold has come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from streams import changelog
from streams.settings import Settings
from streams.task import Task
from streams.verify.delivered import Delivered
from streams.verify.evidence import Evidence
from streams.verify.recorded import Place
from streams.verify.reporter import Reporter

READ = "read"
"""In a task's meta: where each partition of the decisions is to be read on after a restart."""
BATCH = 500
QUEUE_KB = 4_096
IDLE_S = 0.01
ASK_EVERY_S = 0.2
"""As often as the hot path commits."""


class Follower:
    """One reader of every partition of the decisions, for all tasks of a process."""

    def __init__(self, settings: Settings, report: Reporter) -> None:
        self.evidence = Evidence()
        self._settings, self._report = settings, report
        self._tasks: WeakValueDictionary[int, Task] = WeakValueDictionary()
        self._reader: Consumer | None = None
        self._position: dict[int, int] = {}
        self._delivered: Delivered | None = None
        self._settled: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._asked = 0.0

    def hold(self, task: Task) -> None:
        """A task was restored: read on from where the furthest behind of all is."""
        self._tasks[task.partition] = task
        self.evidence.forget()
        if self._reader is None:
            self._reader = changelog.reader(self._settings, queued_kbytes=QUEUE_KB)
        held = [one.meta.get(READ, {}) for one in self._tasks.values()]
        self._position = {
            d: min(one.get(str(d), 0) for one in held)
            for d in range(topics.topic(topics.DECISIONS).partitions)
        }
        self._reader.assign(
            [TopicPartition(topics.DECISIONS, d, at) for d, at in self._position.items()]
        )

    async def cover(self, task: Task, offset: int, still_ours: Callable[[], bool]) -> None:
        """Wait until every decision of the task's records up to `offset` was read.

        As long as the hot path has not decided them there is nothing to compare with.
        """
        while still_ours() and not self._covers(task.partition, offset):
            if not self._read():
                await self._ask()
                await asyncio.sleep(IDLE_S)
            await asyncio.sleep(0)

    def _covers(self, partition: int, offset: int) -> bool:
        settled = self._settled.get(partition, 0) > offset
        return all(
            self.evidence.seen(partition, d, up_to=offset) or (settled and at >= self._ends[d])
            for d, at in self._position.items()
        )

    def _read(self) -> int:
        """Take in what was fetched; returns how many records that were."""
        assert self._reader is not None, "a task is restored before it folds"
        compared = {p: task.applied[topics.ACTIVITY] for p, task in self._tasks.items()}
        messages = self._reader.consume(BATCH, 0.0)
        for message in messages:
            offset = message.offset()
            if message.error() is None and offset is not None:
                value, place = message.value(), Place(message.partition() or 0, offset)
                self._take(value if isinstance(value, bytes) else b"", place, compared)
                self._position[place.partition] = offset + 1
        return len(messages)

    def _take(self, value: bytes, place: Place, compared: dict[int, int]) -> None:
        source = self.evidence.add(value, place, compared)
        if source is not None:
            self._report(None, source, place)

    async def _ask(self) -> None:
        """How far the hot path has delivered, and then where the decisions end, beside the loop."""
        if time.monotonic() - self._asked < ASK_EVERY_S:
            return
        loop = asyncio.get_running_loop()
        self._settled, self._ends = await loop.run_in_executor(None, self._ask_broker)
        self._asked = time.monotonic()

    def _ask_broker(self) -> tuple[dict[int, int], dict[int, int]]:
        if self._delivered is None:
            self._delivered = Delivered(self._settings.bootstrap)
        settled = {p: self._delivered(p) or 0 for p in list(self._tasks)}
        reader: Any = self._reader
        ends = {d: changelog.highwater(reader, topics.DECISIONS, d) for d in self._position}
        return settled, ends
