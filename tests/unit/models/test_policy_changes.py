"""Policy is changed by the log: in force from one offset on, the same after a restart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from models.learn import Learner
from models.learn_policy import LearnPolicy, alert_threshold
from models.policy_changes import SETTINGS, changed, current
from schemas.errors import InvalidField
from tests.unit.models.learn_world import World, command

ROOT = Path(__file__).parents[3]
SMALL = {"first": 100, "every": 100, "slow_first": 100_000, "slow_every": 100_000}


def policy(**settings: Any) -> dict[str, Any]:
    return command("POLICY", json.dumps({"set": settings, "reason": "we looked"}))


def published(world: World) -> list[int]:
    """After how many learned outcomes."""
    records = [one.record for _, one in world.said if one.kind == "model_snapshot"]
    return [int(record["metrics"]["learned"]) for record in records if record is not None]


def test_publishing_follows_the_policy_from_its_offset_on() -> None:
    world = World(**SMALL).teach(0, 200)
    (said,) = world.add("command", policy(publish_every=250))
    assert said.marker is not None
    assert said.marker["reason"] == "policy: publish_every is 250; by ana: we looked"
    world.teach(201, 901)
    assert published(world) == [100, 200, 250, 500, 750]
    world.add("command", policy(publish_every=100))
    assert world.teach(902, 1_102).learner.counts["learned"] == 1_100
    assert published(world)[5:] == [1_000, 1_100]


def test_a_restart_goes_by_the_changed_policy() -> None:
    world = World(**SMALL).teach(0, 50)
    world.add("command", policy(publish_every=250, alerts_per_1000=50))
    again = Learner.unpack(world.learner.pack(), LearnPolicy(**SMALL))
    assert again.policy == world.learner.policy
    assert again.policy.every == 250
    assert all(one.policy.alerts_per_1000 == 50.0 for one in again.competitors.values())
    assert again.pack() == world.learner.pack()


def test_the_threshold_is_recalibrated_between_versions() -> None:
    world = World(**SMALL | {"every": 1_000}).teach(0, 150)
    model, before = world.learner.model, world.learner.threshold
    world.add("command", policy(recalibrate_every=200, alerts_per_1000=100))
    world.teach(151, 401)
    moved = [one for one in world.markers if "recalibrated" in one["reason"]]
    assert [one["reason"] for one in moved] == [
        "threshold recalibrated after 200 learned outcomes",
        "threshold recalibrated after 400 learned outcomes",
    ]
    assert {json.dumps(one["model"]) for one in moved} == {json.dumps(model)}
    assert moved[-1]["threshold"] == world.learner.threshold != before
    ranked = world.learner.competitors["logistic"].ranked
    assert world.learner.threshold == alert_threshold(ranked, 100.0)
    kinds = [one["kind"] for one in world.learner.trail.take()]
    assert kinds == ["BOOT", "PUBLISH", "POLICY", "RECALIBRATE", "RECALIBRATE"]


def test_a_held_version_keeps_its_threshold() -> None:
    world = World(**SMALL | {"every": 1_000}).teach(0, 150)
    world.add("command", policy(recalibrate_every=50, alerts_per_1000=100))
    world.add("command", command("PROMOTE", '{"name": "logistic", "version": 99}'))
    before = world.learner.threshold
    world.teach(152, 300)
    assert world.learner.threshold == before


def test_the_documents_name_every_setting_with_its_default() -> None:
    text = (ROOT / "infra/docs/governance.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    defaults = {name: json.dumps(value) for name, value in current(LearnPolicy()).items()}
    assert {name: value.strip() for name, value in shown.items()} == defaults


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"colour": 1}, "some of"),
        ({"publish_every": 1}, "an integer from 100"),
        ({"publish_every": "500"}, "an integer from 100"),
        ({"publish_every": True}, "an integer from 100"),
        ({"publish_every": 500.5}, "an integer from 100"),
        ({"publish_every": 3_000}, "a multiple of publish_every"),
        ({"alerts_per_1000": float("nan")}, "a number from"),
        ({"approve": "PROMOTE"}, "a list of some of"),
        ({"approve": ["APPROVE"]}, "a list of some of"),
        ({"separate": ["blend"]}, "a list of some of"),
        ({"separate": ["os:system"]}, "a list of some of"),
        ({"fast_sources": ["PRESUMED"]}, "a list of some of"),
        ({"promote_by_policy": 1}, "true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    settings: dict[str, Any], message: str
) -> None:
    world = World()
    before = world.learner.policy
    with pytest.raises(InvalidField, match=message):
        world.add("command", policy(**settings))
    assert world.learner.policy is before
    assert world.learner.changes == {}


def test_every_setting_is_read_where_it_is_written() -> None:
    wanted = {
        "publish_every": 500, "publish_all_every": 5_000, "recalibrate_every": 100,
        "rebuild_every": 10_000, "alerts_per_1000": 5.0, "promote_by_policy": False,
        "promote_row_by_row": True,
        "approve": ["PROMOTE"], "approve_hours": 2.0, "mature_days": 60,
        "separate": ["logistic", "splines"], "fast_sources": ["CUSTOMER", "TC40"],
        "control_share": 0.02, "control_seed": 7,
    }  # fmt: skip
    assert set(wanted) == set(SETTINGS)
    assert current(changed(LearnPolicy(), wanted)) == wanted
    defaults = current(LearnPolicy())
    assert all(wanted[name] != value for name, value in defaults.items())
    assert changed(LearnPolicy(), defaults) == LearnPolicy()


@pytest.mark.parametrize("kind", ["APPROVE", "RULES_DEMOTE"])
def test_what_must_not_wait_cannot_be_made_to(kind: str) -> None:
    with pytest.raises(InvalidField, match=rf"a list of some of .*, got \['PROMOTE', '{kind}'\]"):
        changed(LearnPolicy(), {"approve": ["PROMOTE", kind]})
