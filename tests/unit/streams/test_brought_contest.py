"""A classifier of River competes by its name, from the learner's start to a decision of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest

from models.features import FEATURES
from models.learn import Learner
from models.learn_policy import LearnPolicy
from schemas import topics
from streams.agents.learn import KEY
from streams.cli import models, models_order, models_text
from streams.history.force import in_force, ref
from streams.history.memory import MemoryLog
from streams.history.orders import carry_out, promotion
from streams.history.rebuild import Request, rebuild
from streams.history.versions import Versions
from streams.in_process import InProcess, InProcessLibrary, InProcessLog
from streams.metrics import METRICS
from streams.published import VersionMissing
from streams.wire import codec
from tests.unit.streams.labelled_stream import ticking
from tests.unit.streams.learning_alone import outcome, send
from tests.unit.streams.whole_stream import bodies, publish, stages, transaction

BAYES, MONDRIAN = "river.naive_bayes:GaussianNB", "river.forest:AMFClassifier"
POLICY = LearnPolicy(
    competitors=("logistic", BAYES, MONDRIAN, "blend"), blended=("logistic", BAYES), first=50,
    every=150, slow_first=150, slow_every=300,
)  # fmt: skip
new_learner = partial(Learner, policy=POLICY)
MANY = 700
ROWS: list[list[float | None]] = [
    [float(at * 7 % 11) if (at + place) % 5 else None for place in range(len(FEATURES.names))]
    for at in range(40)
]


def test_who_is_scored_row_by_row_is_known() -> None:
    """A blend is as slow as the slowest of its members."""
    slow = {name for name, one in new_learner().competitors.items() if one.row_by_row}
    assert slow == {BAYES, MONDRIAN, "blend"}
    assert not any(one.row_by_row for one in Learner().competitors.values())


class Contest:
    """Every stage over one log; outcomes are told, as if transactions had been labelled."""

    def __init__(self, log: InProcessLog | None = None) -> None:
        self.log = log or ticking()
        unpack = partial(Learner.unpack, policy=POLICY)
        every = [
            replace(one, new_state=new_learner, unpack_state=unpack) if one.name == "learn" else one
            for one in stages(self.log)
            if one.name in ("profile", "score", "learn")
        ]
        self.stages = InProcess(every, self.log)
        self.stages.run()

    def told(self, first: int, last: int) -> Contest:
        for number in range(first, last):
            self.log.append(topics.OUTCOMES, b"", codec.encode("outcome", outcome(number)))
        self.stages.run()
        return self

    def order(self, name: str, version: int | None) -> dict[str, Any]:
        command = promotion(name, version, "ana", "the test says so", issued_at=1)
        log = MemoryLog(self.log)
        return carry_out(log, send(self.log), command, 5.0, pause=self.stages.run)

    @property
    def learner(self) -> Learner:
        (task,) = [one.tasks[0] for one in self.stages.stages if one.stage.name == "learn"]
        learner: Learner = task.entry(KEY).state
        return learner

    @property
    def hashes(self) -> dict[str, str]:
        found = [one for one in bodies(self.log, topics.MODELS) if "payload" in one]
        return {f"{one['name']}@{one['version']}": one["sha256"] for one in found}


@cache
def contest() -> Contest:
    return Contest().told(0, MANY)


@pytest.mark.parametrize("name", [BAYES, MONDRIAN])
def test_a_scorer_says_the_bits_of_the_learner(name: str) -> None:
    running = contest()
    learner = Learner.unpack(running.learner.pack(), POLICY)
    record = learner.publish((name,), 10_000)[0]
    library = InProcessLibrary(running.log)
    with pytest.raises(VersionMissing):
        library.scorer((name, 10_000))
    latest = running.learner.competitors[name].latest
    assert latest is not None
    found = library.scorer((name, latest))
    assert found.ref == {"name": name, "version": latest}
    then = Contest().told(0, latest + 1).learner
    expected = then.competitors[name].scores(ROWS, {})
    assert found.score_many(ROWS) == list(expected)
    assert len({*expected}) > 5
    assert record["kind"] == "river.form"


def test_it_passes_the_probe_and_is_combined() -> None:
    running = contest()
    assert running.learner.counts["refused"] == 0
    assert {key.split("@")[0] for key in running.hashes} == set(POLICY.competitors)


def test_restored_from_its_state_it_goes_on_with_the_same_bits() -> None:
    half = Contest().told(0, 400)
    again = Learner.unpack(half.learner.pack(), POLICY)
    assert again.pack() == half.learner.pack()
    for number in range(400, MANY):
        assert again.learn(outcome(number), number)
    whole = Contest().told(0, MANY)
    assert [one.state() for one in again.competitors.values()] == [
        one.state() for one in whole.learner.competitors.values()
    ]
    assert whole.hashes == contest().hashes


def test_it_is_promoted_by_name_decides_and_is_rolled_back() -> None:
    running = Contest().told(0, MANY)
    log, versions = MemoryLog(running.log), Versions(MemoryLog(running.log))
    name, number = models_order.meant(versions, BAYES)
    assert (name, number) == (BAYES, None)
    marker = running.order(name, number)
    newest = versions.find(BAYES)
    assert ref(marker["model"]) == newest.ref == f"{BAYES}@{newest.number}"
    publish(running.log, topics.TRANSACTIONS, "transaction", [transaction(n) for n in range(30)])
    running.stages.run()
    decisions = [one for one in bodies(running.log, topics.DECISIONS) if one["model"] is not None]
    assert {one["model"]["name"] for one in decisions} == {BAYES}
    scorer = InProcessLibrary(running.log).scorer((BAYES, newest.number))
    for one in decisions:
        row = [one["features"][feature] for feature in FEATURES.names]
        assert scorer.score_many([row]) == [one["score"]]
    assert METRICS.model_version.labels(BAYES)._value.get() == newest.number
    held = models_order.meant(versions, newest.ref)
    assert ref(running.order(*held)["model"]) == newest.ref
    before = models_order.previous(log)
    assert before.startswith("logistic@")
    assert ref(running.order(*models_order.meant(versions, before))["model"]) == before
    now = in_force(MemoryLog(running.log))
    assert now is not None
    assert ref(now["model"]) == before


def test_the_log_gives_it_again() -> None:
    found = rebuild(MemoryLog(contest().log), Request(name=MONDRIAN), new_learner=new_learner)
    assert found.equals
    assert (found.snapshot["name"], found.snapshot["kind"]) == (MONDRIAN, "river.form")


def test_what_the_command_line_says_of_it() -> None:
    log = MemoryLog(contest().log)
    first, *_, last = models.listed(log, MONDRIAN)["versions"]
    assert f"{MONDRIAN}@{last['version']}" in models_text.table(models.listed(log, None))
    shown = models.shown(log, f"{MONDRIAN}@{last['version']}")
    held = shown["contents"]
    assert (held["form"], held["class"], held["full"]) == ("river", "AMFClassifier", False)
    assert held["lessons"] > 0
    assert "AMFClassifier" in models_text.described(shown)
    pair = [f"{MONDRIAN}@{one['version']}" for one in (first, last)]
    differing = models.differing(log, *pair)
    assert differing["contents"]["lessons"][2] > 0
    assert models_text.compared(differing).startswith(f"{pair[0]} -> {pair[1]}: other weights")
