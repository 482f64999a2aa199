"""An order is a record of the log: it is carried out by a marker, refused, or waits."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from streams.cli.audit import audited
from streams.governance.audit import Recorded
from streams.governance.audit_refold import beside_a_refold
from streams.history.force import in_force, ref
from streams.history.left_out import LeftOut
from streams.history.memory import MemoryLog
from streams.history.orders import OrderPending, OrderRefused, carry_out, promotion
from streams.history.rebuild import Request
from tests.unit.streams.labelled_stream import new_learner, rebuilt, ticking
from tests.unit.streams.learning_alone import MANY, SOURCES, Learning, outcome, send


def test_a_promoted_version_is_in_force_and_held() -> None:
    learning = Learning()
    first, *_ = learning.versions()
    marker = learning.order("logistic", first.number)
    assert ref(marker["model"]) == first.ref
    assert marker["sequence"] == MANY
    learning.learn(MANY, MANY + 200)
    assert learning.versions()[-1].number > MANY
    now = in_force(MemoryLog(learning.log))
    assert now is not None
    assert ref(now["model"]) == first.ref
    by_name = learning.order("logistic", None)
    assert ref(by_name["model"]) == learning.versions()[-1].ref


def test_the_rebuild_folds_commands_too() -> None:
    learning = Learning()
    first, *_ = learning.versions()
    learning.order("logistic", first.number)
    found = rebuilt(MemoryLog(learning.log), Request())
    assert found.counts["commands"] == 1
    assert found.equals
    assert (found.snapshot["name"], found.snapshot["version"]) == ("logistic", first.number)


def frozen_for_a_while(*sources: str) -> Learning:
    """200 outcomes wait for a day and are read from the log again."""
    learning = Learning(sources)
    learning.command("FREEZE")
    learning.learn(MANY, MANY + 200)
    learning.command("RESUME")
    learning.learn(MANY + 200, MANY + 400)
    return learning


def test_what_waited_in_a_freeze_is_folded_as_it_was() -> None:
    learning, alone = frozen_for_a_while(*SOURCES), frozen_for_a_while("ANALYST")
    assert rebuilt(MemoryLog(learning.log), Request()).equals
    without = Request(without=LeftOut.parse(["source=CUSTOMER"]), name="logistic")
    found = rebuilt(MemoryLog(learning.log), without)
    assert found.counts["commands"] == 2
    assert found.snapshot["sha256"] == alone.versions()[-1].manifest["sha256"]
    assert found.snapshot["metrics"]["learned"] == 300


def test_final_labels_give_the_model_that_was_never_led_astray() -> None:
    """Ten frauds were called legitimate at first, and one legitimate transaction a fraud."""
    wrong, other = {n: outcome(n) for n in range(200)}, {}
    for number in [*range(9, 99, 9), 5]:
        known = wrong[number]["label"]
        other[number] = outcome(number, observed_at=10_000, source="CUSTOMER", outcome_id="late")
        wrong[number]["label"] = "LEGITIMATE" if known == "FRAUD" else "FRAUD"
        wrong[number]["outcome_id"] = f"early{number}"
    learning, right = Learning(count=0), Learning(count=0)
    learning.tell(*wrong.values(), *other.values(), *map(outcome, range(200, 500)))
    right.tell(*map(outcome, range(500)))
    (found, expected) = (
        rebuilt(MemoryLog(one.log), Request(labels_as_of=last, name="logistic"))
        for one, last in ((learning, 10_000), (right, 10_000))
    )
    assert found.counts["left_out"] == len(other)
    assert found.snapshot["sha256"] == expected.snapshot["sha256"]
    as_it_was = rebuilt(MemoryLog(learning.log), Request(name="logistic"))
    assert as_it_was.equals
    assert as_it_was.snapshot["sha256"] != found.snapshot["sha256"]


def test_a_refused_order_says_why() -> None:
    learning = Learning()
    with pytest.raises(OrderRefused, match="logistic"):
        learning.order("logistic", 77)
    found = rebuilt(MemoryLog(learning.log), Request())
    assert found.equals
    assert found.counts["refused"] == 1


def test_without_a_learner_an_order_waits_on_the_log() -> None:
    log = ticking()
    command = promotion("logistic", None, "ana", "")
    assert json.loads(command["payload"]) == {"name": "logistic"}
    with pytest.raises(OrderPending, match=r"fraud.outcomes@0: expected its marker within 0 s"):
        carry_out(MemoryLog(log), send(log), command, 0.0)
    assert len(log.read(topics.OUTCOMES)) == 1


def test_what_was_learned_anew_is_folded_as_it_was() -> None:
    """A source is excluded and its labels unlearned, on the log that two readers fold again."""
    learning = Learning()
    learning.send("EXCLUDE", source="CUSTOMER")
    learning.send("REBUILD", reason="customer is out")
    learning.learn(MANY, MANY + 200)
    found = rebuilt(MemoryLog(learning.log), Request())
    assert found.equals
    clean = Learning(("ANALYST",))
    clean.send("REBUILD")
    of = {one.number: one.manifest["sha256"] for one in learning.versions()}
    assert of[MANY + 1] == clean.versions()[-1].manifest["sha256"]
    audit = audited(MemoryLog(learning.log), deep=True)
    assert audit["whole"] is True
    entries = Recorded(MemoryLog(learning.log)).once
    assert beside_a_refold(MemoryLog(learning.log), entries, new_learner=new_learner) == []
    told = [(one["kind"], one["what"]) for one in audit["entries"]]
    assert (
        "REBUILD", "models rebuilt by ana: customer is out; 160 of 320 outcomes learned anew"
    ) in told  # fmt: skip
