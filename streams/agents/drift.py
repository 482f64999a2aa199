"""drift: watches decisions as they are made, outcomes as they are observed, and says so.

```text
 decisions (4) ─► fold_event: a day's counts ─┐
 activity (4) ──► fold_event: a day's counts ─┴► drift-counts (1) ─► fold_counts ──► drift ─┐
 outcomes (1) ──► fold_outcome ────────────────────────────────────────────────────► drift ─┤
                                commands on fraud.outcomes, by policy ◄─ fold_signal ◄──────┘
```

Each partition counts by itself; the detectors see their sum, in one place.
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
from schemas import topics
from streams.metrics import METRICS
from streams.records import Record
from streams.stage import Stage
from streams.task import Task
from streams.wire import codec

KEY = b"drift"
"""A stage's one state in a partition; the merging one has a state for each stage that counts."""

_MARKED = ("activity", "decision", "drift_counts")

Fold = Callable[[Task, Any, dict[str, Any], Record], None]


def stages(policy: DriftPolicy) -> tuple[Stage, ...]:
    """The five stages of the role."""
    partitions = topics.topic(topics.DECISIONS).partitions
    return (
        _stage("decisions", topics.DECISIONS, (topics.DRIFT_COUNTS,), "decision", fold_event,
               DecisionCollector, DecisionCollector.unpack, partitions),
        _stage("arrivals", topics.ACTIVITY, (topics.DRIFT_COUNTS,), "activity", fold_event,
               ArrivalCollector, ArrivalCollector.unpack, partitions),
        _stage("merge", topics.DRIFT_COUNTS, (topics.DRIFT,), "drift_counts", fold_counts,
               partial(Merger, policy, partitions), partial(Merger.unpack, policy=policy)),
        _stage("outcomes", topics.OUTCOMES, (topics.DRIFT,), "outcome", fold_outcome,
               partial(OutcomeWatch, policy), partial(OutcomeWatch.unpack, policy=policy)),
        _stage("act", topics.DRIFT, (topics.OUTCOMES,), "drift_signal", fold_signal,
               partial(Consequences, policy), partial(Consequences.unpack, policy=policy)),
    )  # fmt: skip


def _stage(
    name: str, source: str, targets: tuple[str, ...], expected: str, fold: Fold,
    new_state: Callable[[], Any], unpack_state: Callable[[bytes], Any], partitions: int = 1,
) -> Stage:  # fmt: skip
    return Stage(
        name=f"drift-{name}", sources=(source,), targets=targets, partitions=partitions,
        changelog=f"fraud-drift-{name}-changelog", new_state=new_state, unpack_state=unpack_state,
        step=partial(step, expected=expected, fold=fold, marked=expected in _MARKED),
    )  # fmt: skip


def step(
    task: Task, records: Sequence[Record], *, expected: str, fold: Fold, marked: bool
) -> None:
    """Fold a batch: the events called ``expected``; others of the topic pass by.

    ``marked``: one record makes one such event, so that its ``src`` tells a repeat.
    """
    for record in task.fresh(records):
        try:
            name, body = codec.decode(record.value or b"")
            if name != expected or (marked and task.is_repeat(body["src"])):
                continue
            key = body["src"]["stage"].encode() if expected == "drift_counts" else KEY
            entry = task.entry(key)
            if not task.is_applied(entry, record):
                fold(task, entry.state, body, record)
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
    """The `drift_counts` event of a partition's finished days."""
    days = [{"day": day, "counts": counts.pack()} for day, counts in closed.days]
    return {"below": closed.below, "days": days, "src": src}


def fold_counts(task: Task, state: Merger, body: dict[str, Any], record: Record) -> None:
    """Merge a partition's days; send what changed."""
    days = [(one["day"], DayCounts.unpack(one["counts"])) for one in body["days"]]
    send(task, state.take(body["src"]["partition"], body["below"], days), record)


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
        METRICS.drift_signals.labels(reading.subject).inc()


def source_of(task: Task, record: Record) -> dict[str, Any]:
    """Where a record lies, as marks have it."""
    return {"stage": task.stage, "partition": record.partition, "offset": record.offset}
