"""Rules' fire rates: a jump is seen and asked about once, an attack on few cards is none."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rule_policy import RatePolicy
from models.rule_rates import HOUR_MS, Jump, RuleRates, demotion, signal
from models.windows.errors import StateFormatError

POLICY = RatePolicy(window_hours=2, reference_hours=24, least=40, cards=5)
SRC = {"stage": "drift-decisions", "partition": 2, "offset": 9}
AN_HOUR = 30


def decision(number: int, codes: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """One every two minutes, each of another card."""
    return {
        "event_time": number * HOUR_MS // AN_HOUR, "card_id": f"c{number}",
        "ruleset": {"name": "mine", "version": 1},
        "reasons": [{"code": code, "text": "why"} for code in codes], **more,
    }  # fmt: skip


def jumps(hours: int, fires: Callable[[int], dict[str, Any]]) -> Iterator[Jump]:
    rates = RuleRates(POLICY)
    for number in range(hours * AN_HOUR):
        rates = RuleRates.unpack(rates.pack(), POLICY) if number % 97 == 0 else rates
        found = fires(number)
        yield from rates.observe(decision(number, **found.get("made", {})), found.get("shadow", ()))


def from_hour(start: int, every: int, **made: Any) -> Callable[[int], dict[str, Any]]:
    def fires(number: int) -> dict[str, Any]:
        fired = number >= start * AN_HOUR and number % every == 0
        return {"made": {"codes": ("NIGHT",), **made}} if fired else {}

    return fires


def test_a_rule_that_begins_to_fire_on_much_is_told_once_and_when_it_is_over() -> None:
    up = from_hour(30, 4)
    found = list(jumps(60, lambda n: up(n) if n < 32 * AN_HOUR else {}))
    first, over = found
    assert (first.fired, first.code, first.ruleset) == (True, "NIGHT", "mine@1")
    assert first.end == 31 * HOUR_MS
    assert first.share >= first.bound == POLICY.floor
    assert first.usual == 0.0
    assert (over.fired, over.ruleset) == (False, "mine@1")
    assert over.end == 34 * HOUR_MS
    assert over.share == 0.0


def test_what_is_usual_is_no_jump() -> None:
    assert not list(jumps(80, from_hour(0, 4)))


def test_what_a_rule_did_in_shadow_is_usual_when_it_becomes_active() -> None:
    def fires(number: int) -> dict[str, Any]:
        if number % 4:
            return {}
        return {"shadow": ["NIGHT"]} if number < 40 * AN_HOUR else {"made": {"codes": ("NIGHT",)}}

    assert not list(jumps(60, fires))


def test_a_rule_in_shadow_is_never_asked_about() -> None:
    up = from_hour(30, 2)
    assert not list(jumps(40, lambda n: {"shadow": ["NIGHT"]} if up(n) else {}))


def test_an_attack_on_few_cards_is_no_jump() -> None:
    assert not list(jumps(40, from_hour(30, 2, card_id="one")))


def test_a_score_is_no_rule() -> None:
    up = from_hour(30, 2)
    score = {"made": {"codes": ("MODEL_SCORE",)}}
    assert not list(jumps(40, lambda n: score if up(n) else {}))


def test_the_first_days_are_not_judged() -> None:
    assert not list(jumps(4, from_hour(2, 1)))


def test_the_next_ruleset_is_asked_about_again() -> None:
    def fires(number: int) -> dict[str, Any]:
        ruleset = {"name": "mine", "version": 1 if number < 33 * AN_HOUR else 2}
        made = {"ruleset": ruleset, "codes": ("NIGHT",) if number >= 30 * AN_HOUR else ()}
        return {"made": made}

    assert [one.ruleset for one in jumps(36, fires)] == ["mine@1", "mine@2"]


def test_what_a_jump_leads_to() -> None:
    jump = Jump(True, "NIGHT", "mine@1", 0.25, 0.01, 0.05, 31 * HOUR_MS)
    command, told = demotion(jump, SRC), signal(jump, SRC)
    payload = json.loads(command["payload"])
    assert (command["kind"], command["issued_at"]) == ("RULES_DEMOTE", jump.end)
    assert (payload["code"], payload["ruleset"]) == ("NIGHT", "mine@1")
    assert "25.00%" in payload["reason"]
    assert demotion(jump, SRC | {"offset": 10}) == command, "a redelivery asks otherwise"
    assert demotion(jump, SRC | {"partition": 0})["command_id"] != command["command_id"]
    assert (told["subject"], told["state"], told["severity"]) == ("rule/NIGHT", "FIRED", "HIGH")
    assert (told["statistic"], told["threshold"]) == (0.25, 0.05)
    assert signal(jump._replace(fired=False), SRC)["state"] == "RECOVERED"


def test_another_state_is_refused() -> None:
    with pytest.raises(StateFormatError, match="rule rates"):
        RuleRates.unpack(b"\x02rest")


def test_an_open_hour_is_bounded() -> None:
    rates = RuleRates(RatePolicy(most=10))
    for number in range(2_000):
        rates.observe(decision(0, ("NIGHT",), card_id=f"c{number}"))
    assert len(rates.pack()) < 500


# -- against a naive count --------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from("abcdefghij"), st.booleans(), st.booleans(),
        st.integers(0, 2),
    ),
    max_size=120,
)  # fmt: skip
SMALL = RatePolicy(window_hours=1, reference_hours=3, least=3, cards=2, floor=0.3, factor=2.0)


def naive(events: list[tuple[int, dict[str, Any]]], policy: RatePolicy) -> list[tuple[int, bool]]:
    """(end, fired) by sets over everything that was seen, at each hour that closes."""
    told, state, below, active = [], False, 0, False
    hours: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    closed: set[int] = set()
    for time, one in events:
        hour = time // HOUR_MS
        if hour >= below:
            hours[hour].append((one["card_id"], bool(one["codes"] or one["shadow"])))
            active = active or bool(one["codes"])
        for over in sorted(h for h in hours if h < hour - 1 and h not in closed):
            closed.add(over)
            spans = (over - policy.window_hours, over), (
                over - policy.window_hours - policy.reference_hours, over - policy.window_hours,
            )  # fmt: skip
            counts = [sum(len(hours[h]) for h in closed if a < h <= b) for a, b in spans]
            fired = [
                sum(len({c for c, f in hours[h] if f}) for h in closed if a < h <= b)
                for a, b in spans
            ]
            if counts[0] < policy.least or counts[1] < 2 * policy.least:
                continue
            share, usual = fired[0] / counts[0], fired[1] / counts[1]
            jumped = share >= max(policy.floor, policy.factor * usual) and fired[0] >= policy.cards
            if jumped != state and (active or not jumped):
                state = jumped
                told.append((over + 1, jumped))
        below = max(below, hour - 1)
    return told


@given(EVENTS)
def test_jumps_are_those_of_a_naive_count(
    events: list[tuple[int, str, bool, bool, int]],
) -> None:
    time, seen, found = 0, [], []
    rates = RuleRates(SMALL)
    for step, card, acts, shadows, late in events:
        time += step * HOUR_MS // 4
        at = max(time - late * HOUR_MS, 0)
        codes, shadow = ("A",) if acts else (), ["A"] if shadows and not acts else []
        seen.append((at, {"card_id": card, "codes": codes, "shadow": shadow}))
        made = decision(0, codes, event_time=at, card_id=card)
        found += rates.observe(made, shadow)
    assert [(one.end // HOUR_MS, one.fired) for one in found] == naive(seen, SMALL)
