"""A second approver: what waits does nothing until somebody else agrees, in time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.approval import HOUR_MS, ApprovalPolicy, approve, expired, wait
from models.audit.chain import verify
from models.learn import Learner
from models.learn_changes import plain
from schemas.errors import InvalidField
from tests.unit.models.learn_world import World, command

SMALL = {"first": 50, "every": 100, "slow_first": 200, "slow_every": 200}
TWO = ApprovalPolicy(kinds=("PROMOTE", "RULES_APPLY"))
RULES = json.dumps({"yaml": "name: mine\nversion: 3\nrules: []\n"})


def ordered(kind: str, payload: str = "{}", **more: Any) -> dict[str, Any]:
    return command(kind, payload, **{"command_id": kind.lower()} | more)


def approval(of: str, actor: str = "ben", at: int = 0) -> dict[str, Any]:
    return ordered("APPROVE", json.dumps({"command_id": of}), actor=actor, issued_at=at)


def world() -> World:
    """Two kinds need a second person; two versions are published."""
    return World(**SMALL, approval=TWO).teach(0, 100)


def results(of: World) -> list[tuple[str, str]]:
    return [(e["kind"], e["result"]) for e in of.learner.trail._new if e["command_id"]]


def test_what_waits_changes_nothing_until_somebody_else_agrees() -> None:
    here = world()
    before = here.learner.ruleset
    (said,) = here.add("command", ordered("RULES_APPLY", RULES))
    assert said.record is None
    assert said.marker is not None
    assert said.marker["ruleset"] == before == here.learner.ruleset
    assert said.marker["reason"] == (
        "RULES_APPLY of ana waits for a second approver, for 24 h: rules_apply"
    )
    (applied,) = here.add("command", approval("rules_apply"))
    assert applied.marker is not None
    assert applied.marker["ruleset"] == {"name": "mine", "version": 3}
    assert applied.marker["reason"] == "rules applied by ana; approved by ben"
    assert applied.marker["sequence"] == 101
    assert here.learner.pending == {}
    assert results(here) == [("RULES_APPLY", "WAITING"), ("APPROVE", "DONE")]
    entries = here.learner.trail.take()
    assert entries[-1]["approves"] == "rules_apply"
    assert "ruleset/mine@3" in entries[-1]["published"]
    assert verify(entries) == []


@pytest.mark.parametrize("actor", ["ana", " Ana ", "\uff21na"])
def test_the_same_person_cannot_agree_with_herself(actor: str) -> None:
    here = world()
    here.add("command", ordered("RULES_APPLY", RULES))
    with pytest.raises(InvalidField, match="somebody else than ana, who asked for it"):
        here.add("command", approval("rules_apply", actor))
    assert "rules_apply" in here.learner.pending
    assert results(here)[-1] == ("APPROVE", "REFUSED")
    here.add("command", approval("rules_apply", "zoe"))
    assert here.learner.ruleset == {"name": "mine", "version": 3}


def test_what_nobody_approves_in_time_expires() -> None:
    here = world()
    here.add("command", ordered("RULES_APPLY", RULES))
    with pytest.raises(InvalidField, match="It has expired: order it again"):
        here.add("command", approval("rules_apply", at=24 * HOUR_MS + 1))
    assert here.learner.pending == {}
    assert results(here)[1:] == [("RULES_APPLY", "EXPIRED"), ("APPROVE", "REFUSED")]
    with pytest.raises(InvalidField, match="one that waits"):
        here.add("command", approval("rules_apply"))
    assert here.learner.ruleset["name"] == "baseline"


def test_just_in_time_is_in_time() -> None:
    here = world()
    here.add("command", ordered("RULES_APPLY", RULES))
    here.add("command", approval("rules_apply", at=24 * HOUR_MS))
    assert here.learner.ruleset["name"] == "mine"


def test_what_could_not_be_carried_out_is_refused_at_once() -> None:
    here = world()
    for payload in ('{"name": "nobody"}', '{"name": "logistic", "version": 7}'):
        with pytest.raises(InvalidField, match="payload"):
            here.add("command", ordered("PROMOTE", payload))
    assert here.learner.pending == {}
    before = plain(here.learner)
    here.add("command", ordered("PROMOTE", '{"name": "logistic", "version": 49}'))
    assert plain(here.learner) == before | {"pending": here.learner.pending}  # no trace
    here.add("command", approval("promote"))
    assert here.learner.held == 49


def test_other_kinds_do_not_wait() -> None:
    here = world()
    here.add("command", ordered("FREEZE"))
    assert here.learner.frozen is not None


def test_a_policy_that_needs_two_cannot_be_switched_off_by_one() -> None:
    here = World(**SMALL)
    here.add("command", ordered("POLICY", '{"set": {"approve": ["PROMOTE"]}}'))
    assert here.learner.policy.approval.kinds == ("PROMOTE",)
    here.add("command", ordered("POLICY", '{"set": {"approve": []}}'))
    assert here.learner.policy.approval.kinds == ("PROMOTE",)
    here.add("command", approval("policy"))
    assert here.learner.policy.approval.kinds == ()


def test_a_learner_that_died_still_waits() -> None:
    here = world()
    here.add("command", ordered("RULES_APPLY", RULES))
    again = World(Learner.unpack(here.learner.pack(), here.learner.policy))
    again.add("command", approval("rules_apply"))
    assert again.learner.ruleset["name"] == "mine"


def test_an_id_waits_once_and_not_too_many_wait() -> None:
    pending: dict[str, dict[str, Any]] = {}
    policy = ApprovalPolicy(kinds=("PROMOTE",), most=2)
    wait(pending, ordered("PROMOTE"), policy)
    with pytest.raises(InvalidField, match="one that does not wait"):
        wait(pending, ordered("PROMOTE"), policy)
    wait(pending, ordered("PROMOTE", command_id="other"), policy)
    with pytest.raises(InvalidField, match="less than 2 that wait"):
        wait(pending, ordered("PROMOTE", command_id="third"), policy)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "approve"]), st.integers(0, 3), st.sampled_from("abc"),
        st.integers(0, 60),
    ),
    max_size=20,
)  # fmt: skip


@given(STEPS)
def test_carried_out_is_what_another_person_approved_in_time(
    steps: list[tuple[str, int, str, int]],
) -> None:
    """Against a list of all orders: no state but what was said."""
    policy, pending = ApprovalPolicy(kinds=("PROMOTE",), most=1_000), {}
    orders: dict[str, tuple[str, int] | None] = {}
    for what, number, actor, hour in steps:
        identity, now = str(number), hour * HOUR_MS
        alive = {k: v for k, v in orders.items() if v is not None and now - v[1] <= 24 * HOUR_MS}
        late = expired(pending, now, policy)
        orders = dict(alive)
        if what == "order" and identity not in orders:
            record = ordered("PROMOTE", command_id=identity, actor=actor, issued_at=now)
            wait(pending, record, policy)
            orders[identity] = (actor, now)
        elif what == "approve":
            known = orders.get(identity)
            good = known is not None and known[0] != actor
            try:
                approve(pending, approval(identity, actor, now), identity, late)
                del pending[identity], orders[identity]
            except InvalidField:
                assert not good
            else:
                assert good
        assert set(pending) == set(orders)
