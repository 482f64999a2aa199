"""A worker that derives every decision again as it goes, and compares: `fraud worker verify`.

It folds `fraud.activity` in a group of its own, with a state of its own, by the scoring stage's own
step; nothing it derives is sent. It stays behind the hot path: what is not decided yet is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.terminal import TerminalState
from schemas import topics
from schemas.errors import FraudStreamsError
from streams import changelog
from streams.agents import score
from streams.fold import Collected
from streams.metrics import METRICS
from streams.outbox import Outbox
from streams.published import Published
from streams.records import LogRecord, Record
from streams.settings import Settings
from streams.stage import Prepare, Stage
from streams.task import NOTHING_APPLIED, Task
from streams.verify.evidence import Evidence
from streams.verify.follower import READ, Follower
from streams.verify.log import NoBeginning
from streams.verify.reporter import Reporter, reading
from streams.verify.sealed import Source, source_of, stated
from streams.wire import codec

APP_ID = "fraud-verify"
CHANGELOG = "fraud-verify-verify-changelog"
ACTIVITY = codec.header("activity")


class ShadowTask(Task):
    """A task whose decisions stay here, and whose rejections are the scoring stage's to report."""

    def reject(self, record: Record, error: Exception) -> None:  # noqa: ARG002 - as the task's
        """Drop what cannot be processed; an error that a retry may cure is raised on."""
        if isinstance(error, FraudStreamsError) and error.retriable:
            raise error

    def count_outliers(self) -> None:
        """They were counted where they count."""
        self.outliers.clear()


class ShadowStage(Stage):
    """A stage of shadow tasks."""

    def task(self, partition: int, outbox: Outbox, clock: Callable[[], int]) -> Task:  # noqa: ARG002
        """An empty task that sends nothing."""
        return ShadowTask(
            self.name, partition, self.sources, new_state=self.new_state,
            unpack_state=self.unpack_state, outbox=Collected(), clock=clock,
        )  # fmt: skip


def stages(published: Published, version_ready: Prepare, settings: Settings) -> tuple[Stage, ...]:
    """The shadow's one stage on Kafka."""
    report = Reporter(reading(settings))
    follower = Follower(settings, report)

    async def prepare(
        task: Task, records: Sequence[Record], still_ours: Callable[[], bool]
    ) -> None:
        await version_ready(task, records, still_ours)
        if any((record.value or b"").startswith(ACTIVITY) for record in records):
            await follower.cover(task, records[-1].offset, still_ours)

    def restored(task: Task) -> None:
        check_beginning(task, settings)
        follower.hold(task)

    step = make_step(published, follower.evidence, report)
    return (stage(step, prepare=prepare, restored=restored),)


def stage(step: Callable[[Task, Sequence[Record]], None], **how: Any) -> Stage:
    """The stage around a step."""
    return ShadowStage(
        name="verify", sources=(topics.ACTIVITY,), targets=(),
        partitions=topics.topic(topics.ACTIVITY).partitions, changelog=CHANGELOG,
        new_state=TerminalState, unpack_state=TerminalState.unpack,
        step=step, split=score.split_at_markers, **how,
    )  # fmt: skip


def make_step(
    published: Published, evidence: Evidence, report: Reporter
) -> Callable[[Task, Sequence[Record]], None]:
    """The scoring stage's step, then the comparison of what came of it."""
    derive = score.make_step(published)

    def step(task: Task, records: Sequence[Record]) -> None:
        """Derive a part of a batch and compare it with what is on record."""
        outbox = task.outbox
        assert isinstance(outbox, Collected), "a shadow's task"
        applied = compared_before(task, records)
        derive(task, [bare(record) for record in records])
        for value in outbox.decisions:
            compare(task, evidence, value, report)
        outbox.decisions.clear()
        for record in records:  # what is left was decided of nothing that the log gives
            for said in evidence.take(task.partition, record.offset):
                if record.offset not in applied:
                    report(None, Source(task.partition, record.offset), said.place)

    return step


def compared_before(task: Task, records: Sequence[Record]) -> set[int]:
    """What the restored keys hold already: compared before a crash, and not derived again."""
    entries = ((task.entries.get(record.key or b""), record) for record in records)
    return {r.offset for entry, r in entries if entry is not None and task.is_applied(entry, r)}


def compare(task: Task, evidence: Evidence, derived: bytes, report: Reporter) -> None:
    """Hold one derived decision against everything on record of its source."""
    source = source_of(derived)
    assert source is not None, "the stage's own bytes"
    digest, said = stated(derived), evidence.take(*source)
    evidence.compared(*source, digest)
    METRICS.verified.inc()
    odd = [one.place for one in said if one.digest != digest]
    if odd or not said:
        report(derived, source, odd[0] if odd else None)
    if said:  # the next one lies behind the first that was said of this one
        first = said[0].place
        task.meta.setdefault(READ, {})[str(first.partition)] = first.offset + 1


def bare(record: Record) -> Record:
    """A record without headers: how long a decision took is not the shadow's to observe."""
    return LogRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        (),
    )


def check_beginning(task: Task, settings: Settings) -> None:
    """An empty state fits the log's first record alone; raises NoBeginning."""
    if task.applied[topics.ACTIVITY] != NOTHING_APPLIED:
        return
    consumer = changelog.reader(settings)
    try:
        first, _ = changelog.watermarks(consumer, topics.ACTIVITY, task.partition)
    finally:
        consumer.close()
    if first > 0:
        where = f"{topics.ACTIVITY}[{task.partition}]"
        raise NoBeginning(where, expected="records from offset 0, or a state", came=first)
