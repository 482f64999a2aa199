from __future__ import annotations

import math
import random

import pytest

from models.card import CardState, Seen, identity, profile
from models.features import FEATURES, Feature, FeatureSet
from models.windows.errors import StateFormatError
from models.windows.spec import DAY_MS, HOUR_MS, LATENESS_MS

START = 1_522_540_800_000


def event(number: int, time: int = 0, amount: int = 1000, **changes):
    return {
        "transaction_id": f"t{number}", "card_id": "c", "terminal_id": "m1",
        "event_time": START + time, "amount_minor": amount, "currency": "EUR",
        "message_type": "0100", **changes,
    }  # fmt: skip


def fold(state: CardState, *events) -> dict[str, float | None]:
    """The features of the last of the events."""
    return dict(zip(FEATURES.card_names, [profile(state, e) for e in events][-1], strict=True))


def test_the_first_transaction_knows_that_it_has_no_history():
    row = fold(CardState(), event(1, amount=2500))
    assert {name for name, value in row.items() if value is None} == {
        "card_std_30d", "card_zscore_30d", "card_max_30d", "card_amount_ratio_7d",
        "card_amount_ratio_30d", "card_high_amounts_14d", "card_trend_7d_30d",
        "card_terminal_seen_30d",
        "card_seconds_since_last",
    }  # fmt: skip
    assert row["card_count_30d"] == 1.0
    assert row["card_mean_30d"] == row["card_sum_10m"] == 25.0
    assert row["card_terminals_7d"] == 1.0


def test_earlier_amounts_exclude_the_current_one():
    row = fold(
        CardState(), event(1), event(2, HOUR_MS, 3000), event(3, 2 * HOUR_MS, 8000, terminal_id="x")
    )
    assert row["card_max_30d"] == 30.0
    assert row["card_std_30d"] == pytest.approx(math.sqrt(200))
    assert row["card_zscore_30d"] == pytest.approx(60 / math.sqrt(200))
    assert row["card_mean_1d"] == 40.0
    assert row["card_amount_ratio_7d"] == 2.0
    assert row["card_trend_7d_30d"] == 1.0
    assert row["card_terminal_seen_30d"] == 0.0
    assert row["card_terminals_1d"] == 2.0
    assert row["card_seconds_since_last"] == 3600.0


def test_high_amounts_lie_beyond_three_times_the_median():
    state = CardState()
    for number, amount in enumerate((1000, 1000, 1000, 3001, 3000, 1000, 9000)):
        row = fold(state, event(number, number * DAY_MS, amount))
    assert row["card_high_amounts_14d"] == 1.0
    assert fold(state, event(7, 7 * DAY_MS))["card_high_amounts_14d"] == 2.0
    assert fold(state, event(8, 17 * DAY_MS))["card_high_amounts_14d"] == 1.0


def test_the_window_is_open_behind_and_closed_in_front():
    state = CardState()
    fold(state, event(1), event(2, 1))
    assert fold(state, event(3, DAY_MS))["card_count_1d"] == 2.0


def test_equal_amounts_have_no_deviation_to_measure_by():
    row = fold(CardState(), event(1), event(2, 1), event(3, 2, 5000))
    assert row["card_std_30d"] == 0.0
    assert row["card_zscore_30d"] is None


@pytest.mark.parametrize("kind", ["0400", "0420", "0120", "0121", "0220", "0800"])
def test_reversals_and_advices_get_features_but_enter_no_window(kind):
    state = CardState()
    fold(state, event(1))
    row = fold(state, event(2, HOUR_MS, message_type=kind))
    assert (row["card_count_1d"], row["card_sum_1d"]) == (1.0, 10.0)
    assert row["card_seconds_since_last"] == 3600.0
    assert fold(state, event(3, HOUR_MS - 1))["card_count_1d"] == 2.0
    assert identity(state, event(2, HOUR_MS, message_type=kind)) is Seen.REPEAT


def test_a_lone_reversal_has_no_mean():
    row = fold(CardState(), event(1, message_type="0400"))
    assert (row["card_count_1d"], row["card_mean_1d"]) == (0.0, None)


def test_amounts_are_compared_within_their_currency_and_counts_are_not():
    state = CardState()
    row = fold(state, event(1), event(2, 1, 900_000, currency="JPY", terminal_id="m2"))
    assert row["card_count_1d"] == 2.0
    assert row["card_terminals_1d"] == 2.0
    assert row["card_mean_1d"] == 9000.0
    assert row["card_max_30d"] is None
    row = fold(CardState.unpack(state.pack()), event(3, 2, 3000))
    assert (row["card_count_1d"], row["card_mean_1d"], row["card_max_30d"]) == (3.0, 20.0, 10.0)


def test_a_late_event_is_scored_as_of_its_own_time_and_corrects_the_state():
    state = CardState()
    fold(state, event(1), event(2, 2 * HOUR_MS, 5000))
    late = fold(state, event(3, HOUR_MS, 3000))
    assert (late["card_count_1d"], late["card_max_30d"]) == (2.0, 10.0)
    assert late["card_seconds_since_last"] == 3600.0
    assert fold(state, event(4, 3 * HOUR_MS))["card_sum_1d"] == 100.0


def test_too_late_is_beyond_the_lateness():
    state = CardState()
    assert not state.incomplete(START)
    fold(state, event(1, LATENESS_MS))
    assert state.newest == START + LATENESS_MS
    assert not state.incomplete(START)
    assert state.incomplete(START - 1)


def test_an_event_beyond_the_horizon_leaves_no_trace_in_the_windows():
    state = CardState()
    fold(state, event(1, 40 * DAY_MS))
    before = state.log.columns()
    fold(state, event(2))
    assert state.log.columns() == before


def test_a_known_id_is_a_repeat_or_a_conflict():
    state = CardState()
    assert identity(state, event(1)) is Seen.NEW
    fold(state, event(1))
    assert identity(state, event(1) | {"arrival": 5}) is Seen.REPEAT
    assert identity(state, event(1, mcc="5411")) is Seen.CONFLICT
    assert identity(state, event(1, attributes={"a": 1.0})) is Seen.CONFLICT
    assert identity(state, event(2)) is Seen.NEW


def test_clipped_values_are_counted_by_feature():
    small = FeatureSet(
        (Feature(name="n", entity="card", aggregation="count", column="transaction_id",
                 window_ms=DAY_MS, high=1.0),)
    )  # fmt: skip
    state, outliers = CardState(small), {}
    rows = [profile(state, event(number, number), outliers) for number in range(3)]
    assert rows == [[1.0], [1.0], [1.0]]
    assert outliers == {"n": 2}


def test_thirty_days_at_two_a_day_fit_into_two_kilobytes():
    state, draw = CardState(), random.Random(1)
    for number in range(200):
        terminal = str(draw.randrange(25))
        fold(
            state, event(number, number * DAY_MS // 2, draw.randrange(30_000), terminal_id=terminal)
        )
    assert len(state.log.columns().times) == 64
    assert len(state.pack()) <= 1200


def test_old_events_leave_the_memory_too():
    state = CardState()
    for number in range(1000):
        fold(state, event(number, number * DAY_MS))
    assert len(state.log.times) <= 2 * 32


def test_a_feature_added_later_has_its_history():
    few = FeatureSet(FEATURES.declared[:8])
    state = CardState()
    fold(state, event(1), event(2, 1))
    assert profile(CardState.unpack(state.pack(), few), event(3, 2))[0] == 3.0


@pytest.mark.parametrize("spoil", [
    lambda data: bytes([9]) + data[1:],
    lambda data: data[:1] + b"t" + data[2:],
    lambda data: data[:10],
    lambda data: data[:30],
    lambda data: data[:-1],
    lambda _data: b"",
])  # fmt: skip
def test_bytes_that_are_no_card_state_are_refused(spoil):
    state = CardState()
    fold(state, event(1), event(2, 1))
    with pytest.raises(StateFormatError, match="packed card state") as error:
        CardState.unpack(spoil(state.pack()))
    assert "replay" in str(error.value)


def test_an_unknown_version_is_named():
    with pytest.raises(StateFormatError, match=r"expected version 1, got 'version 9'"):
        CardState.unpack(b"\x09" + CardState().pack()[1:])


def test_state_without_other_ids_cannot_serve_features_that_need_them():
    few = FeatureSet(FEATURES.declared[:8])
    state = CardState(few)
    profile(state, event(1))
    with pytest.raises(StateFormatError, match="other id"):
        CardState.unpack(state.pack())


def test_the_bytes_of_a_state_are_golden():
    state = CardState()
    fold(state, event(1), event(2, 1, currency="USD"))
    assert state.pack().hex() == GOLDEN


def test_an_amount_beyond_32_bits_survives():
    state = CardState()
    fold(state, event(1, amount=2**33), event(2, 1, 7))
    assert CardState.unpack(state.pack()).log.columns().amounts.tolist() == [2**33, 7]
    assert fold(CardState.unpack(state.pack()), event(3, 2))["card_max_30d"] == 2**33 / 100


def test_bounds_may_be_infinite():
    wide = Feature(name="n", entity="card", aggregation="sum", column="amount_minor",
                   window_ms=DAY_MS, low=-math.inf, high=math.inf)  # fmt: skip
    assert profile(CardState(FeatureSet((wide,))), event(1)) == [10.0]


GOLDEN = (
    "01630c02020000000000000001e8807e6201000000e8807e01e8807ee8030000e8030000d11f79d4"
    "b490b654d11f79d4b490b6544555525553440001cbe920c372f7cf29e9539161bb3674e000e8807e"
    "620100001a3990ff74bd2b5a9380aee05b6884ac01e8807e62010000"
)
