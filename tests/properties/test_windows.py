"""The windows against a naive recount, over random streams."""

from __future__ import annotations

import random
from math import isclose
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_windows import Naive

from models.card import CardState, Seen, identity, profile
from models.features import FEATURES, Feature, FeatureSet
from models.terminal import TerminalState, apply_outcome, observe
from models.windows.packing import pack_columns
from models.windows.spec import DAY_MS, HOUR_MS, LATENESS_MS, MINUTE_MS

START = 1_522_540_800_000
GAPS = (0, 0, 1, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, DAY_MS, 7 * DAY_MS, 45 * DAY_MS)
LATE = (0, 0, 0, 0, 1, 10 * MINUTE_MS, HOUR_MS, DAY_MS, LATENESS_MS - 1, LATENESS_MS)
TYPES = ("0100", "0100", "0100", "0100", "0200", "0400", "0120")

TOO_LATE = (*LATE, LATENESS_MS + 1, 5 * DAY_MS, 20 * DAY_MS, 45 * DAY_MS)
STEP = st.tuples(
    st.sampled_from(GAPS),
    st.sampled_from(LATE),
    st.sampled_from((0, 1, 999, 1000, 1000, 123_456, 2**33, 10**12)),
    st.sampled_from(("EUR", "EUR", "EUR", "USD")),
    st.sampled_from("abc"),
    st.sampled_from(TYPES),
    st.booleans(),
)
STEPS = st.lists(STEP, max_size=40)
ANY_STEPS = st.lists(
    st.builds(lambda step, late: (step[0], late, *step[2:]), STEP, st.sampled_from(TOO_LATE)),
    max_size=40,
)

# Windows the default set lacks: distinct and seen at terminals, a maximum over a short window.
EXTRA = FeatureSet(
    (
        Feature(name="a", entity="terminal", aggregation="distinct", column="card_id",
                window_ms=DAY_MS),
        Feature(name="b", entity="terminal", aggregation="distinct", column="card_id",
                window_ms=HOUR_MS),
        Feature(name="c", entity="terminal", aggregation="seen", column="card_id",
                window_ms=7 * DAY_MS, high=1.0),
        Feature(name="d", entity="terminal", aggregation="max", column="amount_minor",
                window_ms=HOUR_MS, high=1e10),
        Feature(name="e", entity="terminal", aggregation="max", column="amount_minor",
                window_ms=7 * DAY_MS, high=1e10),
        Feature(name="f", entity="terminal", aggregation="fraud_run", column="label",
                window_ms=7 * DAY_MS),
        Feature(name="g", entity="terminal", aggregation="known_frauds", column="label",
                window_ms=7 * DAY_MS, delay_ms=DAY_MS),
        Feature(name="h", entity="terminal", aggregation="fraud_run_days", column="label",
                window_ms=7 * DAY_MS),
        Feature(name="i", entity="terminal", aggregation="fraud_amount_min", column="label",
                window_ms=7 * DAY_MS, high=1e10),
        Feature(name="j", entity="terminal", aggregation="high_amounts", column="amount_minor",
                window_ms=DAY_MS, against_ms=7 * DAY_MS),
    )
)  # fmt: skip


def events(steps: list[tuple[Any, ...]]) -> list[tuple[dict[str, Any], bool]]:
    """Transactions, at most L late, each with whether to pack and unpack before it."""
    newest, made = START, []
    for number, (gap, late, amount, currency, other, kind, packed) in enumerate(steps):
        newest += gap
        event = {
            "transaction_id": str(number), "card_id": other, "terminal_id": other,
            "event_time": newest - late, "amount_minor": amount, "currency": currency,
            "message_type": kind,
        }  # fmt: skip
        made.append((event, packed))
    return made


def same(features: tuple[Feature, ...], got: list[float | None], want: list[float | None]) -> None:
    for feature, one, other in zip(features, got, want, strict=True):
        assert one == other or isclose(one, other, rel_tol=1e-12), feature.name


@given(STEPS)
def test_a_card_equals_the_recount(steps):
    state, naive = CardState(), Naive(FEATURES.of("card"))
    for event, packed in events(steps):
        state = CardState.unpack(state.pack()) if packed else state
        assert identity(state, event) is Seen.NEW
        same(naive.features, profile(state, event), naive.row(event))


@given(STEPS, st.data())
def test_a_terminal_equals_the_recount(steps, data):
    terminals_equal(FEATURES, steps, data)


@given(STEPS, st.data())
@settings(max_examples=60)
def test_other_features_equal_the_recount(steps, data):
    terminals_equal(EXTRA, steps, data)


def terminals_equal(features: FeatureSet, steps: list[tuple[Any, ...]], data: Any) -> None:
    state, naive = TerminalState(features), Naive(features.of("terminal"))
    made = events(steps)
    for event, packed in made:
        state = TerminalState.unpack(state.pack(), features) if packed else state
        if data.draw(st.booleans()):
            known = outcome(data, made)
            naive.outcomes.append(known)
            apply_outcome(state, known)
        assert not state.incomplete(event["event_time"])
        same(naive.features, observe(state, event), naive.row(event))


def outcome(data: Any, made: list[tuple[dict[str, Any], bool]]) -> dict[str, Any]:
    """A verdict on any transaction, past or still to come."""
    event = data.draw(st.sampled_from(made))[0]
    return {
        "transaction_id": event["transaction_id"],
        "outcome_id": data.draw(st.sampled_from("xyz")),
        "observed_at": START + data.draw(st.integers(0, 2)),
        "label": data.draw(st.sampled_from(("FRAUD", "FRAUD", "LEGITIMATE"))),
        "event_time": event["event_time"],
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_long_streams_equal_the_recount(seed):
    draw = random.Random(seed)
    steps = [
        (
            draw.choice((0, HOUR_MS, 6 * HOUR_MS, DAY_MS)), draw.choice(LATE),
            draw.randrange(10_000), draw.choice(("EUR",) * 19 + ("USD",)), draw.choice("abcdef"),
            draw.choice(TYPES), draw.random() < 0.1,
        )
        for _ in range(250)
    ]  # fmt: skip
    card, naive_card = CardState(), Naive(FEATURES.of("card"))
    terminal, naive_terminal = TerminalState(EXTRA), Naive(EXTRA.of("terminal"))
    for event, packed in events(steps):
        if packed:
            card = CardState.unpack(card.pack())
        same(naive_card.features, profile(card, event), naive_card.row(event))
        same(naive_terminal.features, observe(terminal, event), naive_terminal.row(event))
    assert len(card.log.times) < 250


@given(ANY_STEPS, st.integers(0, 40))
def test_packing_changes_neither_outputs_nor_bytes(steps, at):
    kept = CardState()
    made = [event for event, _ in events(steps)]
    for event in made[:at]:
        profile(kept, event)
    again = CardState.unpack(kept.pack())
    assert again.pack() == kept.pack()
    for event in made[at:]:
        assert identity(again, event) is identity(kept, event)
        assert profile(again, event) == profile(kept, event)
        assert again.pack() == kept.pack()


@given(ANY_STEPS, st.integers(0, 40), st.data())
def test_packing_a_terminal_changes_neither_outputs_nor_bytes(steps, at, data):
    kept = TerminalState()
    made = events(steps)
    for number, (event, _) in enumerate(made):
        if number == at:
            restored = TerminalState.unpack(kept.pack())
        states = [kept, restored] if number >= at else [kept]
        if data.draw(st.booleans()):
            known = outcome(data, made)
            for state in states:
                apply_outcome(state, known)
        rows = [observe(state, event) for state in states]
        assert all(row == rows[0] for row in rows)
        assert len({state.pack() for state in states}) == 1


@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_of_outcomes_does_not_matter(steps, draw):
    made = [event for event, _ in events(steps)]
    known = [
        {
            "transaction_id": str(draw.randrange(3)), "outcome_id": f"{number:02}",
            "observed_at": draw.randrange(4), "event_time": START,
            "label": draw.choice(("FRAUD", "LEGITIMATE", "INCONCLUSIVE")),
        }
        for number in range(draw.randrange(9))
    ]  # fmt: skip
    states = [TerminalState(), TerminalState()]
    for state in states:
        for event in made:
            observe(state, event)
        for item in draw.sample(known, len(known)) + known[:3]:
            apply_outcome(state, item)
    assert states[0].pack() == states[1].pack()


@given(STEPS)
def test_late_events_leave_the_state_that_order_would_have(steps):
    late, ordered = CardState(), CardState()
    made = [event for event, _ in events(steps)]
    for event in made:
        profile(late, event)
    for event in sorted(made, key=lambda e: e["event_time"]):
        profile(ordered, event)
    assert pack_columns("c", late.log) == pack_columns("c", ordered.log)


@given(STEPS)
def test_repeats_and_conflicts_are_recognised_within_the_lateness(steps):
    state, shown = CardState(), []
    for event, packed in events(steps):
        state = CardState.unpack(state.pack()) if packed else state
        profile(state, event)
        shown.append(event)
        for old in shown:
            within = state.newest is None or old["event_time"] >= state.newest - LATENESS_MS
            again = dict(reversed(old.items())) | {"arrival": 1}
            assert identity(state, again) is (Seen.REPEAT if within else Seen.NEW)
            other = old | {"amount_minor": old["amount_minor"] + 1}
            assert identity(state, other) is (Seen.CONFLICT if within else Seen.NEW)
