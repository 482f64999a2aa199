"""A Faust store that holds tasks: one map of live states per assigned partition.

Faust assigns the table's changelog partitions and tells the store of rebalances; the restore is
ours: librdkafka reads the changelog in batches, off the event loop, to its high-water mark.
Everything is dropped at a revocation and restored at an assignment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from faust.stores.base import Store
from faust.types import TP

from schemas.errors import FraudStreamsError
from streams import changelog
from streams.metrics import METRICS
from streams.process import die
from streams.settings import Settings
from streams.task import Task


class StateLost(FraudStreamsError):
    """The changelog is behind the committed offsets: going on would forget what was folded."""

    code = "STATE_LOST"
    retriable = False


class TaskStore(Store[bytes, bytes]):
    """The tasks of one stage in this worker, by partition."""

    def bind(
        self,
        settings: Settings,
        make_task: Callable[[int], Task],
        on_restored: Callable[[Task], None],
    ) -> None:
        """Give the store what Faust's constructor does not take."""
        self.settings = settings
        self.make_task = make_task
        self.on_restored = on_restored
        self.tasks: dict[int, Task] = {}
        self._restoring: dict[int, asyncio.Task[None]] = {}
        self._highwaters: dict[int, int] = {}

    @property
    def changelog_name(self) -> str:
        """The changelog topic."""
        return str(self.table.changelog_topic.get_topic_name())

    # -- Faust's side -------------------------------------------------------------------------

    def persisted_offset(self, tp: TP) -> int | None:
        """The last changelog offset, so that Faust's own, record by record, recovery rests."""
        end = self._highwaters.get(tp.partition)
        return None if end is None else end - 1

    def apply_changelog_batch(self, batch: Iterable[Any], *_args: Any, **_kwargs: Any) -> None:
        """Nothing: the restore below has read these records."""

    def reset_state(self) -> None:
        """Nothing is kept on disk."""

    async def backup_partition(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing: the changelog is the backup."""

    def restore_backup(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing: the changelog is the backup."""

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],  # noqa: ARG002 - Faust's signature
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Drop what was held; begin to restore what is assigned."""
        self.drop()
        partitions = {tp.partition for tp in assigned if tp.topic == self.changelog_name}
        loop = asyncio.get_running_loop()
        self._highwaters = await loop.run_in_executor(None, self._read_highwaters, partitions)
        for partition in partitions:
            self._restoring[partition] = asyncio.create_task(self._restore(partition))

    def drop(self) -> None:
        """Forget every task: the partitions are no longer ours."""
        for restoring in self._restoring.values():
            restoring.cancel()
        self._restoring.clear()
        self.tasks.clear()

    # -- the agents' side ---------------------------------------------------------------------

    async def restored(self, partition: int) -> Task | None:
        """The partition's task once restored; None where the partition is not ours."""
        restoring = self._restoring.get(partition)
        if restoring is not None and not restoring.done():
            await asyncio.wait([restoring])
        return self.tasks.get(partition)

    def held(self) -> list[Task]:
        """The restored tasks, safe to iterate while partitions come and go."""
        return list(self.tasks.values())

    @property
    def ready(self) -> bool:
        """Whether every assigned partition is restored."""
        return all(restoring.done() for restoring in self._restoring.values())

    # -- restoring ----------------------------------------------------------------------------

    async def _restore(self, partition: int) -> None:
        task = self.make_task(partition)
        loop, began = asyncio.get_running_loop(), time.monotonic()
        try:
            values, committed = await loop.run_in_executor(None, self._read, task)
            task.restore(values)
            self._check_not_lost(task, committed)
            self.on_restored(task)
        except Exception as error:
            die(f"restore of {task.stage}[{partition}]: {type(error).__name__}: {error}")
        self.tasks[partition] = task
        METRICS.restore.labels(task.stage, partition).set(time.monotonic() - began)

    def _read(self, task: Task) -> tuple[dict[bytes, bytes], dict[str, int]]:
        values = changelog.latest_values(
            self.settings, self.changelog_name, task.partition, task.newer
        )
        return values, self._read_committed(task)

    def _read_highwaters(self, partitions: set[int]) -> dict[int, int]:
        consumer = changelog.reader(self.settings)
        try:
            return {p: changelog.highwater(consumer, self.changelog_name, p) for p in partitions}
        finally:
            consumer.close()

    def _read_committed(self, task: Task) -> dict[str, int]:
        config = {"bootstrap.servers": self.settings.bootstrap, "group.id": self.app.conf.id}
        consumer = Consumer(config)
        try:
            wanted = [TopicPartition(topic, task.partition) for topic in task.sources]
            found = consumer.committed(wanted, timeout=changelog.ADMIN_TIMEOUT_S)
            return {tp.topic: tp.offset for tp in found}
        finally:
            consumer.close()

    def _check_not_lost(self, task: Task, committed: dict[str, int]) -> None:
        for topic, offset in committed.items():
            if task.applied[topic] + 1 < offset:
                raise StateLost(
                    f"changelog {self.changelog_name}[{task.partition}] holds {topic} up to "
                    f"{task.applied[topic]}, but {offset} is committed: expected at least "
                    f"{offset - 1}. State was lost; a retry does not help. Reset the group's "
                    "offsets to the earliest and let the worker fold the log again"
                )
