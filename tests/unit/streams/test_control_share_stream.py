"""The control share through every stage: in force by a command, derived again from the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from models.control_share import ControlShare, on_record
from models.decision import is_control
from schemas import topics
from streams.explain.explanation import explain
from streams.governance.week_page import control
from streams.governance.week_report import report
from streams.governance.weeks import week_of
from streams.history.memory import MemoryLog
from streams.in_process import InProcess, InProcessLog
from streams.records import LogRecord
from streams.verify.log import Verified, verify
from streams.whatif.change import Change
from streams.whatif.run import library, whatif
from streams.wire import codec
from tests.unit.models.learn_world import command
from tests.unit.streams.altered_log import BEHIND, copied
from tests.unit.streams.labelled_stream import labelled, small_stages, ticking
from tests.unit.streams.whole_stream import START, bodies, publish, transaction

MANY = 900
SHARE = ControlShare(0.1, 5)
ORDER = {"control_share": 0.1, "control_seed": 5, "alerts_per_1000": 500}


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    """A world in which the model declines many: half of all payments are to be looked at."""
    log = ticking()
    everything = InProcess(small_stages(log), log)
    everything.run()
    order = command("POLICY", json.dumps({"set": ORDER, "reason": "we want to know"}))
    log.append(topics.OUTCOMES, b"k", codec.encode("command", order))
    for start in range(0, MANY, 60):
        numbers = range(start, start + 60)
        publish(log, topics.TRANSACTIONS, "transaction", [transaction(n) for n in numbers])
        everything.run()
        publish(log, topics.LABELS, "label", [labelled(n - BEHIND) for n in numbers if n >= BEHIND])
        everything.run()
    return log


def let_through(log: InProcessLog) -> list[dict[str, Any]]:
    return [one for one in bodies(log, topics.DECISIONS) if on_record(one).share]


def test_some_of_what_the_model_declines_goes_on_and_only_that(log: InProcessLog) -> None:
    decisions = bodies(log, topics.DECISIONS)
    would_be = [one for one in decisions if one["decision"] == "DECLINE" or on_record(one).share]
    drawn = [one for one in would_be if SHARE.draws(one["transaction_id"])]
    assert len(drawn) > 15
    assert drawn == let_through(log)
    assert {one["decision"] for one in drawn} == {"APPROVE", "REVIEW"}
    assert {on_record(one) for one in drawn} == {SHARE}
    alerted = {one["transaction_id"] for one in bodies(log, topics.ALERTS)}
    assert not alerted & {d["transaction_id"] for d in drawn if d["decision"] == "APPROVE"}


def test_their_outcomes_stand_for_ten(log: InProcessLog) -> None:
    drawn = {one["transaction_id"] for one in let_through(log)}
    for made in bodies(log, topics.OUTCOMES):
        if "outcome_id" in made:
            assert made["weight"] == (10.0 if made["transaction_id"] in drawn else 1.0)
            assert is_control(made) is (made["transaction_id"] in drawn)


def test_every_decision_is_derived_again(log: InProcessLog) -> None:
    assert verify(MemoryLog(log)) == Verified(checked=MANY)
    found = whatif(MemoryLog(log), library(MemoryLog(log)), Change())
    assert found["baseline"]["equal"] == MANY
    assert found["before"] == found["after"]


def test_a_changed_threshold_counts_each_payment_for_itself(log: InProcessLog) -> None:
    """Those of the share are reviewed by a threshold beyond their scores, and stand for no more."""
    found = whatif(MemoryLog(log), library(MemoryLog(log)), Change(threshold=0.2))["after"]
    assert found["false_positives"] == found["truth_known"] - found["frauds_caught"] > 0


def silent(records: list[LogRecord]) -> Sequence[LogRecord]:
    """Markers that say nothing of a control share."""
    return [record._replace(value=silenced(record.value or b"")) for record in records]


def silenced(value: bytes) -> bytes:
    name, body = codec.decode(value)
    return value if name != "control_marker" else codec.encode(name, body | {"control_share": None})


def test_a_marker_without_its_share_is_found(log: InProcessLog) -> None:
    found = verify(copied(log, silent, topics.ACTIVITY))
    assert found.mismatches == len(let_through(log))


def test_an_explanation_goes_by_the_share_in_force(log: InProcessLog) -> None:
    """What is drawn would not be declined at a higher score either; others would."""
    reviewed = [d for d in bodies(log, topics.DECISIONS) if d["decision"] == "REVIEW"]
    led: dict[bool, set[str]] = {True: set(), False: set()}
    for one in sorted(reviewed, key=lambda d: d["threshold"] / d["score"])[:15]:
        found = explain(MemoryLog(log), one["transaction_id"])["would_change"]
        changes = {change["decision"] for change in found["nearest"] + found["unknown"]}
        led[SHARE.draws(one["transaction_id"])] |= changes
    assert "DECLINE" in led[False]
    assert led[True] == {"APPROVE", "CHALLENGE"}


def test_the_weeks_report_estimates_the_false_declines(log: InProcessLog) -> None:
    week = report(MemoryLog(log), week_of(START))["weeks"][-1]
    drawn = let_through(log)
    numbers = [int(one["transaction_id"][1:]) for one in drawn]
    known = [n for n in numbers if n < MANY - BEHIND]
    honest = sum(n % 9 > 0 for n in known)
    found = week["control"]
    assert (found["let_through"], found["known"]) == (len(drawn), len(known))
    assert (found["honest"], found["false_declines"]["total"]) == (honest, 10.0 * honest)
    assert found["false_declines"]["error"] == pytest.approx((90.0 * honest) ** 0.5)
    (said,) = control(week)
    assert f"{honest} were honest customers'. So about {10 * honest} (give or take" in said
    assert sum(week["coverage"].values()) == pytest.approx(1.0)


def presumed(records: list[LogRecord]) -> Sequence[LogRecord]:
    """Outcomes of the share alone, all by silence."""
    found = [(record, *codec.decode(record.value or b"")) for record in records]
    return [
        record._replace(value=codec.encode(name, body | {"presumed": True}))
        for record, name, body in found
        if name == "outcome" and is_control(body)
    ]


def test_one_that_stands_for_ten_is_known_of_itself_alone(log: InProcessLog) -> None:
    week = report(copied(log, presumed, topics.OUTCOMES), week_of(START))["weeks"][-1]
    assert week["control"]["known"] > 10
    assert week["coverage"]["presumed"] == pytest.approx(week["control"]["known"] / MANY)
