"""Learned anew from the log: the clean model, in force, as a function of the log alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.learn import Learner
from models.learn_policy import LearnPolicy, alert_threshold
from models.learn_rebuild import Verdicts
from models.outcome import transaction_key
from models.policy_changes import changed
from models.portfolio import PORTFOLIO
from schemas.errors import InvalidField
from tests.unit.models.learn_world import NAMES, World, command, outcome

SMALL = {"first": 50, "every": 100, "slow_first": 200, "slow_every": 200, "clean_share": 0.0}
"""Many of these outcomes are frauds; `models.contest.opening` would wait for others."""
ONE: dict[str, Any] = {**SMALL, "competitors": ("logistic",)}
REBUILD = command("REBUILD", '{"reason": "a poisoned source"}', command_id="r")


def states(learner: Learner) -> dict[str, bytes]:
    return {name: one.state() for name, one in learner.competitors.items()}


def outcomes(world: World) -> list[tuple[int, dict[str, Any]]]:
    return [(at, body) for at, (name, body) in enumerate(world.log) if name == "outcome"]


def taught(lessons: list[tuple[int, dict[str, Any]]]) -> Learner:
    """A logistic regression that learned these alone."""
    learner = Learner(NAMES, "f00d", LearnPolicy(**ONE))
    for at, body in lessons:
        learner.learn(body, at)
    return learner


def poisoned(**policy: Any) -> World:
    """A third of the outcomes come from a source that calls everything fraud."""
    world = World(**ONE | policy)
    for number in range(600):
        model = world.learner.model
        more = {"source": "CUSTOMER", "label": "FRAUD"} if number % 3 == 0 else {}
        world.add("outcome", outcome(number, model=model, **more))
    return world


def exclude(source: str = "CUSTOMER", **more: Any) -> dict[str, Any]:
    return command("EXCLUDE", json.dumps({"source": source, **more}), command_id="e")


def test_where_nothing_is_left_out_everything_is_learned_alike() -> None:
    world = World(**SMALL).teach(0, 700)
    before, memory = states(world.learner), world.learner.memory.pack()
    ranked = list(world.learner.competitors["logistic"].ranked)
    counts = dict(world.learner.counts)
    said = world.add("command", REBUILD)
    assert states(world.learner) == before
    assert world.learner.memory.pack() == memory
    assert list(world.learner.competitors["logistic"].ranked) == ranked
    assert world.learner.counts == counts | {"rebuilds": 1}
    assert [one.key for one in said] == [f"model/{name}@700" for name in before]
    marker = said[-1].marker
    assert marker is not None
    assert marker["reason"] == (
        "models rebuilt by ana: a poisoned source; 700 of 700 outcomes learned anew"
    )
    assert marker["model"] == {"name": "logistic", "version": 700}
    entry = world.learner.trail.take()[-1]
    assert (entry["kind"], entry["result"], entry["actor"]) == ("REBUILD", "DONE", "ana")
    assert entry["published"].keys() == {one.key for one in said}


def test_an_excluded_source_is_gone_from_the_model_in_force() -> None:
    world = poisoned()
    world.add("command", exclude())
    (said,) = world.add("command", REBUILD)
    clean = taught([one for one in outcomes(world) if one[1]["source"] != "CUSTOMER"])
    assert states(world.learner) == states(clean)
    assert world.learner.trained_from == 1
    found = world.learner.counts
    assert (found["learned"], found["excluded"]) == (400, 200)
    assert said.record is not None
    assert said.record["metrics"]["learned"] == 400.0
    assert said.record["parent"] == 599
    assert world.learner.model == {"name": "logistic", "version": 601}


def test_a_source_that_was_taken_back_teaches_from_the_beginning() -> None:
    world = World(**ONE)
    world.add("command", exclude())
    world.teach(1, 200, source="CUSTOMER")
    assert world.learner.counts["learned"] == 0
    world.add("command", exclude(excluded=False))
    world.add("command", REBUILD)
    assert world.learner.counts["learned"] == 199


def test_each_transaction_teaches_its_last_verdict_alone() -> None:
    world = World(**ONE).teach(0, 300)
    wrong = [n for n in range(300) if n % 7 == 0]
    for n in wrong:  # reversed; some are reversed back; a presumption says nothing new
        first = outcome(n)["label"]
        other = "FRAUD" if first == "LEGITIMATE" else "LEGITIMATE"
        world.add("outcome", outcome(n, label=other, outcome_id=f"x{n}"))
        if n % 2:
            world.add("outcome", outcome(n, label=first, outcome_id=f"y{n}"))
        world.add("outcome", outcome(n, label="LEGITIMATE", presumed=True, outcome_id=f"p{n}"))
    assert world.learner.counts["corrected"] > len(wrong)
    last = {
        transaction_key(body): at for at, body in outcomes(world) if not body["presumed"]
    }  # fmt: skip
    clean = taught([one for one in outcomes(world) if last[transaction_key(one[1])] == one[0]])
    world.add("command", REBUILD)
    assert states(world.learner) == states(clean)
    assert world.learner.counts["corrected"] == 0
    assert world.learner.counts["learned"] == 300
    assert world.learner.counts["frauds"] == clean.counts["frauds"]


def test_what_was_dropped_stays_out() -> None:
    world = World(**ONE).teach(0, 100)
    world.add("command", command("FREEZE"))
    world.teach(101, 151)
    world.add("command", command("RESUME", '{"learn": false}'))
    world.add("command", REBUILD)
    assert (world.learner.counts["learned"], world.learner.counts["dropped"]) == (100, 50)


def test_a_restart_before_it_gives_the_same_bytes() -> None:
    world = poisoned()
    again = World(Learner.unpack(world.learner.pack(), world.learner.policy))
    again.shelf, again.log = world.shelf, [*world.log]
    for one in (world, again):
        one.add("command", exclude())
        one.add("command", REBUILD)
        one.teach(602, 900)
    assert again.learner.pack() == world.learner.pack()
    assert world.snapshots["model/logistic@601"] == again.snapshots["model/logistic@601"]


def test_it_is_refused_while_frozen() -> None:
    world = World(**ONE).teach(0, 100)
    world.add("command", command("FREEZE"))
    before = world.learner.pack()
    with pytest.raises(InvalidField, match="RESUME before it"):
        world.add("command", REBUILD)
    world.learner.trail.take()
    assert Learner.unpack(before, world.learner.policy).counts == world.learner.counts


def test_what_a_person_holds_stays_in_force() -> None:
    for payload, model in (
        ({"name": "logistic", "version": 49}, {"name": "logistic", "version": 49}),
        ({"name": "rules"}, None),
    ):
        world = World(**ONE).teach(0, 100)
        world.add("command", command("PROMOTE", json.dumps(payload)))
        said = world.add("command", REBUILD)[-1]
        assert said.marker is not None
        assert said.marker["model"] == model == world.learner.model
        assert world.learner.versions["logistic"][-1][0] == 101


def test_too_few_outcomes_make_no_version() -> None:
    world = poisoned()
    world.add("command", exclude("ISSUER"))
    world.add("command", exclude())
    (said,) = world.add("command", REBUILD)
    assert said.record is None
    assert said.marker is not None
    assert said.marker["model"] == {"name": "logistic", "version": 599}
    assert said.marker["reason"].endswith(
        "0 of 600 outcomes learned anew, too few for a version: what was in force stays"
    )


def test_a_log_without_its_beginning_is_not_learned_from() -> None:
    world = World(**ONE).teach(0, 100)
    world.outcomes = lambda first, stop: iter(  # type: ignore[method-assign] - retention
        [(at, *world.log[at]) for at in range(max(first, 10), stop)]
    )
    before = states(world.learner)
    with pytest.raises(InvalidField, match="from offset 0"):
        world.add("command", REBUILD)
    assert states(world.learner) == before


def test_a_version_that_cannot_be_read_changes_nothing() -> None:
    world = World(**SMALL).teach(0, 300)
    before, counts = states(world.learner), dict(world.learner.counts)
    world.shelf.snapshots.clear()
    world.shelf._compiled._scorers.clear()
    with pytest.raises(KeyError):
        world.add("command", REBUILD)
    assert (states(world.learner), world.learner.counts) == (before, counts)
    assert world.learner.trained_from == 0


def test_it_may_need_a_second_person() -> None:
    world = World(**ONE).teach(0, 100)
    world.add("command", command("POLICY", '{"set": {"approve": ["REBUILD"]}}'))
    world.add("command", REBUILD)
    assert world.learner.counts["rebuilds"] == 0
    world.add("command", command("APPROVE", '{"command_id": "r"}', actor="ben"))
    assert world.learner.counts["rebuilds"] == 1
    assert world.markers[-1]["reason"].startswith(
        "models rebuilt by ana: a poisoned source; approved by ben"
    )


# -- by policy ----------------------------------------------------------------------------------


def test_it_happens_after_so_many_learned_outcomes() -> None:
    world = World(**ONE | {"rebuild": 250})
    for number in range(400):
        first = outcome(number, model=world.learner.model)
        world.add("outcome", first)
        if number % 2 == 0:  # half of all transactions are reversed at once
            other = "FRAUD" if first["label"] == "LEGITIMATE" else "LEGITIMATE"
            world.add("outcome", first | {"label": other, "outcome_id": f"x{number}"})
    reasons = [m["reason"] for m in world.markers if "rebuilt" in m["reason"]]
    assert [one.partition(";")[0] for one in reasons] == [
        "models rebuilt by policy after 250 learned outcomes",
        "models rebuilt by policy after 250 learned outcomes",
    ]
    entries = [e for e in world.learner.trail.take() if e["kind"] == "REBUILD"]
    assert [(e["actor"], e["offset"]) for e in entries] == [("policy", 249), ("policy", 499)]
    assert world.learner.counts["rebuilds"] == 2


def test_it_never_happens_by_default_and_not_more_often_than_all_publish() -> None:
    assert LearnPolicy().rebuild == 0
    assert changed(LearnPolicy(), {"rebuild_every": 20_000}).rebuild == 20_000
    assert changed(LearnPolicy(), {"rebuild_every": 0}).rebuild == 0
    with pytest.raises(InvalidField, match="0, or publish_all_every"):
        changed(LearnPolicy(), {"rebuild_every": 9_999})


# -- thresholds and verdicts --------------------------------------------------------------------


def test_thresholds_follow_what_the_new_models_say() -> None:
    """On record is what the old ones said, by labels that are out by now."""
    world = World(**SMALL)
    for number in range(600):
        more = {"source": "CUSTOMER", "label": "FRAUD"} if number % 3 == 0 else {}
        world.add("outcome", outcome(number, model=world.learner.model, **more))
    world.add("command", exclude())
    world.add("command", REBUILD)
    model, said = PORTFOLIO["splines"](NAMES, world.learner.policy.seed), []
    for _, body in outcomes(world):
        if body["source"] != "CUSTOMER":
            row = [body["features"][name] for name in NAMES]
            said.append((model.score(row), 1.0))
            model.learn(row, body["label"] == "FRAUD", 1.0)
    assert model.pack() == states(world.learner)["splines"]
    expected = alert_threshold(said, world.learner.policy.alerts_per_1000)
    assert world.learner.versions["splines"][-1] == (601, expected)
    blend = world.learner.competitors["blend"].ranked
    assert len(blend) == len(said), "by what its members say now"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), max_size=60))
def test_verdicts_are_those_of_a_list_of_all(said: list[tuple[int, bool, bool]]) -> None:
    """Against a dictionary of everything; tiny, so that the filter errs often."""
    found = Verdicts(outcomes=len(said), bits=1)
    labels: dict[int, tuple[bool, int]] = {}
    for at, (key, fraud, presumed) in enumerate(said):
        found.note(at, key, fraud=fraud, presumed=presumed)
        if not presumed and (key not in labels or labels[key][0] is not fraud):
            labels[key] = (fraud, at)
    for at, (key, fraud, presumed) in enumerate(said):
        if not presumed and labels[key] == (fraud, at):
            same = [n for n, one in enumerate(said) if one[0] == key and one[1] is fraud]
            standing = [n for n in same if found.stands(n, key)]
            assert standing, "the last verdict teaches"
        elif key in labels and labels[key][0] is not fraud and at < labels[key][1]:
            assert not found.stands(at, key), "a verdict that was reversed does not"


def test_what_came_too_early_is_left_out_again() -> None:
    world = World(**ONE | {"clean_share": 0.9})
    for number in range(400):
        label = "FRAUD" if number < 100 or number % 100 == 0 else "LEGITIMATE"
        world.add("outcome", outcome(number, model=world.learner.model, label=label))
    before, opening = states(world.learner), world.learner.opening.data()
    counts = dict(world.learner.counts)
    assert counts["left_out"] > 50
    world.add("command", REBUILD)
    assert states(world.learner) == before
    assert world.learner.opening.data() == opening
    assert world.learner.counts == counts | {"rebuilds": 1}
