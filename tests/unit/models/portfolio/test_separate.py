"""Two models of one kind against two that are taught apart, for every kind of the portfolio."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from itertools import islice

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from portfolio_world import NAMES, Outcome, outcomes, rows

from models.contributions import parts
from models.policy_changes import SEPARABLE
from models.portfolio import PORTFOLIO
from models.portfolio.compiled import compile_payload
from models.portfolio.imbalance import log_odds
from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.separate import Separate

FIRST, LEARNED = 100, 600
every_kind = pytest.mark.parametrize("kind", SEPARABLE)
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


def told() -> Iterator[tuple[Outcome, bool]]:
    """Outcomes, every third of which the fast model is told of, too."""
    for number, one in enumerate(outcomes(LEARNED)):
        yield one, number % 3 == 0


def teach(model: Separate, start: int = 0, stop: int = LEARNED) -> Separate:
    for (row, fraud, weight), fast in islice(told(), start, stop):
        model.learn(row, fraud, weight)
        if fast:
            model.learn_fast(row, fraud, weight)
    return model


def new(kind: str) -> Separate:
    return Separate(kind, NAMES, 7, FIRST)


@cache
def packed(kind: str, stop: int = LEARNED) -> bytes:
    return teach(new(kind), stop=stop).pack()


def taught(kind: str) -> Separate:
    model = new(kind)
    model.unpack(packed(kind))
    return model


def apart(kind: str) -> tuple[OnlineModel, OnlineModel]:
    """The reference: two models that know nothing of each other."""
    slow, fast = PORTFOLIO[kind](NAMES, 7), PORTFOLIO[kind](NAMES, 7)
    for lesson, quick in told():
        for model in [slow, fast] if quick else [slow]:
            model.learn(*lesson)
    return slow, fast


@every_kind
def test_the_score_is_the_mean_of_two_models_taught_apart(kind: str) -> None:
    slow, fast = apart(kind)
    expected = [(slow.score(row) + fast.score(row)) / 2.0 for row in rows(40)]
    assert taught(kind).score_many(rows(40)) == expected
    assert slow.score_many(rows(40)) != expected


@every_kind
def test_compiled_scores_agree_with_river_and_do_not_depend_on_the_batch(kind: str) -> None:
    model, asked = taught(kind), rows(300)
    compiled = compile_payload(json.loads(json.dumps(model.compiled(), allow_nan=False)))
    whole = compiled.score_many(asked)
    assert whole == pytest.approx(model.score_many(asked), abs=1e-9, rel=0)
    assert [compiled.score(row) for row in asked] == whole
    assert [s for at in range(0, 300, 7) for s in compiled.score_many(asked[at : at + 7])] == whole
    assert compiled.score_many([]) == []


@every_kind
@given(cut=st.integers(0, LEARNED))
@example(cut=0)
@few
def test_a_resumed_model_goes_on_bit_for_bit(kind: str, cut: int) -> None:
    model = new(kind)
    model.unpack(packed(kind, cut))
    assert model.pack() == packed(kind, cut)
    assert teach(model, cut).pack() == packed(kind)
    assert model.compiled() == taught(kind).compiled()


@pytest.mark.parametrize(("frauds", "clean"), [(0, 0), (0, 200), (200, 0), (9, 91), (50, 49)])
def test_the_fast_model_does_not_count_until_it_has_learned_enough_of_both(
    frauds: int, clean: int
) -> None:
    model, plain = new("logistic"), PORTFOLIO["logistic"](NAMES, 7)
    for row, fraud, weight in outcomes(50):
        model.learn(row, fraud, weight)
        plain.learn(row, fraud, weight)
    for at, row in enumerate(rows(frauds + clean)):
        model.learn_fast(row, at < frauds, 1.0)
    assert model.score_many(rows(20)) == plain.score_many(rows(20))
    assert model.compiled()["members"] == [plain.compiled()]
    one = compile_payload(model.compiled())
    assert one.score_many(rows(20)) == compile_payload(plain.compiled()).score_many(rows(20))
    found = parts(one, rows(1)[0])
    assert found == parts(compile_payload(plain.compiled()), rows(1)[0]), "explained as the plain"


def test_it_counts_from_then_on() -> None:
    model = new("logistic")
    for at, row in enumerate(rows(100)):
        model.learn_fast(row, at < 10, 1.0)
    assert len(model.compiled()["members"]) == 2


@every_kind
def test_contributions_sum_to_the_log_odds(kind: str) -> None:
    compiled = compile_payload(taught(kind).compiled())
    for row in rows(10):
        found, score = parts(compiled, row), compiled.score(row)
        assert found.bias + found.held + math.fsum(found.added) == pytest.approx(
            log_odds(score), abs=1e-9
        )


@every_kind
def test_a_state_of_another_kind_or_damaged_is_refused(kind: str) -> None:
    other = "splines" if kind == "logistic" else "logistic"
    for bad in (b"", packed(kind)[:-1], packed(other), new(kind).slow.pack()):
        with pytest.raises(PayloadError):
            new(kind).unpack(bad)
    with pytest.raises(PayloadError):
        Separate(kind, NAMES[:-1], 7, FIRST).unpack(packed(kind))


def test_a_payload_without_members_or_with_a_damaged_one_is_refused() -> None:
    for members in ([], [{"kind": "oracle"}]):
        with pytest.raises(PayloadError):
            compile_payload(new("logistic").compiled() | {"members": members})


def test_what_a_user_brought_may_be_learned_in_two() -> None:
    model = Separate("models.portfolio.logistic:Logistic", NAMES, 7, FIRST)
    assert teach(model).score_many(rows(9)) == taught("logistic").score_many(rows(9))
