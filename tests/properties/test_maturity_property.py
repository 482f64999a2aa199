"""Presumption against a naive one: any order, repeats, corrections, and crashes at any step."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.join import TRUSTED
from models.join_state import digest
from models.maturity import MaturityPolicy, keeps, source
from schemas import topics
from tests.properties.join_run import BASE, HOUR, JoinRun, decision

MANY = 4
POLICY = MaturityPolicy(sources=(source("ANALYST", 0.5, 1),), keep=0.5)
CARD = [f"c{n % 3}" for n in range(MANY)]
LABELS = 8
FLUSH = decision(99, 600, "APPROVE", card="other")

decided = st.tuples(st.integers(0, 60), st.sampled_from(["APPROVE", "REVIEW", "DECLINE"]))
said = st.fixed_dictionaries(
    {
        "number": st.integers(0, MANY - 1),
        "label": st.sampled_from(["FRAUD", "LEGITIMATE", "FRAUD", "LEGITIMATE", "INCONCLUSIVE"]),
        "hour": st.integers(60, 62),
        "source": st.sampled_from(TRUSTED),
        "supersedes": st.none() | st.integers(0, LABELS - 1),
    }
)
arrivals = st.lists(
    st.tuples(st.just("decision"), st.integers(0, MANY - 1))
    | st.tuples(st.just("label"), st.integers(0, LABELS - 1)),
    min_size=12,
    max_size=40,
)
publishing = st.tuples(st.just("publish"), st.integers(1, 8))
reading = st.tuples(st.sampled_from([topics.DECISIONS, topics.LABELS]), st.integers(1, 6))
ending = st.tuples(
    st.sampled_from(["barrier", "crash", "crash before commit", "crash in state"]),
    st.integers(0, 3),
)
steps = st.lists(publishing | reading | reading | ending, min_size=15, max_size=40)


def label(m: int, what: dict[str, Any]) -> dict[str, Any]:
    names, n = what["supersedes"], what["number"]
    return {
        "label_id": f"l{m}", "transaction_id": f"t{n}", "card_id": CARD[n],
        "terminal_id": None, "label": what["label"], "source": what["source"],
        "reason_code": None, "event_time": 0, "observed_at": BASE + what["hour"] * HOUR,
        "supersedes": None if names in (None, m) else f"l{names}",
    }  # fmt: skip


class World:
    """What is published, in order: tables of decisions and labels, and arrivals that name them."""

    def __init__(self, table: Any, labels: Any, order: Any) -> None:
        self.decisions = {n: decision(n, *table[n]) for n in range(MANY)}
        self.labels = {m: label(m, what) for m, what in enumerate(labels)}
        self.arrivals = [
            (topics.DECISIONS, self.decisions[n]) if kind == "decision" else
            (topics.LABELS, self.labels[n])
            for kind, n in numbered(order)
            if kind == "decision" or n in self.labels
        ] + [(topics.DECISIONS, FLUSH)]  # fmt: skip

    def records(self, topic: str, transaction_id: str) -> list[tuple[int, dict[str, Any]]]:
        """The arrivals about a transaction on a topic, with their places."""
        return [
            (place, record)
            for place, (to, record) in enumerate(self.arrivals)
            if to == topic and record["transaction_id"] == transaction_id
        ]

    def truth(self, transaction_id: str) -> str | None:
        """The label in force in the end, by folding labels as documented, in plain words."""
        in_force: dict[str, Any] | None = None
        time, named = 0, None
        for _, it in self.records(topics.LABELS, transaction_id):
            if it["label"] == "INCONCLUSIVE":
                continue
            if in_force is None:
                in_force, time, named = it, it["observed_at"], it["supersedes"]
                continue
            its_time = it["observed_at"]
            if it["supersedes"] == in_force["label_id"]:
                its_time = max(its_time, time + 1)
            if it["label_id"] == named:
                continue
            if strength(it, its_time) > strength(in_force, time):
                in_force, time, named = it, its_time, it["supersedes"] or named
        return None if in_force is None else in_force["label"]

    def labelled_in_time(self, transaction_id: str, event_time: int) -> bool:
        """Whether a conclusive label was published before anything of the maturity's time was."""
        first = [
            place
            for place, record in self.records(topics.LABELS, transaction_id)
            if record["label"] != "INCONCLUSIVE"
        ]
        matured = [
            place
            for place, (to, record) in enumerate(self.arrivals)
            if to == topics.DECISIONS and record["event_time"] >= event_time + POLICY.maturity_ms
        ]
        return bool(first) and first[0] < matured[0]


def numbered(order: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The order of arrival, decisions named in the order of their src: as scored."""
    names: dict[int, int] = {}
    return [
        (kind, names.setdefault(n, len(names)) if kind == "decision" else n) for kind, n in order
    ]


def strength(record: dict[str, Any], time: int) -> tuple[int, int, bytes]:
    return time, TRUSTED.index(record["source"]), digest(record["label_id"])


def play(world: World, ops: list[tuple[str, int]]) -> JoinRun:
    run, published = JoinRun(POLICY), 0
    for op, n in ops:
        if op == "publish":
            for topic, record in world.arrivals[published : published + n]:
                run.logs.publish(topic, record)
            published = min(published + n, len(world.arrivals))
        elif op == "barrier":
            run.barrier()
        elif op.startswith("crash"):
            if op != "crash":
                run.barrier(n if op == "crash in state" else None, commits=False)
            run.start()
        else:
            run.read(op, n)
    for topic, record in world.arrivals[published:]:
        run.logs.publish(topic, record)
    run.drain()
    return run


def check_outcomes(world: World, run: JoinRun) -> None:
    """Outcomes are a set by id; they say the naive truth; silence is judged once and rightly."""
    outcomes = run.outputs.bodies(topics.OUTCOMES)
    by_id: dict[str, dict[str, Any]] = {}
    heard: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for made in outcomes:
        said = {name: value for name, value in made.items() if name != "corrects"}
        assert by_id.setdefault(made["outcome_id"], said) == said, "two records for one id"
        heard[made["transaction_id"]].append(made)
    for n, first in world.decisions.items():
        transaction_id, mine = f"t{n}", heard.pop(f"t{n}", [])
        if not world.records(topics.DECISIONS, transaction_id):
            assert not mine, "an outcome without a decision"
            continue
        check_one(world, first, mine)
    assert not heard


def check_one(world: World, first: dict[str, Any], mine: list[dict[str, Any]]) -> None:
    transaction_id, truth = first["transaction_id"], world.truth(first["transaction_id"])
    open_to_silence = first["decision"] != "DECLINE"
    kept = open_to_silence and keeps(transaction_id, POLICY.keep)
    check_corrections(mine)
    presumed = [made["presumed"] for made in mine]
    if any(presumed):
        assert kept
        assert mine[presumed.index(True)]["weight"] == 2.0
        assert presumed == sorted(presumed, reverse=True), "presumed after somebody has spoken"
        assert not world.labelled_in_time(transaction_id, first["event_time"])
    if truth is None:
        assert any(presumed) == kept
        assert all(presumed)
    elif mine:
        assert mine[-1]["label"] == truth
    else:
        assert truth == "LEGITIMATE", "a label made no outcome"
        assert open_to_silence
        assert not kept, "confirms what was presumed, and others stand for it"


def check_corrections(mine: list[dict[str, Any]]) -> None:
    """What takes something back says at which weight it was sent; only an outcome that is sent
    again after a crash may have forgotten it."""
    sent: set[str] = set()
    for before, made in pairwise([None, *mine]):
        turns = before is not None and before["label"] != made["label"]
        allowed = {before["weight"] if before is not None and turns else 0.0}
        if made["outcome_id"] in sent or (before is not None and before["outcome_id"] in sent):
            allowed |= {0.0, 1.0, 2.0}
        assert made["corrects"] in allowed
        sent.add(made["outcome_id"])


def check_terminal(world: World, run: JoinRun) -> None:
    """The latest notice about a transaction says FRAUD exactly where the truth is."""
    latest: dict[str, tuple[int, str, str]] = {}
    for notice in run.outputs.bodies(topics.ACTIVITY):
        said = (notice["observed_at"], notice["outcome_id"], notice["label"])
        known = latest.setdefault(notice["transaction_id"], said)
        latest[notice["transaction_id"]] = max(known, said)
    frauds = {transaction_id for transaction_id, (_, _, verdict) in latest.items()
              if verdict == "FRAUD"}  # fmt: skip
    assert frauds == {
        f"t{n}"
        for n in world.decisions
        if world.records(topics.DECISIONS, f"t{n}") and world.truth(f"t{n}") == "FRAUD"
    }


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(decided, min_size=MANY, max_size=MANY),
    labels=st.lists(said, min_size=LABELS, max_size=LABELS),
    order=arrivals,
    ops=steps,
    calm=st.booleans(),
)
def test_silence_counts_once_whatever_happens(
    table: list[tuple[int, str]],
    labels: list[dict[str, Any]],
    order: list[tuple[str, int]],
    ops: list[tuple[str, int]],
    calm: bool,
) -> None:
    world = World(table, labels, order)
    if calm:
        ops = [("barrier", n) if op.startswith("crash") else (op, n) for op, n in ops]
    run = play(world, ops)
    check_outcomes(world, run)
    check_terminal(world, run)
    if calm:
        ids = [made["outcome_id"] for made in run.outputs.bodies(topics.OUTCOMES)]
        assert len(ids) == len(set(ids)), "an outcome twice, without a crash"
