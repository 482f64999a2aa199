from __future__ import annotations

import pytest

from models.features import FEATURES
from models.terminal import TerminalState, apply_outcome, observe
from models.windows.errors import StateFormatError
from models.windows.spec import DAY_MS, HOUR_MS, LATENESS_MS

START = 1_522_540_800_000


def event(number: int, time: int = 0, amount: int = 1000, **changes):
    return {
        "transaction_id": f"t{number}", "card_id": f"c{number}", "terminal_id": "m",
        "event_time": START + time, "amount_minor": amount, "currency": "EUR",
        "message_type": "0100", **changes,
    }  # fmt: skip


def outcome(number: int, time: int = 0, label: str = "FRAUD", observed: int = 0, **changes):
    return {
        "outcome_id": f"o{number}", "transaction_id": f"t{number}", "card_id": f"c{number}",
        "terminal_id": "m", "label": label, "event_time": START + time,
        "observed_at": START + observed, **changes,
    }  # fmt: skip


def fold(state: TerminalState, *events) -> dict[str, float | None]:
    """The features of the last of the events."""
    rows = [observe(state, e) for e in events]
    return dict(zip(FEATURES.terminal_names, rows[-1], strict=True))


def busy(days: int = 10) -> TerminalState:
    """One transaction a day, numbered by day."""
    state = TerminalState()
    fold(state, *(event(day, day * DAY_MS) for day in range(days)))
    return state


def test_the_first_transaction_knows_that_it_has_no_history():
    row = fold(TerminalState(), event(1))
    assert row["terminal_risk_30d"] == 0.0  # the Handbook's definition
    assert {name for name, value in row.items() if value is None} == {
        "terminal_smoothed_risk_30d", "terminal_risk_known_30d",
        "terminal_days_since_last_fraud_30d", "terminal_days_since_first_fraud_30d",
        "terminal_fraud_run_30d", "terminal_fraud_run_days_30d", "terminal_fraud_amount_min_30d",
        "terminal_fraud_amount_mean_30d", "terminal_amount_ratio_30d",
    }  # fmt: skip


def test_delayed_windows_end_a_week_ago_inclusive():
    state = busy(1)
    assert fold(state, event(10, 7 * DAY_MS - 1))["terminal_count_1d_delayed"] == 0.0
    row = fold(state, event(11, 7 * DAY_MS))
    assert (row["terminal_count_1d_delayed"], row["terminal_count_1d"]) == (1.0, 2.0)
    assert fold(state, event(12, 8 * DAY_MS))["terminal_count_1d_delayed"] == 0.0


def test_risk_divides_by_all_transactions_older_than_the_delay():
    state = busy()
    apply_outcome(state, outcome(2, 2 * DAY_MS))
    row = fold(state, event(10, 10 * DAY_MS))
    assert row["terminal_count_30d_delayed"] == 4.0
    assert row["terminal_risk_30d"] == 0.25
    assert row["terminal_smoothed_risk_30d"] == pytest.approx(1.01 / 14)
    assert row["terminal_risk_known_30d"] == 0.1


def test_frauds_known_now_do_not_wait_for_the_delay():
    state = busy()
    for day in (4, 8):
        apply_outcome(state, outcome(day, day * DAY_MS))
    row = fold(state, event(10, 10 * DAY_MS))
    assert row["terminal_risk_30d"] == 0.0
    assert row["terminal_known_frauds_3d"] == 1.0
    assert row["terminal_known_frauds_7d"] == row["terminal_known_frauds_30d"] == 2.0
    assert row["terminal_days_since_last_fraud_30d"] == 2.0
    assert row["terminal_days_since_first_fraud_30d"] == 6.0


def test_the_run_of_frauds_ends_at_the_newest_transaction_that_is_none():
    state = busy()
    for day in (0, 2, 3):
        apply_outcome(state, outcome(day, day * DAY_MS))
    row = fold(state, event(10, 10 * DAY_MS))
    assert (row["terminal_fraud_run_30d"], row["terminal_fraud_run_days_30d"]) == (2.0, 8.0)
    row = fold(state, event(11, 11 * DAY_MS))
    assert (row["terminal_fraud_run_30d"], row["terminal_fraud_run_days_30d"]) == (0.0, None)


def test_the_smallest_known_fraud_is_old_enough_and_of_the_same_currency():
    state = TerminalState()
    for day, amount in ((0, 900), (1, 500), (2, 700), (4, 100)):
        fold(state, event(day, day * DAY_MS, amount_minor=amount))
    fold(state, event(9, DAY_MS, amount_minor=1, currency="USD"))
    for day in (0, 1, 4):
        apply_outcome(state, outcome(day, day * DAY_MS))
    assert fold(state, event(10, 10 * DAY_MS))["terminal_fraud_amount_min_30d"] == 5.0
    assert fold(state, event(11, 11 * DAY_MS))["terminal_fraud_amount_min_30d"] == 1.0


def test_an_outcome_counts_once_and_can_be_taken_back():
    state = busy()
    for _ in range(2):
        apply_outcome(state, outcome(3, 3 * DAY_MS, observed=5))
    assert state.log.frauds == [START + 3 * DAY_MS]
    apply_outcome(state, outcome(3, 3 * DAY_MS, "LEGITIMATE", observed=4))
    assert state.log.frauds == [START + 3 * DAY_MS]
    apply_outcome(state, outcome(3, 3 * DAY_MS, "LEGITIMATE", observed=6))
    assert state.log.frauds == []
    apply_outcome(state, outcome(3, 3 * DAY_MS, observed=5))
    assert state.log.frauds == []


def test_equal_observation_times_are_ordered_by_outcome_id():
    state = busy()
    apply_outcome(state, outcome(3, outcome_id="b"))
    apply_outcome(state, outcome(3, label="LEGITIMATE", outcome_id="a"))
    assert len(state.log.frauds) == 1


def test_an_inconclusive_outcome_changes_nothing():
    state = busy()
    apply_outcome(state, outcome(3))
    before = state.pack()
    apply_outcome(state, outcome(3, label="INCONCLUSIVE", observed=9))
    assert state.pack() == before


def test_an_outcome_may_come_before_its_transaction():
    state = TerminalState()
    apply_outcome(state, outcome(1))
    state = TerminalState.unpack(state.pack())
    assert fold(state, event(1), event(2, HOUR_MS))["terminal_known_frauds_3d"] == 1.0


def test_outcomes_beyond_the_horizon_are_forgotten():
    state = busy()
    apply_outcome(state, outcome(1))
    fold(state, event(60, 39 * DAY_MS))
    assert len(TerminalState.unpack(state.pack()).log.frauds) == 0
    before = state.pack()
    apply_outcome(state, outcome(2))
    assert state.pack() == before


def test_many_known_frauds_cost_no_correctness():
    state = busy(60)
    for day in range(60):
        apply_outcome(state, outcome(day, day * DAY_MS))
    row = fold(state, event(60, 60 * DAY_MS))
    assert row["terminal_risk_30d"] == 1.0
    assert row["terminal_fraud_run_30d"] == 30.0


def test_incomplete_is_beyond_the_lateness():
    state = TerminalState()
    assert not state.incomplete(0)
    fold(state, event(1, LATENESS_MS))
    assert not state.incomplete(START)
    assert state.incomplete(START - 1)
    assert len(fold(state, event(2, -40 * DAY_MS))) == len(FEATURES.terminal_names)


@pytest.mark.parametrize("spoil", [
    lambda data: bytes([2]) + data[1:],
    lambda data: data[:1] + b"c" + data[2:],
    lambda data: data[:-1],
    lambda data: data + b"\xff",
])  # fmt: skip
def test_bytes_that_are_no_terminal_state_are_refused(spoil):
    state = busy()
    apply_outcome(state, outcome(3, 3 * DAY_MS))
    with pytest.raises(StateFormatError, match="packed terminal state"):
        TerminalState.unpack(spoil(state.pack()))


def test_times_wider_than_half_a_word_survive():
    state = TerminalState()
    edge = (START // 2**32 + 1) * 2**32 - START
    times = (edge - 2, edge - 1, edge, edge + 1)
    fold(state, *(event(n, time) for n, time in enumerate(times)))
    assert list(TerminalState.unpack(state.pack()).log.times) == [START + t for t in times]
