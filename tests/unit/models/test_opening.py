"""Frauds are known after days, silence counts after weeks: when a first model is published."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models.learn import Learner
from models.learn_policy import LearnPolicy
from models.learn_promotion import policy_of
from tests.unit.models.learn_world import DAY, NAMES, World, outcome

QUICK: dict[str, Any] = {"competitors": ("logistic",), "blended": ()}


def silent(rate: float, per_day: int, keep: float, days: int = 90) -> list[dict[str, Any]]:
    """A bank that labels frauds alone, after ten days on average, and presumes at sixty."""
    rng, found = random.Random(rate * 1e6), []
    for number in range(per_day * days):
        fraud = rng.random() < rate
        if not fraud and rng.random() >= keep:
            continue
        time = number * DAY // per_day
        features = {
            "amount": rng.gauss(1.5 * fraud, 1.0), "count": 1.0, "risk": rng.gauss(fraud, 1.0),
        }  # fmt: skip
        found.append(outcome(
            number, fraud, event_time=time, features=features, presumed=not fraud,
            observed_at=time + (round(20 * DAY * rng.random()) if fraud else 60 * DAY),
            weight=1.0 if fraud else 1.0 / keep, source="CHARGEBACK" if fraud else "ISSUER",
        ))  # fmt: skip
    return sorted(found, key=lambda one: (one["observed_at"], one["outcome_id"]))


@pytest.mark.parametrize(
    ("rate", "per_day", "keep"), [(0.01, 2_000, 0.1), (0.01, 500, 1.0), (0.002, 5_000, 0.1)]
)
def test_no_model_of_frauds_alone_and_the_first_is_calibrated(
    rate: float, per_day: int, keep: float
) -> None:
    world, outcomes = World(**QUICK), silent(rate, per_day, keep)
    for one in outcomes:
        if world.snapshots:
            break
        world.add("outcome", one)
    at = len(world.log)
    clean = [one for one in outcomes[:at] if one["label"] == "LEGITIMATE"]
    assert len(clean) >= 250
    assert outcomes[at]["observed_at"] < 73 * DAY, "it is in time all the same"
    following = outcomes[at : at + 4_000]
    rows = [[one["features"][name] for name in NAMES] for one in following]
    model = world.learner.model
    assert model is not None
    scores = world.scorer(model["name"], model["version"]).score_many(rows)
    expected = sum(s * one["weight"] for s, one in zip(scores, following, strict=True))
    came = sum(one["weight"] for one in following if one["label"] == "FRAUD")
    assert came > 30
    assert 0.5 < expected / came < 2.0


def test_who_labels_both_waits_for_nothing() -> None:
    world = World(first=50, every=100, **QUICK).teach(0, 120)
    versions = [version for version, _ in world.learner.versions["logistic"]]
    assert versions == [49, 99]


def test_once_open_it_stays_open() -> None:
    world = World(first=50, every=100, **QUICK).teach(0, 60)
    for number in range(1_000, 1_140):
        world.add("outcome", outcome(number, True))
    assert [version for version, _ in world.learner.versions["logistic"]] == [49, 99, 199]


def test_all_that_would_have_had_one_are_published_out_of_turn() -> None:
    more = {"first": 20, "every": 50, "slow_first": 100, "slow_every": 100}
    world = World(**more)
    for number in range(130):
        world.add("outcome", outcome(number, True))
    assert not world.snapshots
    number = 1_000
    while not world.snapshots:
        world.add("outcome", outcome(number, number % 20 == 0))
        number += 1
    assert len(world.snapshots) == len(world.learner.competitors)
    assert world.learner.model == {"name": "logistic", "version": len(world.log) - 1}


@pytest.mark.parametrize("at", [30, 130, 260])
def test_left_and_taken_up_opens_at_the_same_lesson(at: int) -> None:
    policy = {"first": 20, "every": 50, **QUICK}

    def lesson(number: int) -> dict[str, Any]:
        return outcome(number, number < 130 or number % 20 == 0)

    whole, half = World(**policy), World(**policy)
    for number in range(2_000):
        whole.add("outcome", lesson(number))
        if number == at:
            half.learner = Learner.unpack(half.learner.pack(), LearnPolicy(**policy))
        half.add("outcome", lesson(number))
    assert whole.snapshots
    assert half.snapshots == whole.snapshots


def test_what_queued_while_frozen_opens_nothing_early() -> None:
    world = World(first=20, every=50, **QUICK)
    world.add("command", {"command_id": "k", "kind": "FREEZE", "payload": "{}", "actor": "ana",
                          "issued_at": 0})  # fmt: skip
    for number in range(60):
        world.add("outcome", outcome(number, True))
    world.add("command", {"command_id": "r", "kind": "RESUME", "payload": "{}", "actor": "ana",
                          "issued_at": 0})  # fmt: skip
    assert (world.learner.counts["learned"], world.learner.counts["left_out"]) == (2, 58)
    assert not world.snapshots


def test_promotion_judges_no_day_whose_silence_does_not_count_yet() -> None:
    world = World(**QUICK)
    assert policy_of(world.learner).mature_days == 7
    world.add("outcome", outcome(1, False))
    assert policy_of(world.learner).mature_days == 7
    world.add("outcome", outcome(2, False, presumed=True, event_time=0, observed_at=60 * DAY))
    assert policy_of(world.learner).mature_days == 60
    again = Learner.unpack(world.learner.pack(), LearnPolicy(**QUICK))
    assert policy_of(again) == policy_of(world.learner)
    order = {"command_id": "k", "kind": "POLICY", "payload": '{"set": {"mature_days": 90}}',
             "actor": "ana", "issued_at": 0}  # fmt: skip
    world.add("command", order)
    assert policy_of(world.learner).mature_days == 90
