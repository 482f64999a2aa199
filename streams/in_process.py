"""The same stages over an in-process log: no broker, no Faust, one thread.

A first look and a replay need Python alone; the recorded order of the log is what makes their
results equal to a worker's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.partitioner import murmur2

from models.rules import Ruleset
from models.scorer import ModelScorer
from schemas import topics
from streams.outbox import Deliveries
from streams.published import Library, Version
from streams.records import Headers, LogRecord
from streams.stage import Stage
from streams.task import Task
from streams.wire import codec

MURMUR2: Callable[[bytes], int] = murmur2
POSITIVE = 0x7FFFFFFF
BATCH = 500


class InProcessLog:
    """Topics in memory, partitioned as Kafka would.

    >>> log = InProcessLog(clock=lambda: 0)
    >>> log.append("fraud.outcomes", b"id", b"bytes").offset
    0
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.partitions: dict[tuple[str, int], list[LogRecord]] = defaultdict(list)
        self._counts = {topic.name: topic.partitions for topic in topics.TOPICS.values()}

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: Headers = (),
    ) -> LogRecord:
        """Append one record; returns it with its partition and offset."""
        if partition < 0:
            partition = self.partition(topic, key or b"")
        records = self.partitions[topic, partition]
        record = LogRecord(topic, partition, len(records), self.clock(), key, value, tuple(headers))
        records.append(record)
        return record

    def partition(self, topic: str, key: bytes) -> int:
        """The partition that Java's, aiokafka's and librdkafka's murmur2 partitioner choose."""
        return int(MURMUR2(key) & POSITIVE) % self._counts[topic]

    def read(self, topic: str) -> list[LogRecord]:
        """Every record of a topic, partition after partition."""
        return [r for p in range(self._counts[topic]) for r in self.partitions[topic, p]]


class InProcessOutbox:
    """Outputs that arrive at once."""

    def __init__(self, log: InProcessLog) -> None:
        self.log = log

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: Headers = (),
        deliveries: Deliveries,  # noqa: ARG002 - nothing to wait for
    ) -> None:
        """Append the output to the log."""
        self.log.append(topic, key, value, partition=partition, headers=headers)

    def poll(self) -> None:
        """Nothing is under way."""

    def wait(self, deliveries: Deliveries) -> None:
        """Nothing to wait for."""


class InProcessStage:
    """One stage's tasks over the log, with how far each has read."""

    def __init__(self, stage: Stage, log: InProcessLog) -> None:
        self.stage = stage
        self.log = log
        outbox = InProcessOutbox(log)
        self.tasks = [stage.task(p, outbox, log.clock) for p in range(stage.partitions)]
        self._read: dict[tuple[str, int], int] = defaultdict(int)
        for task in self.tasks:
            stage.restored(task)

    def run(self) -> int:
        """Fold everything that is there; returns how many records that were."""
        folded = sum(self._run(task, topic) for task in self.tasks for topic in self.stage.sources)
        for task in self.tasks:
            self.stage.idle(task)
        return folded

    def _run(self, task: Task, topic: str) -> int:
        records = self.log.partitions[topic, task.partition]
        start = self._read[topic, task.partition]
        end = len(records)
        for at in range(start, end, BATCH):
            self._fold(task, records[at : min(at + BATCH, end)])
        self._read[topic, task.partition] = end
        return end - start

    def _fold(self, task: Task, batch: Sequence[LogRecord]) -> None:
        for part in self.stage.split(batch):
            self.stage.step(task, part)


class InProcess:
    """Several stages over one log, run in turn until nothing moves."""

    def __init__(self, stages: Sequence[Stage], log: InProcessLog) -> None:
        self.log = log
        self.stages = [InProcessStage(stage, log) for stage in stages]

    def run(self) -> int:
        """Fold until every stage has read everything; returns the records folded."""
        total = 0
        while folded := sum(stage.run() for stage in self.stages):
            total += folded
        return total


class InProcessDecisionLog:
    """Decisions read back from the in-process log, and where its labels end."""

    def __init__(self, log: InProcessLog) -> None:
        self.log = log

    def read(self, partition: int, offset: int) -> dict[str, Any]:
        """The decision at a position."""
        record = self.log.partitions[topics.DECISIONS, partition][offset]
        return codec.decode(record.value or b"")[1]

    def following(self, partition: int, offset: int, most: int) -> list[tuple[int, bytes]]:
        """Up to ``most`` decisions from ``offset`` on, with their offsets."""
        records = self.log.partitions[topics.DECISIONS, partition][offset : offset + most]
        return [(record.offset, record.value or b"") for record in records]

    def labels_end(self, partition: int) -> int:
        """The offset after the partition's last label."""
        return len(self.log.partitions[topics.LABELS, partition])


class InProcessLibrary(Library):
    """Models and rulesets of the in-process log, read up to its end at each look-up."""

    def __init__(self, log: InProcessLog) -> None:
        super().__init__(lambda place: log.partitions[topics.MODELS, 0][place].value or b"")
        self.log = log
        self._read = 0

    def scorer(self, version: Version) -> ModelScorer:
        """The compiled model; raises VersionMissing where it was not published."""
        self._catch_up()
        return super().scorer(version)

    def ruleset(self, version: Version) -> Ruleset:
        """The compiled ruleset; raises VersionMissing where it was not published."""
        self._catch_up()
        return super().ruleset(version)

    def _catch_up(self) -> None:
        records = self.log.partitions[topics.MODELS, 0]
        for record in records[self._read :]:
            self.add(record.value or b"", record.offset)
        self._read = len(records)
