"""Where promotions need a second person, the policy only proposes one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from models.approval import HOUR_MS, ApprovalPolicy
from models.audit.chain import verify
from models.learn import Learner
from schemas.errors import InvalidField
from streams.governance.audit import concerning
from streams.governance.waiting import waiting
from tests.unit.models.learn_world import World, command
from tests.unit.models.test_learn_control import EAGER, SMALL, curved

TWO = ApprovalPolicy(kinds=("PROMOTE",))
MANY = 1_200


def world(**more: Any) -> World:
    """A challenger is better, and its promotion needs somebody's word."""
    policy = {"promotion": EAGER, "alerts_per_1000": 50.0, "approval": TWO} | SMALL | more
    return curved(World(**policy), 0, MANY)


def approval(of: str, actor: str = "ben", at: int = 0) -> dict[str, Any]:
    payload = json.dumps({"command_id": of})
    return command("APPROVE", payload, command_id="yes", actor=actor, issued_at=at)


def proposed(here: World) -> dict[str, Any]:
    """The one that waits."""
    (found,) = here.learner.pending.values()
    return found


def test_a_better_challenger_waits_for_a_person() -> None:
    here = world()
    assert here.learner.champion == "logistic"
    one = proposed(here)
    assert (one["kind"], one["actor"]) == ("PROMOTE", "policy")
    said = [m["reason"] for m in here.markers if "waits" in m["reason"]]
    assert len(said) == 1, "once, though it was found better again"
    name = json.loads(one["payload"])["name"]
    assert re.search(rf"{name}@\d+ is better", said[0])
    assert said[0].endswith(
        f"PROMOTE of policy waits for a second approver, for 24 h: {one['command_id']}"
    )
    entries = here.learner.trail.take()
    (listed,) = waiting(entries)
    assert (listed["command_id"], listed["actor"]) == (one["command_id"], "policy")
    assert name in listed["what"]
    assert [one["result"] for one in concerning(entries, name)] == ["WAITING"]
    assert verify(entries) == []


def test_a_person_lets_it_go() -> None:
    here = world()
    one = proposed(here)
    here.learner.trail.take()
    with pytest.raises(InvalidField, match=r"command\.actor"):
        here.add("command", approval(one["command_id"], "policy"))
    (said,) = here.add("command", approval(one["command_id"]))
    assert said.marker is not None
    name = json.loads(one["payload"])["name"]
    assert said.marker["model"]["name"] == name == here.learner.champion
    assert said.marker["reason"].startswith(f"promoted {name}@")
    assert said.marker["reason"].endswith("; approved by ben")
    assert here.learner.pending == {}
    assert here.learner.trail.take()[-1]["approves"] == one["command_id"]


def test_it_expires_by_the_streams_own_time_and_is_proposed_again() -> None:
    here = world(approval=ApprovalPolicy(kinds=("PROMOTE",), hours=4.0))
    first = [e for e in here.learner.trail.take() if e["result"] in ("WAITING", "EXPIRED")]
    assert [e["result"] for e in first][:3] == ["WAITING", "EXPIRED", "WAITING"]
    assert first[1]["at"] - first[0]["at"] == 0
    assert first[0]["command_id"] == first[1]["command_id"] != first[2]["command_id"]
    years_later = HOUR_MS * 24 * 3_650  # on the approver's clock: the stream is a replay
    here.add("command", approval(proposed(here)["command_id"], at=years_later))
    assert here.learner.champion != "logistic"


def test_it_is_not_carried_out_against_a_person() -> None:
    here = world(approval=ApprovalPolicy(kinds=()))
    assert here.learner.champion != "logistic"
    here = world()
    one = proposed(here)
    here.learner.hold("logistic", 49)
    with pytest.raises(InvalidField, match="held by a person"):
        here.add("command", approval(one["command_id"]))
    assert here.learner.held == 49


def test_a_learner_that_died_still_proposes_it() -> None:
    here = world()
    again = Learner.unpack(here.learner.pack(), here.learner.policy)
    assert again.pending == here.learner.pending
