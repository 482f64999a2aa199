"""The shadow over a log in memory: it agrees, it finds, and it goes on after a crash."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas import topics
from streams.fold import Collected
from streams.in_process import InProcessLibrary, InProcessLog
from streams.metrics import METRICS
from streams.records import LogRecord
from streams.task import META_KEY, Task
from streams.verify import evidence as evidence_module
from streams.verify import reporter as reporter_module
from streams.verify.evidence import Evidence
from streams.verify.follower import READ
from streams.verify.recorded import Place
from streams.verify.reporter import Reporter
from streams.verify.sealed import source_of
from streams.verify.shadow import make_step, stage
from streams.wire import codec
from tests.unit.streams.altered_log import MANY, Change, world
from tests.unit.streams.test_verify_log import resealed


class Shadow:
    """The shadow's tasks over a log, with decisions that a test may have changed."""

    def __init__(self, log: InProcessLog, change: Change = list) -> None:
        self.log = log
        self.decisions = {d: list(change(log.partitions[topics.DECISIONS, d])) for d in range(4)}
        self.evidence = Evidence()
        self.report = Reporter(
            lambda place: self.decisions[place.partition][place.offset].value or b""
        )
        step = make_step(InProcessLibrary(log), self.evidence, self.report)
        self.stage = stage(step)
        self.tasks = [self.task(p) for p in range(4)]
        self.before = self.counts()

    def task(self, partition: int) -> Task:
        return self.stage.task(partition, Collected(), lambda: 0)

    @staticmethod
    def counts() -> tuple[float, float]:
        values = (METRICS.verified, METRICS.verify_mismatches)
        verified, mismatches = (one._value.get() for one in values)
        return verified, mismatches

    @property
    def found(self) -> tuple[float, float]:
        """Decisions compared and mismatches, since the beginning."""
        return self.counts()[0] - self.before[0], self.counts()[1] - self.before[1]

    def read(self, start: int = 0) -> list[object]:
        """Read all decisions from a position of each partition on."""
        compared = {task.partition: task.applied[topics.ACTIVITY] for task in self.tasks}
        return [
            self.evidence.add(record.value or b"", Place(d, at), compared)
            for d, records in self.decisions.items()
            for at, record in enumerate(records)
            if at >= start
        ]

    def fold(self, start: float = 0.0, stop: float = 1.0) -> Shadow:
        """Fold a part of each partition of the activity."""
        for task in self.tasks:
            records = self.log.partitions[topics.ACTIVITY, task.partition]
            first, last = int(start * len(records)), int(stop * len(records))
            for at in range(first, last, 37):
                for part in self.stage.split(records[at : min(at + 37, last)]):
                    self.stage.step(task, part)
        return self


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return world()


def test_a_world_agrees(log: InProcessLog) -> None:
    shadow = Shadow(log)
    shadow.read()
    assert shadow.fold().found == (MANY, 0)
    assert shadow.evidence.waiting == 0


def at(log: InProcessLog, partition: int, offset: int) -> LogRecord:
    return log.partitions[topics.DECISIONS, partition][offset]


def test_both_sides_of_a_mismatch_are_logged(
    log: InProcessLog, caplog: pytest.LogCaptureFixture
) -> None:
    def change(records: Sequence[LogRecord]) -> list[LogRecord]:
        return [resealed(r, score=0.125) if (r.partition, r.offset) == (2, 9) else r
                for r in records]  # fmt: skip

    shadow = Shadow(log, change)
    shadow.read()
    assert shadow.fold().found == (MANY, 1)
    decision = codec.decode(at(log, 2, 9).value or b"")[1]
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"transaction {decision['transaction_id']}" in line
    assert f"score: recorded 0.125, derived {decision['score']!r}" in line


def test_what_is_missing_or_extra_is_a_mismatch(log: InProcessLog) -> None:
    marker = next(r.offset for r in log.partitions[topics.ACTIVITY, 0]
                  if (r.value or b"").startswith(codec.header("control_marker")))  # fmt: skip
    extra = resealed(at(log, 0, 0), src={"stage": "score", "partition": 0, "offset": marker})
    for change in (
        lambda rs: [r for r in rs if (r.partition, r.offset) != (1, 4)],
        lambda rs: [*rs, extra] if rs[0].partition == 0 else rs,
    ):
        shadow = Shadow(log, change)
        shadow.read()
        assert shadow.fold().found == (MANY, 1)


def test_a_repeat_is_one_unless_it_differs(log: InProcessLog) -> None:
    shadow = Shadow(log)
    shadow.read()
    shadow.fold()
    assert set(shadow.read()) == {None}
    compared = {task.partition: task.applied[topics.ACTIVITY] for task in shadow.tasks}
    odd = resealed(at(log, 3, 11), amount_minor=1)
    source = shadow.evidence.add(odd.value or b"", Place(3, 11), compared)
    assert source == source_of(odd.value or b"")
    shadow.report(None, source, Place(3, 11))
    assert shadow.found == (MANY, 1)
    assert shadow.evidence.waiting == 0


def test_only_what_is_derived_here_is_kept(log: InProcessLog) -> None:
    shadow = Shadow(log)
    shadow.tasks = shadow.tasks[:1]
    shadow.read()
    mine = [r for r in log.read(topics.DECISIONS) if source_of(r.value or b"")[0] == 0]  # type: ignore[index]
    assert shadow.evidence.waiting == len(mine)
    assert shadow.fold().found == (len(mine), 0)
    assert shadow.evidence.add(b"no decision", Place(0, 0), {0: -1}) is None


def test_recent_ones_are_bounded(log: InProcessLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_module, "RECENT", 5)
    shadow = Shadow(log)
    shadow.read()
    shadow.fold()
    assert [len(one) for one in shadow.evidence._recent.values()] == [5] * 4


def test_many_mismatches_are_counted_and_few_are_read_again(
    log: InProcessLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reporter_module, "IN_FULL", 3)
    shadow = Shadow(log, lambda _: [])
    assert shadow.fold().found == (MANY, MANY)
    assert len(caplog.records) == 3


@pytest.mark.parametrize("meta_is_older", [False, True], ids=["in order", "killed before its meta"])
def test_after_a_crash_it_goes_on(log: InProcessLog, meta_is_older: bool) -> None:
    shadow = Shadow(log)
    shadow.read()
    shadow.fold(stop=0.4)
    metas = [task.cut() for task in shadow.tasks]
    shadow.fold(0.4, 0.6)
    cuts = [task.cut() for task in shadow.tasks]
    fresh = Shadow(log)
    fresh.before = shadow.before
    for task, early, late in zip(fresh.tasks, metas, cuts, strict=True):
        meta = early.meta if meta_is_older else late.meta
        task.restore(early.values | late.values | {META_KEY: meta})
        assert task.meta[READ]
    for d in range(4):
        start = min(task.meta[READ].get(str(d), 0) for task in fresh.tasks)
        compared = {task.partition: task.applied[topics.ACTIVITY] for task in fresh.tasks}
        for place, record in enumerate(fresh.decisions[d][start:], start):
            assert fresh.evidence.add(record.value or b"", Place(d, place), compared) is None
    assert fresh.fold(0.3).found == (MANY, 0)
