"""A competitor learned in two, in the contest, and switched on and off by the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.contest.promotion import PromotionPolicy
from models.learn import Learner
from models.learn_policy import LearnPolicy, due
from models.portfolio import PORTFOLIO
from schemas.errors import InvalidField
from tests.unit.models.learn_world import DAY, MINUTE, NAMES, World, command
from tests.unit.models.separate_world import (
    BOTH,
    NAME,
    PLAIN,
    REBUILD,
    TREES,
    row,
    teach,
    told,
    two,
)

ON = command("POLICY", '{"set": {"separate": ["logistic"]}}', command_id="on")
OFF = command("POLICY", '{"set": {"separate": []}}', command_id="off")


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
