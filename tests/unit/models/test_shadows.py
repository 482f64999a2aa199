"""Challengers are judged by what they said at the decision, never by what they learned since."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models.evaluation import roc_auc
from models.learn_policy import LearnPolicy
from models.outcome import transaction_key
from models.shadows import in_force, look_ahead
from tests.unit.models.learn_world import NAMES, World, outcome

POLICY: dict[str, Any] = {"first": 50, "every": 50, "slow_first": 100, "slow_every": 100}
DELAY, MANY = 150, 800


def delayed(number: int) -> dict[str, Any]:
    """An outcome of a decision that the logistic regression made `DELAY` outcomes before."""
    version = (number - DELAY) // 50 * 50 - 1
    model = {"name": "logistic", "version": version} if version > 0 else None
    return outcome(number, model=model)


def folded(ahead: int = 0, **policy: Any) -> World:
    world = World(**(POLICY | policy))
    for number in range(MANY):
        if ahead and number % ahead == 0:
            coming = [delayed(other) for other in range(number, min(number + ahead, MANY))]
            look_ahead(world.learner, coming, world)
        world.add("outcome", delayed(number))
    return world


WORLD = folded()


def remembered(world: World) -> dict[int, dict[str, float]]:
    names = [*world.learner.competitors]
    return {
        int(row["key"]): dict(zip(names, row["scores"].tolist(), strict=True))
        for row in world.learner.memory.table()
    }


def row(one: dict[str, Any]) -> list[float | None]:
    return [one["features"][name] for name in NAMES]


@pytest.mark.parametrize("name", LearnPolicy().competitors[1:])
def test_a_challenger_has_the_score_of_the_version_then_in_force(name: str) -> None:
    versions = [version for version, _ in WORLD.learner.versions[name]]
    found, counted = remembered(WORLD), 0
    for number in range(MANY):
        one = delayed(number)
        score = found[transaction_key(one)][name]
        decided = -1 if one["model"] is None else one["model"]["version"]
        then = [version for version in versions if version <= decided]
        if not then:
            assert math.isnan(score)
            continue
        (expected,) = WORLD.scorer(name, then[-1]).score_many([row(one)])
        assert score == expected
        counted += 1
    assert counted > 400
    assert WORLD.learner.metrics(name)["window"] == counted


def test_the_champion_has_the_score_on_record() -> None:
    found = remembered(WORLD)
    for number in range(MANY):
        one = delayed(number)
        score = found[transaction_key(one)]["logistic"]
        assert math.isnan(score) if one["model"] is None else score == one["score"]


def test_a_score_made_when_the_label_arrives_would_flatter() -> None:
    """In a world that turns over, today's model knows what no model knew at the decision."""
    world, turned = World(**POLICY, clean_share=0.0), []  # half of its outcomes are frauds
    for number in range(1_200):
        one = delayed(number)
        high = one["features"]["risk"] > 0.5
        one["label"] = "FRAUD" if high == (number < 600) else "LEGITIMATE"
        turned.append(one)
        world.add("outcome", one)
    period = turned[700:1_000]  # decided before the turn was known
    found, labels = remembered(world), [one["label"] == "FRAUD" for one in period]
    honest = [found[transaction_key(one)]["leveraging_bagging"] for one in period]
    latest = world.learner.versions["leveraging_bagging"][-1][0]
    flattering = world.scorer("leveraging_bagging", latest).score_many([row(x) for x in period])
    on_record, hindsight = roc_auc(labels, honest), roc_auc(labels, flattering)
    assert on_record is not None
    assert hindsight is not None
    assert on_record < hindsight - 0.1


@pytest.mark.parametrize("ahead", [1, 7, 500])
def test_scoring_ahead_changes_nothing(ahead: int) -> None:
    again = folded(ahead)
    assert again.snapshots == WORLD.snapshots
    assert again.learner.pack() == WORLD.learner.pack()


def test_a_version_that_was_forgotten_judges_nobody() -> None:
    world = folded(versions=1)
    assert in_force(world.learner, delayed(MANY - 1)) == {}
    assert world.learner.metrics("blend")["window"] == 0.0
    other = outcome(1, model={"name": "logistic", "version": 10**9})
    assert set(in_force(WORLD.learner, other)) == set(LearnPolicy().competitors[1:])
    foreign = outcome(1, model={"name": "old", "version": 10**9})
    assert set(in_force(WORLD.learner, foreign)) == set(LearnPolicy().competitors)
