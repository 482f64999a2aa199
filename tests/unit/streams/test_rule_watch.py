"""A rule that misfires puts itself in shadow, through the log; shadow hits travel in a header."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from models.rule_policy import RatePolicy
from schemas import topics
from streams.agents.drift import unpack_decisions
from streams.agents.rule_watch import KEY
from streams.agents.score import SHADOW
from streams.fold import fold
from streams.in_process import InProcess, InProcessLibrary, InProcessLog
from streams.in_process_world import in_process_world
from streams.metrics import METRICS
from streams.records import header
from streams.task import Task
from streams.wire import codec
from streams.wiring import ROLES, World
from tests.unit.streams.whole_stream import NOW, bodies, publish, transaction

RULES = """
name: mine
version: 1
rules:
  - code: ABROAD
    title: Not at home
    action: REVIEW
    when: {field: country, ne: BE}
    text: "in {country}"
  - code: EVERYTHING
    title: Whatever it is
    action: DECLINE
    mode: shadow
    when: {field: amount_minor, ge: 0}
    text: "{amount_minor:money}"
"""
RATES = RatePolicy(window_hours=2, reference_hours=24, least=10, cards=3)
BROKEN = 2_400
"""Transaction, one a minute, from which a vendor's country code is wrong."""


def order(log: InProcessLog, kind: str, **payload: Any) -> None:
    body = {"command_id": "k", "kind": kind, "payload": json.dumps(payload), "actor": "ana",
            "issued_at": 0}  # fmt: skip
    log.append(topics.OUTCOMES, b"k", codec.encode("command", body))


def world(log: InProcessLog) -> World:
    given = in_process_world(log)
    return World(given.library, given.decisions, given.outcomes, rates=RATES)


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    log = InProcessLog(clock=lambda: NOW)
    stages = [stage for role in ROLES.values() for stage in role.stages(world(log))]
    everything = InProcess(stages, log)
    everything.run()
    order(log, "RULES_APPLY", yaml=RULES)
    everything.run()
    for start in range(0, 3_000, 30):
        records = [
            transaction(n, country="BE" if n < BROKEN else "FR")
            for n in range(start, start + 30)
        ]  # fmt: skip
        publish(log, topics.TRANSACTIONS, "transaction", records)
        everything.run()
    return log


def test_a_misfiring_rule_is_in_shadow_within_two_hours(log: InProcessLog) -> None:
    decisions = bodies(log, topics.DECISIONS)
    hit = [d for d in decisions if any(r["code"] == "ABROAD" for r in d["reasons"])]
    first, last = (pick(int(d["transaction_id"][1:]) for d in hit) for pick in (min, max))
    assert first == BROKEN
    assert BROKEN + 60 < last < BROKEN + 240
    assert {d["ruleset"]["version"] for d in hit} == {1}
    assert decisions[-1]["ruleset"] == {"name": "mine", "version": 2}
    assert not log.read(topics.DEAD_LETTERS)


def test_it_is_a_version_like_any_other_asked_for_once_a_partition(log: InProcessLog) -> None:
    commands = [b for b in bodies(log, topics.OUTCOMES) if b.get("kind") == "RULES_DEMOTE"]
    assert 1 <= len(commands) <= 4
    assert len({one["command_id"] for one in commands}) == len(commands)
    rulesets = [b for b in bodies(log, topics.MODELS) if "yaml" in b]
    assert [(b["name"], b["version"]) for b in rulesets] == [
        ("baseline", 1), ("mine", 1), ("mine", 2),
    ]  # fmt: skip
    markers = [
        b for b in bodies(log, topics.ACTIVITY)
        if b.get("reason", "").startswith("rule ABROAD demoted to shadow by rule-rates: it fired")
    ]  # fmt: skip
    assert len(markers) == 4, "one marker a partition"


def test_it_says_so(log: InProcessLog) -> None:
    signals = [b for b in bodies(log, topics.DRIFT) if b["subject"] == "rule/ABROAD"]
    assert [one["state"] for one in signals].count("FIRED") >= 1
    assert {one["detector"] for one in signals} == {"RULE_RATE"}
    labels = {"subject": "rule/ABROAD", "state": "FIRED"}
    fired = METRICS.registry.get_sample_value("fraud_drift_signals_total", labels) or 0
    assert fired >= [one["state"] for one in signals].count("FIRED")
    name = "fraud_rule_jumps_total"
    assert (METRICS.registry.get_sample_value(name, {"rule": "ABROAD"}) or 0) >= 1


def test_shadow_hits_are_a_header_and_no_part_of_the_decision(log: InProcessLog) -> None:
    shadows = Counter(header(record, SHADOW) for record in log.read(topics.DECISIONS))
    assert shadows[b"ABROAD,EVERYTHING"] > 300
    assert shadows.total() == shadows[b"EVERYTHING"] + shadows[b"ABROAD,EVERYTHING"] == 3_000
    codes = {r["code"] for d in bodies(log, topics.DECISIONS) for r in d["reasons"]}
    assert codes == {"ABROAD"}


def test_what_fired_is_counted_by_rule_and_mode(log: InProcessLog) -> None:
    def counted(name: str, **labels: str) -> float:
        return METRICS.registry.get_sample_value(f"fraud_{name}_total", labels) or 0.0

    stage = next(s for s in ROLES["hot"].stages(world(log)) if s.name == "score")
    task = stage.task(0, Sent(), lambda: NOW)
    for part in stage.split(log.partitions[topics.ACTIVITY, 0]):
        stage.step(task, part)
    before = [counted("rule_hits", rule="EVERYTHING", mode="shadow"),
              counted("decisions", decision="REVIEW")]  # fmt: skip
    reviewed, fired = task.decided["REVIEW"], task.hits["EVERYTHING", "shadow"]
    task.count_decisions()
    task.count_decisions()
    assert reviewed > 0
    assert fired > reviewed
    assert counted("rule_hits", rule="EVERYTHING", mode="shadow") == before[0] + fired
    assert counted("decisions", decision="REVIEW") == before[1] + reviewed


def test_decisions_equal_the_fold(log: InProcessLog) -> None:
    recorded = {record.value for record in log.read(topics.DECISIONS)}
    folded = {
        value
        for p in range(4)
        for value in fold(p, log.partitions[topics.ACTIVITY, p], InProcessLibrary(log))
    }
    assert folded == recorded


def test_after_a_crash_the_same_is_asked_and_counted(log: InProcessLog) -> None:
    """A barrier in the middle, then everything since is delivered once more."""
    stage = next(s for s in ROLES["drift"].stages(world(log)) if s.name == "drift-decisions")
    for partition in range(4):
        records = log.partitions[topics.DECISIONS, partition]
        once, again = Sent(), Sent()
        straight = stage.task(partition, once, lambda: NOW)
        stage.step(straight, records)
        broken = stage.task(partition, again, lambda: NOW)
        cut = len(records) * 5 // 6
        stage.step(broken, records[:cut])
        restored = stage.task(partition, again, lambda: NOW)
        restored.restore({**broken.cut().values, b"\x00meta": meta(broken)})
        stage.step(restored, records[cut - 40 :])
        assert restored.entries[KEY].state.pack() == straight.entries[KEY].state.pack()
        assert again.values == once.values


def meta(task: Task) -> bytes:
    return task.cut().meta


class Sent:
    """An outbox that keeps what was sent."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def send(self, _topic: str, _key: bytes, value: bytes, **_more: Any) -> None:
        self.values.append(value)

    def poll(self) -> None:
        return

    def wait(self, _deliveries: Any) -> None:
        return


def test_the_stage_reads_both_kinds_of_state(log: InProcessLog) -> None:
    stage = next(s for s in ROLES["drift"].stages(world(log)) if s.name == "drift-decisions")
    task = stage.task(0, Sent(), lambda: NOW)
    stage.step(task, log.partitions[topics.DECISIONS, 0][:50])
    kinds = {type(unpack_decisions(one.state.pack())).__name__ for one in task.entries.values()}
    assert kinds == {"DecisionCollector", "RuleRates"}
