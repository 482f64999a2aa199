"""Alerts: one case a card, silence that ends, severity, and replays that add nothing."""

from typing import Any

import pytest

from models.alert_budget import DAY_MS, AlertBudget
from models.alerts import AlertPolicy, AlertState, alert
from models.windows.errors import StateFormatError

HOUR_MS = 3_600_000
SRC = {"stage": "score", "partition": 1, "offset": 5}


def decision(number: int, time: int, action: str = "REVIEW", **more: Any) -> dict[str, Any]:
    return {
        "transaction_id": f"t{number}", "card_id": "c1", "event_time": time, "decision": action,
        "score": 0.3, "threshold": 0.2, "amount_minor": 1_000, "model": {"name": "m", "version": 1},
        "reasons": [{"code": "MODEL_SCORE", "text": "x"}], "src": SRC, **more,
    }  # fmt: skip


def test_an_alert_names_card_case_and_silence() -> None:
    state = AlertState()
    raised = alert(state, decision(1, 1_000))
    assert raised is not None
    assert (raised["severity"], raised["status"], raised["decision"]) == ("LOW", "OPEN", "REVIEW")
    assert raised["suppressed_until"] == 1_000 + DAY_MS
    assert raised["src"] == SRC
    assert raised["reasons"] == [{"code": "MODEL_SCORE", "text": "x"}]
    other = alert(AlertState(), decision(1, 1_000), {"stage": "alert", "partition": 0, "offset": 9})
    assert other == {**raised, "src": {"stage": "alert", "partition": 0, "offset": 9}}


def test_approved_is_silent() -> None:
    assert alert(AlertState(), decision(1, 0, "APPROVE")) is None


def test_a_card_is_silent_for_a_day_and_then_a_new_case() -> None:
    state = AlertState()
    first = alert(state, decision(1, 0))
    assert alert(state, decision(2, DAY_MS - 1)) is None
    assert state.suppressed == 1
    second = alert(state, decision(3, DAY_MS))
    assert first is not None
    assert second is not None
    assert first["dedup_key"] != second["dedup_key"]
    assert first["alert_id"] != second["alert_id"]


def test_worse_speaks_up_in_the_same_case_without_longer_silence() -> None:
    state = AlertState()
    first = alert(state, decision(1, 0))
    worse = alert(state, decision(2, HOUR_MS, "DECLINE"))
    assert first is not None
    assert worse is not None
    assert (worse["dedup_key"], worse["severity"]) == (first["dedup_key"], "HIGH")
    assert worse["suppressed_until"] == first["suppressed_until"]
    assert alert(state, decision(3, 2 * HOUR_MS, "DECLINE")) is None


def test_an_older_decision_belongs_to_the_open_alert() -> None:
    state = AlertState()
    alert(state, decision(1, 10 * DAY_MS))
    assert alert(state, decision(2, 9 * DAY_MS)) is None


@pytest.mark.parametrize(
    ("action", "more", "expected"),
    [
        ("REVIEW", {}, "LOW"),
        ("REVIEW", {"score": 0.6}, "MEDIUM"),
        ("REVIEW", {"score": 0.6, "model": None}, "LOW"),
        ("REVIEW", {"amount_minor": 100_000}, "MEDIUM"),
        ("REVIEW", {"score": 0.6, "amount_minor": 100_000}, "HIGH"),
        ("CHALLENGE", {}, "MEDIUM"),
        ("DECLINE", {}, "HIGH"),
        ("DECLINE", {"amount_minor": 100_000}, "CRITICAL"),
    ],
)
def test_severity(action: str, more: dict[str, Any], expected: str) -> None:
    raised = alert(AlertState(), decision(1, 0, action, **more))
    assert raised is not None
    assert raised["severity"] == expected


def test_a_replay_adds_nothing_and_a_refold_gives_the_same_bytes() -> None:
    decisions = [
        decision(i, i * 5 * HOUR_MS, "DECLINE" if i % 7 == 0 else "REVIEW") for i in range(40)
    ]
    once, twice = AlertState(), AlertState()
    plain = [alert(once, d) for d in decisions]
    repeated = []
    for d in decisions:
        twice = AlertState.unpack(twice.pack())  # a restart before every event
        repeated.append(alert(twice, d))
        packed = twice.pack()
        assert alert(twice, d) is None
        assert twice.pack() == packed
    assert repeated == plain
    assert once.pack() == twice.pack()
    assert len(once.pack()) <= 91


def test_the_policy_is_an_argument() -> None:
    state, policy = AlertState(), AlertPolicy(window_ms=10, high_amount_minor=1)
    raised = alert(state, decision(1, 0), policy=policy)
    assert raised is not None
    assert (raised["suppressed_until"], raised["severity"]) == (10, "MEDIUM")


@pytest.mark.parametrize("data", [b"", b"\x02", AlertState().pack()[:-1], b"\x07" * 60])
def test_unreadable_state_is_an_error(data: bytes) -> None:
    with pytest.raises(StateFormatError, match="alert state: expected"):
        AlertState.unpack(data)


def test_the_budget_counts_days_and_forgets_old_ones() -> None:
    budget = AlertBudget()
    for day in (3, 3, 4, 12, 5, 6, 7, 8, 9, 10):
        budget.add(day * DAY_MS, alerted=day % 2 == 1)
    assert budget.add(3 * DAY_MS, alerted=True) == 0
    assert sorted(budget.days) == [4, 5, 6, 7, 8, 9, 10, 12]
    again = AlertBudget.unpack(budget.pack())
    assert again.days == budget.days
    with pytest.raises(StateFormatError, match="alert budget state"):
        AlertBudget.unpack(budget.pack()[:-1])
