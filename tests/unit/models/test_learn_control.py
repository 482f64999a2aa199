"""What the learner announces, each under the sequence of its cause; a refusal changes nothing."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from models.audit.chain import Chain
from models.contest.promotion import PromotionPolicy
from models.decision import BOOT_SEQUENCE, Control
from models.learn import Learner
from models.learn_control import boot, control, publish
from models.rules import RuleError, baseline
from models.scorer import compile_snapshot
from schemas.errors import InvalidField, SchemaInvalid
from tests.unit.models.learn_world import DAY, World, command, outcome

MINE = "name: mine\nversion: 3\nrules: []\n"
SMALL = {"first": 50, "every": 100, "slow_first": 200, "slow_every": 200}


def order(yaml: object = MINE, **more: Any) -> dict[str, Any]:
    return command("RULES_APPLY", json.dumps({"yaml": yaml})) | more


def promote(**payload: Any) -> dict[str, Any]:
    return command("PROMOTE", json.dumps(payload))


def booted() -> Learner:
    learner = Learner()
    boot(learner)
    return learner


def test_boot_puts_the_shipped_rules_in_force_without_a_model() -> None:
    kind, key, record, marker = boot(Learner())
    assert (kind, key) == ("ruleset", "ruleset/baseline@1")
    assert record == baseline().record()
    assert marker is not None
    assert marker["sequence"] == BOOT_SEQUENCE
    assert marker["model"] is None
    assert marker["ruleset"] == {"name": "baseline", "version": 1}
    assert marker == boot(Learner()).marker


def test_a_published_model_can_be_scored_with_and_takes_over() -> None:
    learner = booted()
    ((kind, key, record, marker),) = publish(learner, ["logistic"], 500)
    assert (kind, key) == ("model_snapshot", "model/logistic@500")
    assert record is not None
    assert marker is not None
    assert compile_snapshot(record).ref == marker["model"] == {"name": "logistic", "version": 500}
    assert marker["threshold"] == learner.threshold == record["threshold"]
    first = boot(Learner()).marker
    assert first is not None
    assert Control.of(first).accepts(marker)
    assert control(learner, 500, marker["reason"]) == marker


def test_challengers_are_published_and_do_not_decide() -> None:
    world = World(**SMALL).teach(0, 200)
    last = [one for offset, one in world.said if offset == 199]
    names = [*world.learner.competitors]
    assert (names[0], names[-1]) == ("logistic", "blend")
    assert [one.key for one in last] == [f"model/{name}@199" for name in names]
    assert [one.marker is None for one in last] == [True] * (len(names) - 1) + [False]
    assert world.learner.model == {"name": "logistic", "version": 199}


def test_rules_apply_changes_the_rules_alone() -> None:
    world = World()
    before = publish(world.learner, ["logistic"], 0)[-1].marker
    assert before is not None
    ((kind, key, record, marker),) = world.add("command", order())
    assert record is not None
    assert (kind, key, record["yaml"]) == ("ruleset", "ruleset/mine@3", MINE)
    assert marker == {
        **before, "sequence": 0, "ruleset": {"name": "mine", "version": 3},
        "reason": "rules applied by ana",
    }  # fmt: skip
    assert Learner.unpack(world.learner.pack()).ruleset == {"name": "mine", "version": 3}


def test_a_version_is_never_used_for_other_rules() -> None:
    world = World()
    for yaml in (MINE, baseline().yaml, MINE):
        world.add("command", order(yaml))
    assert world.learner.ruleset == {"name": "mine", "version": 3}
    again = World(Learner.unpack(world.learner.pack()))
    with pytest.raises(RuleError, match="not used for other rules"):
        again.add("command", order(MINE + "\n"))


def test_a_version_is_promoted_and_held_until_told_otherwise() -> None:
    world = World(**SMALL).teach(0, 200)
    (said,) = world.add("command", promote(name="logistic", version=49, reason="it was better"))
    assert said.marker is not None
    assert said.marker["model"] == {"name": "logistic", "version": 49}
    assert said.marker["sequence"] == 200
    assert said.marker["reason"] == "promoted logistic@49 by ana: it was better"
    assert said.marker["threshold"] == dict(world.learner.versions["logistic"])[49]
    world.teach(201, 301)
    assert world.learner.model == {"name": "logistic", "version": 49}
    assert world.said[-1][1].marker is None  # published, not put in force
    world.add("command", promote(name="logistic"))
    assert world.learner.model == {"name": "logistic", "version": world.said[-2][0]}


def test_a_challenger_is_promoted_by_hand_and_followed() -> None:
    world = World(**SMALL).teach(0, 200)
    world.add("command", promote(name="blend"))
    assert world.learner.model == {"name": "blend", "version": 199}
    world.teach(201, 401)
    assert world.learner.model == {"name": "blend", "version": 400}
    assert [marker["model"]["name"] for marker in world.markers[-2:]] == ["blend", "blend"]


def test_while_frozen_nothing_is_learned_and_then_everything_is() -> None:
    plain, frozen = World(**SMALL).teach(0, 400), World(**SMALL).teach(0, 250)
    (said,) = frozen.add("command", command("FREEZE", '{"reason": "odd"}'))
    assert said.marker is not None
    assert said.marker["reason"] == "learning frozen by ana: odd"
    packed = frozen.learner.competitors["logistic"].state()
    for number in range(250, 400):
        assert (
            frozen.add("outcome", outcome(number, model={"name": "logistic", "version": 199})) == []
        )
    assert frozen.learner.competitors["logistic"].state() == packed
    assert frozen.learner.counts["queued"] == 150
    again = World(Learner.unpack(frozen.learner.pack(), frozen.learner.policy))
    again.shelf, again.log = frozen.shelf, [*frozen.log]
    for world in (frozen, again):
        said = world.add("command", command("RESUME"))[-1]
        assert said.marker is not None
        assert said.marker["reason"] == "learning resumed by ana"
        assert said.marker["model"] == {"name": "logistic", "version": 401}
        assert world.learner.counts["learned"] == 400
    assert again.learner.pack() == frozen.learner.pack()
    same = [one.competitors["logistic"].state() for one in (plain.learner, frozen.learner)]
    assert same[0] == same[1]


def test_what_queued_may_be_dropped_or_a_source_of_it_left_out() -> None:
    def resumed(*commands: dict[str, Any]) -> Learner:
        world = World(**SMALL).teach(0, 50)
        world.add("command", command("FREEZE"))
        world.teach(51, 101, source="ANALYST").teach(101, 111, source="ISSUER")
        for one in commands:
            world.add("command", one)
        return world.learner

    dropped = resumed(command("RESUME", '{"learn": false}'))
    assert (dropped.counts["learned"], dropped.counts["dropped"]) == (50, 60)
    left_out = resumed(command("EXCLUDE", '{"source": "ANALYST"}'), command("RESUME"))
    assert (left_out.counts["learned"], left_out.counts["excluded"]) == (60, 50)
    taken_back = resumed(
        command("EXCLUDE", '{"source": "ANALYST"}'),
        command("EXCLUDE", '{"source": "ANALYST", "excluded": false}'), command("RESUME"),
    )  # fmt: skip
    assert taken_back.counts["learned"] == 110


def test_a_flood_of_frauds_freezes_and_a_day_later_is_learned() -> None:
    world = World(competitors=("logistic",)).teach(0, 5 * 1_440)
    assert world.learner.frozen is None
    day = 5 * 1_440
    world.teach(day, day + 1_000, label="FRAUD")
    assert world.learner.frozen is not None
    (marker,) = [one for one in world.markers if "frozen" in one["reason"]]
    assert "the label rate jumped from" in marker["reason"]
    learned = world.learner.counts["learned"]
    world.teach(day + 1_000, day + 1_400)
    assert world.learner.counts["learned"] == learned
    world.add("outcome", outcome(day + 2_400, model=world.learner.model))
    assert world.learner.frozen is None
    assert world.learner.counts["learned"] == len(world.log)
    assert world.markers[-1]["reason"] == "learning resumed by policy"
    metrics = world.said[-1][1].record
    assert metrics is not None
    assert metrics["metrics"]["freezes"] == 1.0


def test_the_watermark_is_the_latest_observation() -> None:
    world = World().teach(0, 3)
    world.teach(1, 2)
    assert world.learner.watermark == 7 * DAY + 2 * 60_000


@pytest.mark.parametrize(
    ("record", "error", "message"),
    [
        (order("name: x"), RuleError, "command k1"),
        (order(7), InvalidField, "payload.yaml"),
        (order(payload="{"), InvalidField, "command.payload"),
        (order(payload="[]"), InvalidField, "command.payload"),
        (order(payload="{}"), InvalidField, "command.payload"),
        (order(kind="DANCE"), InvalidField, "command.kind"),
        (promote(), InvalidField, "command.payload"),
        (promote(name="oracle"), InvalidField, "payload.name"),
        (promote(name="logistic", version=5), InvalidField, "payload.version"),
        (promote(name="logistic", version="1"), InvalidField, "payload.version"),
        (promote(name="logistic"), InvalidField, "payload.version"),
        (command("RESUME"), InvalidField, "command.kind"),
        (command("EXCLUDE"), InvalidField, "command.payload"),
        (command("EXCLUDE", '{"source": "GOSSIP"}'), InvalidField, "payload.source"),
    ],
)
def test_a_refused_command_changes_nothing(
    record: dict[str, Any], error: type[Exception], message: str
) -> None:
    world = World()
    packed, end = world.learner.pack(), world.learner.trail.data()
    with pytest.raises(error, match=message):
        world.add("command", record)
    refusal = world.learner.trail.take()[-1]
    assert (refusal["result"], refusal["kind"]) == ("REFUSED", record["kind"])
    world.learner.trail = Chain(*end)  # the attempt is on record; nothing else has changed
    assert world.learner.pack() == packed


def test_a_second_freeze_and_a_foreign_record_are_refused() -> None:
    world = World()
    world.add("command", command("FREEZE"))
    with pytest.raises(InvalidField, match="RESUME: learning is frozen"):
        world.add("command", command("FREEZE"))
    with pytest.raises(SchemaInvalid, match="an outcome or a command"):
        world.add("decision", {})


EAGER = PromotionPolicy(mature_days=0, min_days=1, min_frauds=10, low=0.0, high=1e9)


def curved(world: World, start: int, stop: int) -> World:
    """Fraud lies in the middle of a feature: a line cannot find it, curves and trees can."""
    for number in range(start, stop):
        features = {"amount": 1.0, "count": 1.0, "risk": number * 0.618 % 1.0}
        fraud = 0.45 < features["risk"] < 0.5
        label = "FRAUD" if fraud else "LEGITIMATE"
        model = world.learner.model
        score = 0.05
        if model is not None:
            scorer = world.scorer(model["name"], model["version"])
            (score,) = scorer.score_many([[*features.values()]])
        world.add("outcome", outcome(
            number, label=label, features=features, model=model, score=score,
            card_id=f"c{number}",
        ))  # fmt: skip
    return world


def test_a_better_challenger_takes_over_by_policy() -> None:
    policy = {"promotion": EAGER, "alerts_per_1000": 50.0} | SMALL
    world = curved(World(**policy), 0, 2_400)
    (marker,) = [one for one in world.markers if "promoted" in one["reason"]][:1]
    assert "by policy" in marker["reason"]
    assert marker["model"]["name"] != "logistic"
    assert marker["model"]["version"] == marker["sequence"]
    assert world.learner.champion != "logistic"
    for kept in ({"automatic": False}, {"margin": 2.0}):
        other = policy | {"promotion": dataclasses.replace(EAGER, **kept)}
        assert curved(World(**other), 0, 2_400).learner.champion == "logistic", kept


def test_the_policy_promotes_nobody_while_a_version_is_held() -> None:
    policy = {"promotion": EAGER, "alerts_per_1000": 50.0} | SMALL
    world = curved(World(**policy), 0, 200)
    world.add("command", promote(name="logistic", version=199))
    assert curved(world, 201, 2_400).learner.model == {"name": "logistic", "version": 199}
