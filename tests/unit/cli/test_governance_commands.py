"""`fraud card`, `report`, `audit`, `approve`, `policy`: what they print and do not accept."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka.ports import free_port
from models.learn_policy import LearnPolicy
from streams.cli import approve, policy
from streams.cli.audit import audited
from streams.history.memory import MemoryLog
from streams.history.orders import carry_out, is_waiting, ordered
from streams.in_process import InProcessLog
from tests.unit.cli.running import Fraud
from tests.unit.streams.learning_alone import Learning, send


@pytest.mark.parametrize(
    "arguments",
    [
        ("card", "logistic"),
        ("report", "--week"),
        ("audit",),
        ("approve",),
        ("policy", "show"),
        ("policy", "set", "publish_every=500", "--actor", "ana"),
        ("learning", "freeze", "--actor", "ana"),
        ("learning", "resume", "--actor", "ana", "--drop"),
        ("learning", "exclude", "customer", "--actor", "ana"),
        ("learning", "rebuild", "--actor", "ana"),
        ("learning", "exclude", "customer", "--actor", "ana", "--undo"),
    ],
)
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud(*arguments, "--bootstrap", nowhere, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert nowhere in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "--check", "12"), "expected NUMBER:HASH"),
        (("audit", "--check", "12:" + "x" * 64), "expected NUMBER:HASH"),
        (("report", "--week", "soon"), "expected a date such as"),
    ],
)
def test_arguments_say_what_they_expect(
    fraud: Fraud, arguments: tuple[Any, ...], message: str
) -> None:
    ran = fraud(*arguments)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())


def decided_by_two() -> Learning:
    """Promotions need a second person; one waits."""
    learning = Learning()
    learning.send("POLICY", set={"approve": ["PROMOTE"], "publish_every": 100}, reason="we agreed")
    learning.send("PROMOTE", name="logistic")
    return learning


def test_what_waits_is_listed_until_it_is_approved() -> None:
    learning = decided_by_two()
    found = approve.listed(MemoryLog(learning.log))
    (one,) = found["waiting"]
    assert (one["kind"], one["actor"]) == ("PROMOTE", "ana")
    assert (one["issued"], one["until"]) == ("2023-11-14T22:13:20Z", "2023-11-15T22:13:20Z")
    assert approve.text(found) == "PROMOTE-ana  PROMOTE of ana, until 2023-11-15T22:13:20Z"
    learning.send("APPROVE", "ben", command_id="PROMOTE-ana")
    assert approve.text(approve.listed(MemoryLog(learning.log))) == "nothing waits"
    audit = audited(MemoryLog(learning.log), deep=True)
    assert audit["whole"] is True
    assert audit["entries"][-1]["what"] == "promoted logistic@299 by ana; approved by ben"


def test_an_order_says_that_it_waits() -> None:
    learning = decided_by_two()
    learning.send("APPROVE", "ben", command_id="PROMOTE-ana")
    command = ordered("PROMOTE", {"name": "logistic"}, "ana", issued_at=1)
    marker = carry_out(MemoryLog(learning.log), send(learning.log), command, 5.0, learning.pause)
    assert is_waiting(command, marker["reason"])
    other = ordered("FREEZE", {}, "ana", issued_at=1)
    marker = carry_out(MemoryLog(learning.log), send(learning.log), other, 5.0, learning.pause)
    assert not is_waiting(other, marker["reason"])


def test_the_policy_shows_who_set_what() -> None:
    found = policy.shown(MemoryLog(decided_by_two().log))
    settings = {one["name"]: one for one in found["settings"]}
    assert settings["publish_every"]["value"] == 100
    assert settings["publish_every"]["default"] == LearnPolicy().every
    assert settings["publish_every"]["set_by"]["actor"] == "ana"
    assert settings["alerts_per_1000"]["set_by"] is None
    text = policy.text(found)
    assert 'approve            ["PROMOTE"]' in text
    assert "by ana: we agreed" in text
    assert text.count("; default") == len(found["settings"]) - 2
    empty = policy.shown(MemoryLog(InProcessLog(clock=lambda: 0)))
    assert all(one["value"] == one["default"] for one in empty["settings"])


@pytest.mark.parametrize("text", ["publish_every", "colour=1", "publish_every=often"])
def test_a_setting_is_a_name_and_a_value(fraud: Fraud, text: str) -> None:
    ran = fraud("policy", "set", text, "--actor", "ana")
    assert ran.code == 2
    assert "expected" in ran.err


def test_who_approves_is_named(fraud: Fraud) -> None:
    assert fraud("approve", "promote-1").code == 2
    assert fraud("approve", "promote-1", "--actor", " ").code == 2
    assert fraud("policy", "set", "publish_every=500").code == 2


def test_what_the_policy_proposes_is_listed_with_its_reason() -> None:
    one = {"command_id": "promote-policy-7", "kind": "PROMOTE", "actor": "policy", "until": "x",
           "what": "blend is better (9 cards); PROMOTE of policy waits"}  # fmt: skip
    assert approve.text({"waiting": [one]}) == (
        "promote-policy-7  PROMOTE of policy, until x: blend is better (9 cards)"
    )
