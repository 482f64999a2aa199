"""drift: watches decisions as they are made, outcomes as they are observed, and says so.

```text
 decisions (4) ─► fold_event: a day's counts ─┐
 activity (4) ──► fold_event: a day's counts ─┴► drift-counts (1) ─► fold_counts ──► drift ─┐
 outcomes (1) ──► fold_outcome ────────────────────────────────────────────────────► drift ─┤
                                commands on fraud.outcomes, by policy ◄─ fold_signal ◄──────┘
```

Each partition counts by itself; the detectors see their sum, in one place. Of decisions the rules
that fired are counted, too (`streams.agents.rule_watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from models.drift.collecting import ArrivalCollector, Closed, Collector, DecisionCollector
from models.drift.consequences import Consequences
from models.drift.counts import DayCounts
from models.drift.merging import Merger
from models.drift.outcomes import OutcomeWatch
from models.drift.policy import DriftPolicy
from models.drift.readings import Edge, signal
from models.rule_policy import RatePolicy
from models.rule_rates import RuleRates
from schemas import topics
from streams.agents import rule_watch
from streams.metrics import METRICS
from streams.records import Record
from streams.stage import Stage, Step
from streams.task import Task
from streams.wire import codec

KEY = b"drift"
"""A stage's one state in a partition; the merging one has a state for each stage that counts."""

_MARKED = ("activity", "decision", "drift_counts")
"""One record makes one of these, so that its ``src`` tells a repeat."""

Fold = Callable[[Task, Any, dict[str, Any], Record], None]
Beside = Callable[[Task, Record, dict[str, Any]], None]
"""What else is to be done with an event that is no repeat."""


def stages(policy: DriftPolicy, rates: RatePolicy) -> tuple[Stage, ...]:
    """The five stages of the role."""
    partitions = topics.topic(topics.DECISIONS).partitions
    counts, signals = (topics.DRIFT_COUNTS,), (topics.DRIFT,)
    beside = partial(rule_watch.watch, policy=rates)
    return (
        _stage(
            "decisions", topics.DECISIONS, (*counts, *signals, topics.OUTCOMES),
            partial(step, expected="decision", beside=beside),
            new=DecisionCollector, unpack=unpack_decisions, partitions=partitions,
        ),
        _stage(
            "arrivals", topics.ACTIVITY, counts, partial(step, expected="activity"),
            new=ArrivalCollector, unpack=ArrivalCollector.unpack, partitions=partitions,
        ),
        _stage(
            "merge", topics.DRIFT_COUNTS, signals, partial(step, expected="drift_counts"),
            new=partial(Merger, policy, partitions), unpack=partial(Merger.unpack, policy=policy),
        ),
        _stage(
            "outcomes", topics.OUTCOMES, signals, partial(step, expected="outcome"),
            new=partial(OutcomeWatch, policy), unpack=partial(OutcomeWatch.unpack, policy=policy),
        ),
        _stage(
            "act", topics.DRIFT, (topics.OUTCOMES,), partial(step, expected="drift_signal"),
            new=partial(Consequences, policy), unpack=partial(Consequences.unpack, policy=policy),
        ),
    )  # fmt: skip


def _stage(
    name: str, source: str, targets: tuple[str, ...], step: Step,
    *, new: Callable[[], Any], unpack: Callable[[bytes], Any], partitions: int = 1,
) -> Stage:  # fmt: skip
    return Stage(
        name=f"drift-{name}", sources=(source,), targets=targets, partitions=partitions,
        changelog=f"fraud-drift-{name}-changelog", new_state=new, unpack_state=unpack, step=step,
    )  # fmt: skip


def unpack_decisions(data: bytes) -> DecisionCollector | RuleRates:
    """A state of the decisions' stage: what is counted for drift, or the rates of rules."""
    return RuleRates.unpack(data) if rule_watch.is_rates(data) else DecisionCollector.unpack(data)


def step(
    task: Task, records: Sequence[Record], *, expected: str, beside: Beside | None = None
) -> None:
    """Fold a batch: the events called ``expected``, and what is to be done ``beside``; others of
    the topic pass by."""
    for record in task.fresh(records):
        try:
            name, body = codec.decode(record.value or b"")
            if name != expected or (name in _MARKED and task.is_repeat(body["src"])):
                continue
            if beside is not None:
                beside(task, record, body)
            key = body["src"]["stage"].encode() if name == "drift_counts" else KEY
            entry = task.entry(key)
            if not task.is_applied(entry, record):
                _FOLDS[name](task, entry.state, body, record)
                task.touch(key, entry, record)
        except Exception as error:
            task.reject(record, error)


def fold_event(task: Task, state: Collector, event: dict[str, Any], record: Record) -> None:
    """Count a decision or an activity and send the days that it closed."""
    closed = state.add(event)
    if closed is not None:
        sent = counts_event(closed, source_of(task, record))
        key = str(task.partition).encode()
        task.emit(topics.DRIFT_COUNTS, key, codec.encode("drift_counts", sent))


def counts_event(closed: Closed, src: dict[str, Any]) -> dict[str, Any]:
    """The `drift_counts` event of a partition's finished days and their segments."""
    whole = [(day, "", counts) for day, counts in closed.days]
    days = [
        {"day": day, "counts": counts.pack(), "segment": segment}
        for day, segment, counts in (*whole, *closed.segments)
    ]
    return {"below": closed.below, "days": days, "src": src}


def fold_counts(task: Task, state: Merger, body: dict[str, Any], record: Record) -> None:
    """Merge a partition's days; send what changed."""
    found = [(one["day"], one["segment"], DayCounts.unpack(one["counts"])) for one in body["days"]]
    days = [(day, counts) for day, segment, counts in found if not segment]
    parts = [one for one in found if one[1]]
    send(task, state.take(body["src"]["partition"], body["below"], days, parts), record)


def fold_outcome(task: Task, state: OutcomeWatch, outcome: dict[str, Any], record: Record) -> None:
    """Watch an outcome; send what changed."""
    send(task, state.add(outcome), record)


def fold_signal(task: Task, state: Consequences, found: dict[str, Any], _record: Record) -> None:
    """Send the command that a signal causes by policy."""
    command = state.command(found)
    if command is not None:
        key = command["command_id"].encode()
        task.emit(topics.OUTCOMES, key, codec.encode("command", command))


def send(task: Task, edges: Sequence[Edge], record: Record) -> None:
    """Send a signal an edge."""
    for reading, state in edges:
        found = signal(reading, state, source_of(task, record))
        task.emit(topics.DRIFT, reading.subject.encode(), codec.encode("drift_signal", found))
        METRICS.drift_signals.labels(reading.subject, state).inc()


def source_of(task: Task, record: Record) -> dict[str, Any]:
    """Where a record lies, as marks have it."""
    return {"stage": task.stage, "partition": record.partition, "offset": record.offset}


_FOLDS: dict[str, Fold] = {
    "activity": fold_event,
    "decision": fold_event,
    "drift_counts": fold_counts,
    "outcome": fold_outcome,
    "drift_signal": fold_signal,
}
