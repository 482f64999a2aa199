"""A marker whose snapshot does not load changes nothing: live, after a restart, refolded."""

from __future__ import annotations

from typing import Any

import pytest

from models.learn import Learner
from schemas import topics
from streams.agents import score
from streams.fold import fold
from streams.history.memory import MemoryLog
from streams.in_process import InProcess, InProcessLibrary, InProcessLog, InProcessStage
from streams.task import META_KEY, Task
from streams.verify.log import Verified, verify
from streams.whatif.change import Change
from streams.whatif.run import library, whatif
from streams.wire import codec
from tests.unit.streams.whole_stream import NOW, bodies, publish, stages, transaction

HALF = 40


def marker(sequence: int, kind: str, threshold: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A snapshot of `kind`, and the marker that names it."""
    learner = Learner()
    snapshot = learner.publish(("logistic",), sequence)[0] | {"kind": kind}
    return snapshot, {
        "sequence": sequence, "model": {"name": "logistic", "version": sequence},
        "ruleset": {"name": "baseline", "version": 1}, "threshold": threshold, "reason": "test",
    }  # fmt: skip


def put(log: InProcessLog, snapshot: dict[str, Any], said: dict[str, Any]) -> None:
    log.append(topics.MODELS, b"model", codec.encode("model_snapshot", snapshot))
    for partition in range(4):
        value = codec.encode("control_marker", said)
        log.append(topics.ACTIVITY, b"", value, partition=partition)


@pytest.fixture(scope="module")
def ran() -> tuple[InProcessLog, InProcessStage]:
    """Transactions, a good model, more, a broken one, more; and the scoring stage after that."""
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess([s for s in stages(log) if s.name != "drift-act"], log)
    everything.run()
    good, broken = marker(1_000, "river.logistic", 0.3), marker(2_000, "river.unheard_of", 0.6)
    for at, said in enumerate((None, good, broken)):
        if said is not None:
            put(log, *said)
        numbers = range(at * HALF, (at + 1) * HALF)
        publish(log, topics.TRANSACTIONS, "transaction", [transaction(n) for n in numbers])
        everything.run()
    return log, next(one for one in everything.stages if one.stage.name == "score")


def restarted(task: Task, stage: InProcessStage, log: InProcessLog) -> Task:
    """A task of another process, from what a barrier wrote."""
    cut = task.cut()
    again = stage.stage.task(task.partition, task.outbox, log.clock)
    again.restore(cut.values | {META_KEY: cut.meta})
    return again


def test_the_last_good_model_goes_on_and_the_marker_is_a_dead_letter(ran: Any) -> None:
    log, _ = ran
    dead = bodies(log, topics.DEAD_LETTERS)
    assert len(dead) == 4, "one of each partition"
    assert all("river.unheard_of" in str(one) for one in dead)
    decisions = bodies(log, topics.DECISIONS)
    told = {(one["model"] or {}).get("version"): one["threshold"] for one in decisions}
    assert told == {None: 0.5, 1_000: 0.3}


def test_the_same_is_in_force_after_a_restart(ran: Any) -> None:
    log, stage = ran
    for task in stage.tasks:
        live = score.in_force(task, InProcessLibrary(log))
        again = score.in_force(restarted(task, stage, log), InProcessLibrary(log))
        assert live.control.sequence == again.control.sequence == 1_000
        assert again.scorer is not None
        assert again.scorer.ref == {"name": "logistic", "version": 1_000}


def test_whoever_folds_the_log_again_decides_the_same(ran: Any) -> None:
    log, _ = ran
    recorded = {record.value for record in log.read(topics.DECISIONS)}
    for partition in range(4):
        records = log.partitions[topics.ACTIVITY, partition]
        assert set(fold(partition, records, InProcessLibrary(log))) <= recorded
    memory = MemoryLog(log)
    assert verify(memory) == Verified(checked=3 * HALF)
    found = whatif(memory, library(memory), Change())
    assert found["baseline"]["equal"] == 3 * HALF


def test_a_good_marker_does_not_need_what_was_in_force_before_it() -> None:
    """What is in force can no longer be made ready: the next good marker still takes its place."""
    log = InProcessLog(clock=lambda: NOW)
    stage = InProcess([s for s in stages(log) if s.name in ("score", "learn")], log)
    stage.run()
    scoring = next(one for one in stage.stages if one.stage.name == "score")
    task = scoring.tasks[0]
    task.live, task.meta["marker"] = None, marker(10, "river.unheard_of", 0.5)[1]
    log.append(topics.MODELS, b"", codec.encode("model_snapshot", marker(10, "no", 0.5)[0]))
    put(log, *marker(20, "river.logistic", 0.2))
    scoring.run()
    assert score.in_force(task, InProcessLibrary(log)).control.sequence == 20
