"""The kill switch: rules alone decide until a person promotes a model again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.learn import Learner
from schemas.errors import InvalidField
from tests.unit.models.learn_world import World, command, outcome
from tests.unit.models.test_freezes import Drift
from tests.unit.models.test_learn_control import EAGER, SMALL, curved, promote


def switched_off(**policy: Any) -> World:
    world = World(**SMALL | policy).teach(0, 200)
    world.add("command", promote(name="rules", reason="it declines everybody"))
    return world


def test_rules_alone_are_in_force() -> None:
    world = World(**SMALL).teach(0, 200)
    (said,) = world.add("command", promote(name="rules", reason="it declines everybody"))
    assert said.record is None
    assert said.marker is not None
    assert said.marker["model"] is None
    assert said.marker["reason"] == "rules alone put in force by ana: it declines everybody"
    assert said.marker["sequence"] == 200
    entry = world.learner.trail.take()[-1]
    assert (entry["kind"], entry["result"], entry["model"]) == ("PROMOTE", "DONE", None)
    again = Learner.unpack(world.learner.pack(), world.learner.policy)
    assert (again.model, again.rules_alone) == (None, True)


def test_publishing_and_recalibrating_do_not_undo_it() -> None:
    world = switched_off(recalibrate=50)
    markers = len(world.markers)
    world.teach(201, 601)
    assert world.learner.counts["learned"] == 600
    assert world.learner.versions["logistic"][-1][0] > 500
    assert world.learner.model is None
    assert len(world.markers) == markers


def test_neither_policy_nor_drift_undoes_it() -> None:
    policy = {"promotion": EAGER, "alerts_per_1000": 50.0} | SMALL
    world = curved(World(**policy), 0, 200)
    world.add("command", promote(name="rules"))
    for number in range(201, 2_000):  # decided by the models' versions all the same
        features = {"amount": 1.0, "count": 1.0, "risk": number * 0.618 % 1.0}
        label = "FRAUD" if 0.45 < features["risk"] < 0.5 else "LEGITIMATE"
        model = {"name": "logistic", "version": world.learner.versions["logistic"][-1][0]}
        world.add("outcome", outcome(number, label=label, features=features, model=model,
                                     score=0.05, card_id=f"c{number}"))  # fmt: skip
    assert world.learner.model is None
    with pytest.raises(InvalidField, match="held by a person"):
        Drift(world, "CHALLENGE").says("FIRED")
    assert world.learner.model is None


def test_a_freeze_and_its_end_leave_rules_alone() -> None:
    world = switched_off()
    for kind in ("FREEZE", "RESUME"):
        said = world.add("command", command(kind))[-1]
        assert said.marker is not None
        assert said.marker["model"] is None


@pytest.mark.parametrize("version", [None, 49])
def test_a_person_puts_a_model_in_force_again(version: int | None) -> None:
    world = switched_off()
    world.add("command", promote(name="logistic", version=version))
    assert world.learner.model == {"name": "logistic", "version": version or 199}
    world.teach(202, 402)
    followed = world.learner.versions["logistic"][-1][0]
    assert world.learner.model == {"name": "logistic", "version": version or followed}


def test_rules_can_be_held_before_the_first_model() -> None:
    world = World(**SMALL)
    world.add("command", promote(name="rules"))
    assert world.teach(1, 300).learner.model is None
    world.add("command", promote(name="logistic"))
    assert world.learner.model is not None


def test_rules_have_no_version_here() -> None:
    world = World(**SMALL).teach(0, 100)
    with pytest.raises(InvalidField, match=r"payload\.version"):
        world.add("command", promote(name="rules", version=49))
    assert world.learner.model is not None


def test_it_waits_for_a_second_person_where_promotions_do() -> None:
    world = World(**SMALL).teach(0, 100)
    world.add("command", command("POLICY", json.dumps({"set": {"approve": ["PROMOTE"]}})))
    before = world.learner.model
    world.add("command", promote(name="rules"))
    assert world.learner.model == before
    payload = json.dumps({"command_id": "k1"})
    world.add("command", command("APPROVE", payload, command_id="k2", actor="ben"))
    assert world.learner.model is None
