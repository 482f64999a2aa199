"""The smallest single changes are changes, and no smaller one was missed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.counterfactual import Case, bounds, nearest, unknown_each, without_each_rule
from models.decision import Control
from models.features import FEATURES
from models.portfolio.imbalance import log_odds
from models.rules import compile_ruleset
from models.scorer import Scorer, Term

RULES = compile_ruleset("""
name: mine
version: 1
rules:
  - {code: MANY, title: t, action: CHALLENGE, when: {feature: card_count_1h, ge: 6}, text: many}
  - {code: LARGE, title: t, action: REVIEW, when: {feature: amount, gt: 500}, text: large}
  - {code: NOTED, title: t, action: NOTE, when: {feature: amount, gt: 0}, text: noted}
  - {code: TRIED, title: t, action: DECLINE, mode: shadow, when: {feature: amount, gt: 0}, text: t}
""")
AMOUNT, COUNT = FEATURES.names.index("amount"), FEATURES.names.index("card_count_1h")
TRANSACTION = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
               "amount_minor": 1, "currency": "EUR"}  # fmt: skip


def linear(weight: float) -> Scorer:
    """Log-odds = weight * (amount - 100), nothing else counts."""
    nothing = Term(0.0, 0.0, -1e12, 1e12, 0.0)
    terms = [nothing] * len(FEATURES.names)
    terms[AMOUNT] = Term(weight, 100.0, -1e12, 1e12, 0.0)
    return Scorer("linear", 1, FEATURES.spec_hash, FEATURES.names, 0.0, tuple(terms))


def case(amount: float | None, count: float, scorer: Scorer | None = None) -> Case:
    row: list[float | None] = [None] * len(FEATURES.names)
    row[AMOUNT], row[COUNT] = amount, count
    marker: dict[str, Any] = {
        "sequence": 1, "model": scorer and scorer.ref, "ruleset": {"name": "mine", "version": 1},
        "threshold": 0.7, "reason": "",
    }  # fmt: skip
    return Case(TRANSACTION, row, Control.of(marker), RULES, scorer)


def test_each_rule_that_acted_can_be_left_out() -> None:
    found = without_each_rule(case(600.0, 7.0))
    assert {code: one.decision for code, one in found.items()} == {
        "MANY": "REVIEW", "LARGE": "CHALLENGE",
    }  # fmt: skip


def test_the_nearest_values_are_the_rules_bounds() -> None:
    found = {one.feature: one for one in nearest(case(300.0, 2.0))}
    assert found.keys() == {"amount", "card_count_1h"}
    assert found["card_count_1h"].instead == 6.0
    assert found["card_count_1h"].outcome.decision == "CHALLENGE"
    assert found["amount"].instead == pytest.approx(500.0, rel=1e-6)
    assert found["amount"].instead > 500.0
    assert found["amount"].outcome.decision == "REVIEW"


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.05, 0.05).filter(lambda w: abs(w) > 1e-3), st.floats(1.0, 499.0))
def test_the_nearest_value_of_a_linear_model_is_its_bound(weight: float, amount: float) -> None:
    one = case(amount, 2.0, linear(weight))
    was, score = one.outcome()
    places = [100.0 + log_odds(b) / weight for b in (0.7, one.control.decline_threshold)]
    places = sorted(
        (p for p in (*places, 500.0) if 0.0 <= p <= 1e10), key=lambda p: abs(p - amount)
    )
    changes = [c for c in nearest(one) if c.feature == "amount"]
    for change in changes:
        assert change.instead is not None
        assert change.outcome.decision != was
        (again,) = one.outcomes([one.with_value(AMOUNT, change.instead)])
        assert again == change.outcome
        inside = amount + (change.instead - amount) * (1 - 1e-4)
        assert one.outcomes([one.with_value(AMOUNT, inside)])[0].decision == was
    assert changes, "another amount always decides otherwise"
    assert min(abs(changes[0].instead - p) for p in places) < 1e-3 * max(amount, places[-1])
    assert bounds(one)["to_threshold"] == pytest.approx(log_odds(0.7) - log_odds(score))


def test_what_would_be_unknown_is_named_where_it_matters() -> None:
    found = unknown_each(case(600.0, 2.0))
    assert [(one.feature, one.instead, one.outcome.decision) for one in found] == [
        ("amount", None, "APPROVE")
    ]
    assert found[0].size == float("inf")
    assert unknown_each(case(None, 2.0)) == []


def test_rules_alone_are_far_from_no_threshold() -> None:
    assert bounds(case(600.0, 2.0))["to_threshold"] is None
    assert bounds(case(600.0, 2.0))["score"] == pytest.approx(0.3)
    assert case(600.0, 2.0).outcomes([]) == []
