"""Contributions and bias are the log-odds, for every kind of model, and the right features'."""

from __future__ import annotations

import itertools
import math
import random
from functools import cache
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolio_world import NAMES, outcomes, row, rows, teach

from models.contributions import ORDERS, _orders, parts
from models.portfolio import PORTFOLIO
from models.portfolio.compiled import compile_payload
from models.portfolio.imbalance import log_odds
from models.portfolio.interface import RowScorer
from tests.unit.models.learn_world import NAMES as FEW
from tests.unit.models.learn_world import World

SURE = 1e-5
"""Nearer to certainty a score itself has fewer digits than the sum."""


@cache
def scorer(name: str) -> RowScorer:
    model = PORTFOLIO[name](NAMES, 7)
    return compile_payload(teach(model, outcomes(800)).compiled())


def a_fraud() -> list[float | None]:
    return [400.0, math.log1p(400.0), 6.0, 50.0, 0.8, None]


@pytest.mark.parametrize("name", PORTFOLIO)
def test_they_sum_to_the_log_odds(name: str) -> None:
    for one in rows(40):
        (score,) = scorer(name).score_many([one])
        found = parts(scorer(name), one)
        shown = found.contributions(NAMES, one)
        assert math.fsum(c.log_odds for c in shown) + found.bias + found.held == pytest.approx(
            found.log_odds, abs=1e-12
        )
        if SURE < score < 1.0 - SURE:
            assert found.log_odds == pytest.approx(math.log(score / (1.0 - score)), abs=1e-9)
        elif name != "logistic":
            assert found.log_odds == pytest.approx(log_odds(score), abs=1e-5), "held off certainty"


@pytest.mark.parametrize("name", [name for name in PORTFOLIO if name not in ("logistic", "blend")])
def test_the_bias_is_what_the_model_says_of_a_row_of_which_nothing_is_known(name: str) -> None:
    (score,) = scorer(name).score_many([[None] * len(NAMES)])
    found = parts(scorer(name), [None, math.nan, *[None] * 4])
    assert found.bias == pytest.approx(log_odds(score), abs=1e-9)
    assert not any(found.added)


def shapley(one: RowScorer, whole: list[float | None]) -> list[float]:
    """From the definition: the mean over all orders of what a feature changes."""

    @cache
    def value(known: frozenset[int]) -> float:
        return log_odds(one.score([v if at in known else None for at, v in enumerate(whole)]))

    changes: list[list[float]] = [[] for _ in whole]
    for order in itertools.permutations(range(len(whole))):
        for place, at in enumerate(order):
            before = frozenset(order[:place])
            changes[at].append(value(before | {at}) - value(before))
    return [mean(some) for some in changes]


@pytest.mark.parametrize("name", ["leveraging_bagging", "adaptive_random_forest", "adwin_boosting"])
def test_trees_against_the_definition(name: str) -> None:
    found, expected = parts(scorer(name), a_fraud()).added, shapley(scorer(name), a_fraud())
    size = math.fsum(map(abs, expected))
    assert size > 1.0, "the model tells frauds from the rest"
    assert list(found) == pytest.approx(expected, abs=size / 4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_splines_against_the_definition(seed: int) -> None:
    """Exact for inputs of their own; what an input of two features adds is split in half, which
    the definition does as well: it is at its fill until both are known."""
    whole = row(random.Random(seed), fraud=True)
    found, expected = parts(scorer("splines"), whole).added, shapley(scorer("splines"), whole)
    assert math.fsum(found) == pytest.approx(math.fsum(expected), abs=1e-9)
    alone = NAMES.index("terminal_risk_7d"), NAMES.index("attribute_signal")
    for at in alone:
        assert found[at] == pytest.approx(expected[at], abs=1e-9)


def test_a_blend_s_are_its_members_by_weight() -> None:
    blend = scorer("blend")
    members = [parts(one, a_fraud()) for one in blend.members]  # type: ignore[attr-defined]
    expected = [
        sum(w * one.added[at] for w, one in zip(blend.weights, members, strict=True))  # type: ignore[attr-defined]
        for at in range(len(NAMES))
    ]
    found = parts(blend, a_fraud())
    assert list(found.added) == pytest.approx(expected, abs=1e-12)
    assert found.method.startswith("members by weight: ")


def test_the_logistic_s_are_those_of_its_reasons() -> None:
    world = World(first=50, every=100).teach(0, 300)
    one, whole = (
        world.scorer("logistic", world.learner.versions["logistic"][-1][0]),
        [900.0, 2.0, 0.9],
    )
    found = parts(one, whole).contributions(FEW, whole)
    raising = sorted((c for c in found if c.log_odds > 0), key=lambda c: -c.log_odds)
    assert raising[:3] == one.top(whole)
    sizes = [abs(c.log_odds) for c in found]
    assert sizes == sorted(sizes, reverse=True)
    assert 0.0 not in sizes


def test_orders_are_the_same_in_every_process() -> None:
    found = _orders([3, 5, 8])
    assert len(found) == ORDERS
    assert found[::2] == [[3, 5, 8], [3, 5, 8], [3, 8, 5], [5, 8, 3]]
    assert found[1::2] == [order[::-1] for order in found[::2]]
    assert _orders([]) == []
