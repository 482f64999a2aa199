"""A competitor learned in two, through the learner: two folds apart, a function of the log."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.learn import Learner
from models.learn_policy import LearnPolicy
from models.outcome import transaction_key
from models.portfolio import PORTFOLIO
from models.windows.errors import StateFormatError
from tests.unit.models.learn_world import NAMES, World, outcome
from tests.unit.models.separate_world import (
    BOTH,
    NAME,
    PLAIN,
    REBUILD,
    SOURCES,
    TREES,
    row,
    teach,
    told,
    two,
)


@pytest.mark.parametrize(("policy", "kind"), [(BOTH, "logistic"), (TREES, "leveraging_bagging")])
def test_they_are_the_plain_model_and_one_that_analysts_alone_taught(
    policy: dict[str, Any], kind: str
) -> None:
    world = teach(World(**policy), 0, 600)
    fast = PORTFOLIO[kind](NAMES, 1)
    for _, body in world.log:
        if body["source"] == "ANALYST":
            fast.learn(row(body), body["label"] == "FRAUD", body["weight"])
    found = two(world, f"separate:{kind}").model
    assert found.slow.pack() == world.learner.competitors[kind].state()
    assert found.fast.pack() == fast.pack()
    version = world.learner.versions[f"separate:{kind}"][-1][0]
    asked = [row(told(number)) for number in range(1_000, 1_050)]
    slow = world.scorer(kind, version).score_many(asked)
    expected = [(one + fast.score(it)) / 2.0 for one, it in zip(slow, asked, strict=True)]
    scorer = world.scorer(f"separate:{kind}", version)
    assert scorer.score_many(asked) == pytest.approx(expected, abs=1e-9)
    assert scorer.top([900.0, 2.0, 0.9]), "it says which features raised a score"


def test_whose_labels_are_fast_is_policy() -> None:
    found = two(teach(World(**BOTH, fast_sources=("ANALYST", "CUSTOMER")), 0, 200)).model
    assert sum(found.told.values()) == 100
    assert not sum(two(teach(World(**BOTH, fast_sources=()), 0, 200)).model.told.values())


def test_without_analysts_it_scores_as_the_plain_model() -> None:
    world = World(**BOTH)
    for number in range(600):
        source = "CHARGEBACK" if number % 4 == 0 else told(number)["source"]
        world.add("outcome", told(number, model=world.learner.model, source=source))
    version = world.learner.versions["logistic"][-1][0]
    asked = [row(told(number)) for number in range(200)]
    plain, mine = world.scorer("logistic", version), world.scorer(NAME, version)
    assert mine.score_many(asked) == plain.score_many(asked)
    assert world.learner.versions["logistic"] == world.learner.versions[NAME], "and thresholds"


@pytest.mark.parametrize("policy", [BOTH, TREES])
@pytest.mark.parametrize("cut", [1, 199, 333])
def test_left_and_taken_up_is_the_same_as_never_left(policy: dict[str, Any], cut: int) -> None:
    whole, half = teach(World(**policy), 0, 500), teach(World(**policy), 0, cut)
    again = World(Learner.unpack(half.learner.pack(), LearnPolicy(**policy)))
    again.shelf, again.log, again.said = half.shelf, half.log, half.said
    teach(again, cut, 500)
    assert again.learner.pack() == whole.learner.pack()
    assert again.snapshots == whole.snapshots
    assert any(key.startswith("model/separate:") for key in whole.snapshots)


def test_the_log_learned_anew_gives_the_same_bits() -> None:
    world = teach(World(**BOTH), 0, 500)
    before = two(world).state(), [*two(world).ranked]
    world.add("command", REBUILD)
    assert (two(world).state(), [*two(world).ranked]) == before
    assert world.snapshots[f"model/{NAME}@500"]


def test_a_state_for_others_is_refused() -> None:
    with pytest.raises(StateFormatError):
        Learner.unpack(World(**BOTH).learner.pack(), LearnPolicy(**PLAIN))


# -- corrections ------------------------------------------------------------------------------


class Noting:
    """Notes what a model is taught."""

    def __init__(self) -> None:
        self.lessons: list[tuple[bool, float]] = []

    def learn(self, _row: Any, fraud: bool, weight: float) -> None:
        self.lessons.append((fraud, weight))

    def score(self, _row: Any) -> float:
        return 0.5


def lessons(*said: tuple[str, bool, float]) -> tuple[list[Any], list[Any]]:
    """What slow and fast are taught of one transaction: (source, fraud, weight) in turn."""
    world, slow, fast = World(**BOTH), Noting(), Noting()
    two(world).model.slow, two(world).model.fast = slow, fast  # type: ignore[assignment]
    for at, (source, fraud, weight) in enumerate(said):
        presumed = source == "PRESUMED"
        body = outcome(7, fraud, weight=weight, presumed=presumed, outcome_id=f"o{at}")
        world.add("outcome", body | {"source": "ISSUER" if presumed else source})
    return slow.lessons, fast.lessons


def test_a_chargeback_that_reverses_an_analyst_reaches_both() -> None:
    slow, fast = lessons(("ANALYST", True, 1.0), ("CHARGEBACK", False, 1.0))
    assert slow == fast == [(True, 1.0), (False, 2.0)]


def test_a_fast_model_that_was_wrong_hears_every_further_truth() -> None:
    slow, fast = lessons(
        ("ANALYST", False, 1.0), ("CHARGEBACK", True, 1.0), ("ISSUER", False, 1.0)
    )  # fmt: skip
    assert slow == fast == [(False, 1.0), (True, 2.0), (False, 2.0)]


def test_an_analyst_who_reverses_a_presumption_corrects_the_slow_model_alone() -> None:
    """The fast one never learned the mistake: nothing is to be outweighed."""
    slow, fast = lessons(("PRESUMED", False, 10.0), ("ANALYST", True, 1.0))
    assert slow == [(False, 10.0), (True, 20.0)]
    assert fast == [(True, 1.0)]


@pytest.mark.parametrize("known", [True, False])
def test_a_chargeback_reaches_both_though_the_learner_has_forgotten(known: bool) -> None:
    """It comes weeks later; `corrects` says what the slow model had learned."""
    world, slow, fast = World(**BOTH, remembered=8), Noting(), Noting()
    two(world).model.slow, two(world).model.fast = slow, fast  # type: ignore[assignment]
    world.add("outcome", outcome(7, True, source="ANALYST"))
    for number in range(100, 110):
        world.add("outcome", outcome(number, False, source="CUSTOMER"))
    late = {"source": "CHARGEBACK", "outcome_id": "x", "corrects": 1.0 if known else 0.0}
    world.add("outcome", outcome(7, False, **late))
    assert slow.lessons[-1] == (False, 2.0 if known else 1.0)
    assert fast.lessons == [(True, 1.0), (False, 2.0)]


def test_what_the_fast_model_never_heard_stays_the_slow_one_s() -> None:
    slow, fast = lessons(("CUSTOMER", True, 1.0), ("CHARGEBACK", False, 1.0))
    assert (len(slow), fast) == (2, [])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from((*SOURCES, "PRESUMED")), st.booleans()),
        max_size=30,
    )
)
def test_each_model_s_last_word_of_a_transaction_is_what_is_known(
    said: list[tuple[int, str, bool]],
) -> None:
    """Against a dictionary a model: whoever learned a verdict that was reversed has learned the
    truth since, and nobody learns a thing twice."""
    world, last = World(**BOTH), ({}, {})  # type: tuple[World, tuple[dict[Any, bool], ...]]
    competitor = two(world)
    for model, words in zip((competitor.model.slow, competitor.model.fast), last, strict=True):

        def note(values: Any, fraud: bool, _weight: float, words: Any = words) -> None:
            assert words.get(values[0]) is not fraud
            words[values[0]] = fraud

        model.learn = note  # type: ignore[method-assign]
    truth: dict[int, bool] = {}
    for at, (number, source, fraud) in enumerate(said):
        presumed = source == "PRESUMED"
        verdict = fraud and not presumed
        body = outcome(number, verdict, presumed=presumed, outcome_id=f"o{at}")
        values = body["features"] | {"amount": float(number)}
        body |= {"source": "ISSUER" if presumed else source, "features": values}
        world.add("outcome", body)
        if not presumed or number not in truth:
            truth[number] = verdict
        assert last[0] == truth
        assert last[1] == {one: truth[one] for one in last[1]}


def test_a_mistake_is_unlearned_by_learning_anew() -> None:
    """Each transaction teaches its last verdict alone: the fast model never hears of it then."""
    world = teach(World(**BOTH), 0, 100)
    wrong = [n for n in range(0, 100, 4) if told(n)["label"] == "FRAUD"]
    for n in wrong:
        reversed_ = {"source": "CHARGEBACK", "label": "LEGITIMATE", "outcome_id": f"x{n}"}
        world.add("outcome", told(n, **reversed_))
    clean = PORTFOLIO["logistic"](NAMES, 1)
    for n in range(0, 100, 4):
        if n not in wrong:
            clean.learn(row(told(n)), False, 1.0)
    assert two(world).model.fast.pack() != clean.pack()
    world.add("command", REBUILD)
    assert two(world).model.fast.pack() == clean.pack()


def test_what_it_keeps_of_transactions_is_bounded() -> None:
    world = teach(World(**BOTH, remembered=10), 0, 200)
    assert [*two(world).told] == [transaction_key(told(n)) for n in range(160, 200, 4)]
