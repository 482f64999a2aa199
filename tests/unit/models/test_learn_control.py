"""What the learner announces, each under the sequence of its cause; a refusal changes nothing."""

import json
from typing import Any

import pytest

from models.decision import BOOT_SEQUENCE, Control
from models.learn import Learner
from models.learn_control import boot, command, control, publish
from models.rules import RuleError, baseline
from models.scorer import compile_snapshot
from schemas.errors import InvalidField

MINE = "name: mine\nversion: 3\nrules: []\n"


def order(yaml: object = MINE, **more: Any) -> dict[str, Any]:
    return {
        "command_id": "k1", "kind": "RULES_APPLY", "payload": json.dumps({"yaml": yaml}),
        "actor": "ana", "issued_at": 0, **more,
    }  # fmt: skip


def booted() -> Learner:
    learner = Learner()
    boot(learner)
    return learner


def test_boot_puts_the_shipped_rules_in_force_without_a_model() -> None:
    kind, key, record, marker = boot(Learner())
    assert (kind, key) == ("ruleset", "ruleset/baseline@1")
    assert record == baseline().record()
    assert marker["sequence"] == BOOT_SEQUENCE
    assert marker["model"] is None
    assert marker["ruleset"] == {"name": "baseline", "version": 1}
    assert marker == boot(Learner()).marker


def test_a_published_model_can_be_scored_with_and_takes_over() -> None:
    learner = booted()
    kind, key, record, marker = publish(learner, 500)
    assert (kind, key) == ("model_snapshot", "model/logistic@500")
    assert compile_snapshot(record).ref == marker["model"] == {"name": "logistic", "version": 500}
    assert marker["threshold"] == learner.threshold
    assert Control.of(boot(Learner()).marker).accepts(marker)
    assert control(learner, 500, marker["reason"]) == marker


def test_rules_apply_changes_the_rules_alone() -> None:
    learner = booted()
    before = publish(learner, 500).marker
    kind, key, record, marker = command(learner, order(), 501)
    assert (kind, key, record["yaml"]) == ("ruleset", "ruleset/mine@3", MINE)
    assert marker == {
        **before, "sequence": 501, "ruleset": {"name": "mine", "version": 3},
        "reason": "rules applied by ana",
    }  # fmt: skip
    assert Learner.unpack(learner.pack()).ruleset == {"name": "mine", "version": 3}


def test_a_version_is_never_used_for_other_rules() -> None:
    learner = booted()
    command(learner, order(), 1)
    command(learner, order(baseline().yaml), 2)
    assert command(learner, order(), 3).marker["ruleset"] == {"name": "mine", "version": 3}
    learner = Learner.unpack(learner.pack())
    with pytest.raises(RuleError, match="not used for other rules"):
        command(learner, order(MINE + "\n"), 4)


@pytest.mark.parametrize(
    ("record", "error", "message"),
    [
        (order("name: x"), RuleError, "command k1"),
        (order(7), InvalidField, "payload.yaml"),
        (order(payload="{"), InvalidField, "command.payload"),
        (order(payload="[]"), InvalidField, "command.payload"),
        (order(payload="{}"), InvalidField, "command.payload"),
        (order(kind="DANCE"), InvalidField, "command.kind"),
    ],
)
def test_a_refused_command_changes_nothing(
    record: dict[str, Any], error: type[Exception], message: str
) -> None:
    learner = booted()
    packed = learner.pack()
    with pytest.raises(error, match=message):
        command(learner, record, 9)
    assert learner.pack() == packed
