"""The learner is left at random points and taken up: nothing is learned twice, nothing differs."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from models.audit.chain import verify
from models.learn import Learner
from models.learn_policy import LearnPolicy
from schemas import topics
from streams.agents import learn
from streams.in_process import InProcessLibrary, InProcessLog, InProcessOutbox
from streams.outcome_log import InProcessOutcomeLog
from streams.records import LogRecord
from streams.task import META_KEY, Task
from streams.wire import codec
from tests.unit.models.learn_world import command, outcome

NAMES = ("amount", "count", "risk")
POLICY = LearnPolicy(first=50, every=100, slow_first=200, slow_every=400, rebuild=600)
MANY = 1_500
NOW = 1_900_000_000_000


def new() -> Learner:
    return Learner(NAMES, "f00d", POLICY)


def outcomes() -> list[bytes]:
    """Outcomes decided by the logistic regression of 200 outcomes ago; commands between them."""
    found = []
    for number in range(MANY):
        version = (number - 200) // 100 * 100 - 1
        model = {"name": "logistic", "version": version} if version > 0 else None
        source = "CUSTOMER" if number % 5 == 0 else "ISSUER"
        found.append(codec.encode("outcome", outcome(number, model=model, source=source)))
    found[900] = codec.encode("command", command("FREEZE"))
    found[950] = codec.encode("command", command("DANCE"))  # refused: a dead letter
    found[1_100] = codec.encode("command", command("RESUME"))
    found[1_150] = codec.encode("command", command("EXCLUDE", '{"source": "CUSTOMER"}'))
    found[1_200] = codec.encode("command", command("REBUILD"))
    found[1_300] = codec.encode("command", command("PROMOTE", '{"name": "blend"}'))
    found[1_350] = b"garbage"
    return found


class Run:
    """The learn stage over a log, in processes that die."""

    def __init__(self) -> None:
        self.log = InProcessLog(clock=lambda: NOW)
        for value in outcomes():
            self.log.append(topics.OUTCOMES, b"k", value)
        self.records: list[LogRecord] = self.log.partitions[topics.OUTCOMES, 0]
        self.changelog: dict[bytes, bytes] = {}
        self.start()

    def start(self) -> None:
        """A new process: restored from the changelog."""
        around = learn.Surroundings(InProcessLibrary(self.log), InProcessOutcomeLog(self.log))
        self.task = Task(
            "learn", 0, (topics.OUTCOMES,), new_state=new,
            unpack_state=lambda data: Learner.unpack(data, POLICY),
            outbox=InProcessOutbox(self.log), clock=lambda: NOW,
        )  # fmt: skip
        self.task.restore(self.changelog)
        learn.make_restored(around)(self.task)
        self.step = learn.make_step(around)

    def fold(self, stop: int, batch: int) -> None:
        """Fold up to ``stop`` in batches."""
        while (at := self.task.applied[topics.OUTCOMES] + 1) < stop:
            self.step(self.task, self.records[at : min(at + batch, stop)])

    def barrier(self, parts: int | None = None) -> None:
        """Write the state; only so many of its records, and no meta record, before a crash."""
        cut = self.task.cut()
        self.changelog.update([*cut.values.items()][:parts])
        if parts is None:
            self.changelog[META_KEY] = cut.meta

    @property
    def snapshots(self) -> dict[bytes, set[str]]:
        """The sha256 of what was published under each key."""
        found: dict[bytes, set[str]] = {}
        for record in self.log.partitions[topics.MODELS, 0]:
            body = codec.decode(record.value or b"")[1]
            found.setdefault(record.key or b"", set()).add(body["sha256"])
        return found

    @property
    def trail(self) -> list[dict[str, Any]]:
        """The entries of the audit trail, repeats included."""
        records = self.log.partitions[topics.AUDIT, 0]
        return [codec.decode(record.value or b"")[1] for record in records]

    @property
    def markers(self) -> list[bytes]:
        """The distinct markers, in order."""
        records = self.log.partitions[topics.ACTIVITY, 2]
        return list(dict.fromkeys(record.value or b"" for record in records))


@cache
def once() -> Run:
    run = Run()
    run.fold(MANY, 500)
    return run


@pytest.mark.parametrize("batch", [1, 97])
def test_batches_change_nothing(batch: int) -> None:
    run = Run()
    run.fold(MANY, batch)
    assert run.snapshots == once().snapshots
    assert run.markers == once().markers
    assert run.trail == once().trail
    assert run.task.entry(learn.KEY).state.pack() == once().task.entry(learn.KEY).state.pack()


@pytest.mark.parametrize("seed", range(4))
def test_crashes_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.chunks.LIMIT", 20_000)
    chance, run = random.Random(seed), Run()
    while (at := run.task.applied[topics.OUTCOMES] + 1) < MANY:
        run.fold(min(at + chance.randrange(1, 300), MANY), chance.choice([7, 50, 500]))
        if chance.random() < 0.7:
            run.barrier(None if chance.random() < 0.8 else chance.randrange(20))
        if chance.random() < 0.5:
            run.start()
    assert run.snapshots == once().snapshots
    assert all(len(hashes) == 1 for hashes in run.snapshots.values())
    assert set(run.markers) == set(once().markers)
    assert verify(run.trail) == [] == verify(once().trail)
    assert {one["hash"] for one in run.trail} == {one["hash"] for one in once().trail}
    assert run.task.entry(learn.KEY).state.pack() == once().task.entry(learn.KEY).state.pack()


def test_the_state_is_written_when_all_publish_only() -> None:
    run = Run()
    written = []
    for stop in range(50, MANY, 50):
        run.fold(stop, 50)
        cut = run.task.cut()
        if cut.values:
            written.append(stop)
    assert written[:2] == [200, 400]
    assert len(written) <= MANY // 400 + 3 + 2, "all publish where all is learned anew, too"


def test_everything_was_learned_anew_twice() -> None:
    """By policy after 600 learned outcomes, and by command; what the others here go over."""
    found = [(e["actor"], e["kind"], e["offset"]) for e in once().trail if e["kind"] == "REBUILD"]
    assert found == [("policy", "REBUILD", 599), ("ana", "REBUILD", 1_200)]
