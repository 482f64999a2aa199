"""A week's report counts what was decided and what is known, as a count by hand does."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from schemas import topics
from streams.governance.blocks import markdown, page
from streams.governance.week_page import blocks, false_declines, value
from streams.governance.week_report import Decided, NothingDecided, in_week, report
from streams.governance.weeks import containing, named, week_of
from streams.history.memory import MemoryLog
from streams.in_process import InProcessLog
from streams.wire import codec
from tests.unit.streams.governed_stream import BEHIND, MANY, history, is_fraud, lived
from tests.unit.streams.whole_stream import bodies

SECOND = containing("2023-11-22")
THIRD = SECOND + 1


def decided(week: int) -> list[dict[str, Any]]:
    found = bodies(lived(), topics.DECISIONS)
    return [one for one in found if week_of(one["event_time"]) == week]


def number(decision: dict[str, Any]) -> int:
    return int(decision["transaction_id"][1:])


def worth(decisions: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in decisions:
        found[one["currency"]] += one["amount_minor"]
    return found


@pytest.mark.parametrize("week", [SECOND, THIRD])
def test_every_number_is_the_count_by_hand(week: int) -> None:
    shown = report(history(), week)["weeks"][-1]
    mine = decided(week)
    known = [one for one in mine if number(one) < MANY - BEHIND]
    held = [one for one in known if one["decision"] in ("DECLINE", "CHALLENGE")]
    assert shown["decisions"] == len(mine)
    assert {k: n for k, n in shown["by_action"].items() if n} == Counter(
        one["decision"] for one in mine
    )
    groups = {
        "stopped": [one for one in held if is_fraud(number(one))],
        "false_declines": [one for one in held if not is_fraud(number(one))],
        "missed": [o for o in known if o["decision"] == "APPROVE" and is_fraud(number(o))],
        "reviewed": [o for o in known if o["decision"] == "REVIEW" and is_fraud(number(o))],
    }
    assert groups["stopped"]
    for name, expected in groups.items():
        assert shown[name] == {"payments": len(expected), "minor_units": worth(expected)}, name
    assert shown["held_known"] == len(held)
    assert shown["coverage"]["labelled"] == pytest.approx(len(known) / len(mine))
    assert shown["coverage"]["unknown"] == pytest.approx(1 - len(known) / len(mine))


def test_the_last_whole_week_is_reported_and_those_before_it() -> None:
    shown = report(history())
    assert (shown["week"], shown["over"]) == (named(SECOND), True)
    assert [week["week"] for week in shown["weeks"]] == [named(SECOND - 1), named(SECOND)]
    assert report(history(), THIRD)["over"] is False


def test_a_repeated_decision_counts_once() -> None:
    again = InProcessLog(clock=lambda: 1_900_000_000_000)
    for topic in (topics.DECISIONS, topics.OUTCOMES):
        for record in lived().read(topic):
            for _ in range(2):
                again.append(topic, record.key, record.value, partition=record.partition)
    shown = report(MemoryLog(again), SECOND)["weeks"]
    assert shown == report(history(), SECOND)["weeks"]


def test_presumed_payments_stand_for_those_thinned_away() -> None:
    log = InProcessLog(clock=lambda: 1_900_000_000_000)
    for record in lived().read(topics.DECISIONS):
        log.append(topics.DECISIONS, record.key, record.value, partition=record.partition)
    for record in lived().read(topics.OUTCOMES)[:500:10]:
        name, body = codec.decode(record.value or b"")
        if name == "outcome" and body["label"] == "LEGITIMATE":
            thinned = body | {"presumed": True, "weight": 10.0}
            log.append(topics.OUTCOMES, b"", codec.encode("outcome", thinned))
    coverage = report(MemoryLog(log), SECOND - 1)["weeks"][-1]["coverage"]
    assert coverage["labelled"] == 0.0
    assert 0.5 < coverage["presumed"] <= 1.0
    assert sum(coverage.values()) == pytest.approx(1.0)


def test_the_page_speaks_plainly_and_loads_nothing() -> None:
    shown = report(history(), SECOND)
    text, html = markdown(blocks(shown)), page("report", blocks(shown))
    assert "this is what was saved" in text
    assert "Nothing unusual was noticed" in text
    assert html.count("<svg") == 3  # a bar chart, and a plot a currency
    assert "http" not in html
    signal = {"subject": "score", "state": "FIRED", "reference": "mean 0.1", "current": "mean 0.3",
              "severity": "HIGH"}  # fmt: skip
    change = {"at": "2023-11-22", "actor": "ana", "kind": "FREEZE", "result": "DONE", "what": "x"}
    other = shown | {"drift": [signal], "drift_open": [signal], "changes": [change], "over": False}
    text = markdown(blocks(other))
    assert "Something changed in how risky payments look to the model." in text
    assert "Not back to what it was, by now: how risky payments look to the model." in text
    assert "| 2023-11-22 | ana | FREEZE | DONE | x |" in text
    assert "The week is not over" in text


def test_changes_of_the_week_are_told() -> None:
    told = report(history(), SECOND - 1)["changes"]
    assert [(one["actor"], one["kind"]) for one in told] == [("ben", "RULES_APPLY")]
    assert [one["actor"] for one in report(history(), THIRD)["changes"]] == ["ana"]


def test_what_is_not_known_is_not_claimed() -> None:
    week = in_week(SECOND, Decided({"DECLINE": 4}, {}), empty())
    assert false_declines(week) == (
        "Of the 4 held payments none is known to be fraud or honest yet."
    )
    assert value(week["stopped"]) == "nothing"
    assert week["coverage"] == {"labelled": 0.0, "presumed": 0.0, "unknown": 1.0}


def empty() -> Any:
    from streams.governance.outcomes import read_outcomes  # noqa: PLC0415

    return read_outcomes(MemoryLog(InProcessLog(clock=lambda: 0)))


def test_a_log_without_decisions_says_so() -> None:
    with pytest.raises(NothingDecided, match="NOTHING_DECIDED"):
        report(MemoryLog(InProcessLog(clock=lambda: 0)))
    with pytest.raises(NothingDecided, match="2030-W01"):
        report(history(), containing("2030-01-02"))
