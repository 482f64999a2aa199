"""Who stopped learning says who may let it go on: drift lifts what drift did, nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from models.contest.protection import DAY_MS
from models.drift.consequences import Consequences
from models.drift.policy import DriftPolicy
from models.learn import Learner
from schemas.errors import InvalidField
from tests.unit.models.learn_world import World, command, outcome

SMALL = {"first": 50, "every": 100, "slow_first": 200, "slow_every": 200}
A_DAY = 1_440
"""Outcomes of `learn_world`: one a minute."""


class Drift:
    """The drift agent beside a learner: its signals become commands on the learner's log."""

    def __init__(self, world: World, action: str = "FREEZE") -> None:
        self.world = world
        self.act = Consequences(DriftPolicy(actions=(("label_rate", action),)))
        self.signals = 0

    def says(self, state: str) -> str:
        """A signal; the reason of the marker that it leads to."""
        self.signals += 1
        told = self.act.command({
            "signal_id": f"s{self.signals}", "detector": "ADWIN", "subject": "label_rate",
            "event_time": 7, "state": state, "statistic": 2.0, "threshold": 1.0,
            "src": {"stage": "drift-outcomes", "partition": 0, "offset": self.signals},
        })  # fmt: skip
        assert told is not None
        marker = self.world.add("command", told)[-1].marker
        assert marker is not None
        return str(marker["reason"])


def by(world: World) -> str | None:
    """Who holds the learner."""
    return None if world.learner.frozen is None else world.learner.frozen["by"]


def flooded(**policy: Any) -> World:
    """The policy froze in the first hours of the sixth day."""
    world = World(competitors=("logistic",), **policy).teach(0, 5 * A_DAY)
    world.teach(5 * A_DAY, 5 * A_DAY + 500, label="FRAUD")
    assert by(world) == "policy"
    return world


def test_drift_lifts_its_own_freeze() -> None:
    world = World(**SMALL).teach(0, 100)
    drift = Drift(world)
    assert drift.says("FIRED").startswith("learning frozen by drift: ADWIN of label_rate fired")
    world.teach(101, 121)
    assert drift.says("RECOVERED").startswith("learning resumed by drift")
    assert (by(world), world.learner.counts["learned"]) == (None, 120)


def test_drift_does_not_lift_a_persons_freeze() -> None:
    world = World(**SMALL).teach(0, 100)
    drift = Drift(world)
    world.add("command", command("FREEZE", '{"reason": "a broken import"}'))
    with pytest.raises(InvalidField, match="RESUME: learning is frozen"):
        drift.says("FIRED")
    with pytest.raises(InvalidField, match="by ana"):
        drift.says("RECOVERED")
    assert by(world) == "ana"
    assert world.teach(102, 130).learner.counts["learned"] == 100
    world.add("command", command("RESUME"))
    assert by(world) is None


def test_a_person_takes_over_what_drift_froze() -> None:
    world = World(**SMALL).teach(0, 100)
    drift = Drift(world)
    drift.says("FIRED")
    since = (world.learner.frozen or {})["since"]
    world.teach(101, 111)
    world.add("command", command("FREEZE", '{"reason": "we look"}'))
    assert by(world) == "ana"
    assert (world.learner.frozen or {})["since"] == since
    assert world.learner.counts["freezes"] == 1
    with pytest.raises(InvalidField, match="by ana"):
        drift.says("RECOVERED")
    again = World(Learner.unpack(world.learner.pack(), world.learner.policy))
    assert by(again) == "ana"
    world.add("command", command("RESUME"))
    assert (by(world), world.learner.counts["learned"]) == (None, 110)


def test_what_policy_froze_and_drift_too_ends_when_both_are_done() -> None:
    world = flooded()
    drift = Drift(world)
    drift.says("FIRED")
    assert by(world) == "drift"
    world.teach(5 * A_DAY + 501, 6 * A_DAY + 600)  # longer than the policy's day
    assert by(world) == "drift"
    drift.says("RECOVERED")
    assert by(world) is None


def test_within_the_policys_day_drift_gives_back_what_policy_froze() -> None:
    world = flooded()
    froze = dict(world.learner.frozen or {})
    drift = Drift(world)
    drift.says("FIRED")
    said = drift.says("RECOVERED")
    assert said.startswith(
        "learning stays frozen by policy until its time is over, no longer by drift"
    )
    assert world.learner.frozen == froze
    assert world.learner.trail.take()[-1]["kind"] == "RESUME"
    assert froze["at"] + DAY_MS > world.learner.watermark
    start = 5 * A_DAY + 502
    world.teach(start, start + 10)
    assert by(world) == "policy"
    world.add("outcome", outcome(start + A_DAY, model=world.learner.model))
    assert by(world) is None


def test_nobody_is_called_policy() -> None:
    world = World(**SMALL)
    for actor in ("policy", " Policy "):
        with pytest.raises(InvalidField, match=r"command\.actor"):
            world.add("command", command("FREEZE", actor=actor))
    assert by(world) is None


def test_drift_takes_nothing_out_of_force_that_a_person_holds() -> None:
    world = World(**SMALL).teach(0, 200)
    world.add("command", command("PROMOTE", '{"name": "logistic", "version": 49}'))
    with pytest.raises(InvalidField, match="held by a person"):
        Drift(world, "CHALLENGE").says("FIRED")
    assert world.learner.held == 49
    world.add("command", command("PROMOTE", '{"name": "logistic"}'))
    Drift(world, "CHALLENGE").says("FIRED")
    assert world.learner.champion == "blend"
