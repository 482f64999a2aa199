"""A competitor learned in two, through the learner: two folds apart, a function of the log."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contest.promotion import PromotionPolicy
from models.contest.separate import Separated
from models.learn import Learner
from models.learn_policy import LearnPolicy, due
from models.outcome import transaction_key
from models.portfolio import PORTFOLIO
from models.windows.errors import StateFormatError
from schemas.errors import InvalidField
from tests.unit.models.learn_world import DAY, MINUTE, NAMES, World, command, outcome

NAME = "separate:logistic"
PLAIN: dict[str, Any] = {
    "first": 50, "every": 100, "slow_first": 200, "slow_every": 200, "clean_share": 0.0,
    "competitors": ("logistic",),
}  # fmt: skip
BOTH: dict[str, Any] = {**PLAIN, "separate": ("logistic",)}
TREES: dict[str, Any] = {
    **PLAIN, "competitors": ("logistic", "leveraging_bagging"), "separate": ("leveraging_bagging",),
}  # fmt: skip
SOURCES = ("ANALYST", "CHARGEBACK", "CUSTOMER", "ISSUER")
ON = command("POLICY", '{"set": {"separate": ["logistic"]}}', command_id="on")
OFF = command("POLICY", '{"set": {"separate": []}}', command_id="off")
REBUILD = command("REBUILD", command_id="r")


def told(number: int, **more: Any) -> dict[str, Any]:
    """A quarter is told by analysts, half of that fraud; some of the rest is presumed."""
    source = SOURCES[number % 4]
    fraud = random.Random(number).random() < (0.5 if source == "ANALYST" else 0.05)
    presumed = not fraud and source == "ISSUER"
    weight = 10.0 if presumed else 1.0
    found = outcome(number, fraud, source=source, presumed=presumed, weight=weight)
    return found | more


def teach(world: World, start: int, stop: int, **more: Any) -> World:
    for number in range(start, stop):
        world.add("outcome", told(number, model=world.learner.model, **more))
    return world


def two(world: World, name: str = NAME) -> Separated:
    found = world.learner.competitors[name]
    assert isinstance(found, Separated)
    return found


def row(body: dict[str, Any]) -> list[float | None]:
    return [body["features"].get(name) for name in NAMES]


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


# -- in the contest ---------------------------------------------------------------------------


def test_it_is_judged_promoted_and_decides() -> None:
    world = teach(World(**BOTH), 0, 400)
    assert world.learner.metrics(NAME)["window"] > 100
    version = world.learner.versions[NAME][-1][0]
    order = {"name": NAME, "version": version}
    world.add("command", command("PROMOTE", json.dumps({"name": NAME})))
    assert world.learner.model == order
    (score,) = world.scorer(NAME, version).score_many([row(told(401))])
    teach(world, 401, 402, score=score)
    key = world.learner.memory.table()[-1]
    assert key["scores"][world.learner.place(NAME)] == score
    teach(world, 402, 601)
    assert (world.learner.model or {})["version"] > version, "followed"


def test_it_is_promoted_by_policy() -> None:
    """Half an hour a transaction; the champion is blind, and nobody need be calibrated."""
    lenient = PromotionPolicy(low=0.0, high=100.0)
    world = World(**BOTH, promotion=lenient, alerts_per_1000=100.0)
    for n in range(1_200):
        at = n * 30 * MINUTE
        times = {"event_time": at, "observed_at": at + DAY, "card_id": f"c{n}", "score": 0.01}
        world.add("outcome", told(n, model=world.learner.model, **times))
    promoted = [one["reason"] for one in world.markers if "promoted" in one["reason"]]
    assert [one.split(" by policy")[0] for one in promoted] == [f"promoted {NAME}"]
    assert (world.learner.model or {})["name"] == NAME


def test_it_is_published_with_its_kind() -> None:
    policy = LearnPolicy(**BOTH)
    assert due(50, policy) == due(200, policy) == ("logistic", NAME)
    trees = LearnPolicy(**TREES)
    assert due(50, trees) == ("logistic",)
    assert due(200, trees) == ("logistic", "leveraging_bagging", "separate:leveraging_bagging")


def test_it_is_off_by_default() -> None:
    assert LearnPolicy().entered == LearnPolicy().competitors
    assert not any(name.startswith("separate:") for name in Learner(NAMES).competitors)
    world, one_source = World(**PLAIN), World(**PLAIN)
    for n in range(300):
        world.add("outcome", told(n, presumed=False))
        one_source.add("outcome", told(n, presumed=False, source="ISSUER"))
    assert world.snapshots == one_source.snapshots, "whose label it was changes nothing"


# -- switched by the log ----------------------------------------------------------------------


def test_it_enters_where_the_log_says_so() -> None:
    world, plain = teach(World(**PLAIN), 0, 300), teach(World(**PLAIN), 0, 300)
    world.add("command", ON)
    plain.add("command", command("POLICY", '{"set": {}}'))
    assert [*world.learner.competitors] == ["logistic", NAME]
    teach(world, 301, 900)
    teach(plain, 301, 900)
    slow, fast = PORTFOLIO["logistic"](NAMES, 1), PORTFOLIO["logistic"](NAMES, 1)
    for body in (told(n) for n in range(301, 900)):
        for model in (slow, fast) if body["source"] == "ANALYST" else (slow,):
            model.learn(row(body), body["label"] == "FRAUD", body["weight"])
    assert two(world).model.slow.pack() == slow.pack()
    assert two(world).model.fast.pack() == fast.pack()
    theirs, ours = plain.learner, world.learner
    assert ours.competitors["logistic"].state() == theirs.competitors["logistic"].state()
    scores = [one.memory.table()["scores"][:, 0].tolist() for one in (ours, theirs)]
    assert repr(scores[0]) == repr(scores[1]), "what others had said stays on record"
    assert world.learner.metrics(NAME)["window"] < world.learner.metrics()["window"]
    world.add("command", REBUILD)
    begun = teach(World(**BOTH), 0, 300)
    begun.add("command", ON)
    teach(begun, 301, 900)
    assert two(world).state() == two(begun).state(), "learned anew from the beginning"


@pytest.mark.parametrize("cut", [300, 301, 302, 777])
def test_a_restart_around_it_gives_the_same_bytes(cut: int) -> None:
    def log() -> list[tuple[str, dict[str, Any]]]:
        found = [("outcome", told(n)) for n in range(900)]
        return [*found[:300], ("command", ON), *found[300:700], ("command", OFF), *found[700:]]

    whole, half = World(**PLAIN), World(**PLAIN)
    for name, body in log():
        whole.add(name, body)
    for name, body in log()[:cut]:
        half.add(name, body)
    again = World(Learner.unpack(half.learner.pack(), LearnPolicy(**PLAIN)))
    again.shelf, again.log, again.said = half.shelf, half.log, half.said
    for name, body in log()[cut:]:
        again.add(name, body)
    assert again.learner.pack() == whole.learner.pack()
    assert again.snapshots == whole.snapshots
    assert [*whole.learner.competitors] == ["logistic"]
    assert sum(key.startswith(f"model/{NAME}@") for key in whole.snapshots) == 4


def test_one_that_waits_for_approval_changes_nothing_yet() -> None:
    world = teach(World(**BOTH), 0, 100)
    wait = {"separate": ["logistic"], "approve": ["POLICY"]}
    world.add("command", command("POLICY", json.dumps({"set": wait})))
    before = two(world).state()
    world.add("command", OFF)
    assert two(world).state() == before
    world.add("command", command("APPROVE", '{"command_id": "off"}', actor="ben"))
    assert [*world.learner.competitors] == ["logistic"]


def test_who_decides_cannot_leave() -> None:
    world = teach(World(**PLAIN), 0, 100)
    world.add("command", ON)
    teach(world, 101, 301)
    world.add("command", command("PROMOTE", json.dumps({"name": NAME})))
    before = world.learner.pack()
    with pytest.raises(InvalidField, match="Promote another one"):
        world.add("command", OFF)
    world.learner.trail.take()
    assert [*Learner.unpack(before, LearnPolicy(**PLAIN)).competitors] == ["logistic", NAME]
    assert world.learner.changes == {"separate": ["logistic"]}
    world.add("command", command("PROMOTE", '{"name": "logistic"}'))
    world.add("command", OFF)
    assert [*world.learner.competitors] == ["logistic"]
