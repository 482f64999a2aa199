"""drift: watches scores as they are decided and labels as they are observed.

A detector a partition, fed by event-time buckets; what it sees is sent as a signal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.drift import DriftDetector, observe_decision, observe_outcome
from schemas import topics
from streams.metrics import METRICS
from streams.records import Record
from streams.task import Entry, Task
from streams.wire import codec

Observe = Callable[[DriftDetector, Mapping[str, Any], Mapping[str, Any]], list[dict[str, Any]]]

SCORE = b"score"
LABEL_RATE = b"label_rate"


def score_detector() -> DriftDetector:
    """An empty detector of the score."""
    return DriftDetector(SCORE.decode())


def label_rate_detector() -> DriftDetector:
    """An empty detector of the share of frauds among outcomes."""
    return DriftDetector(LABEL_RATE.decode())


def on_decisions(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.decisions``."""
    watch(task, records, SCORE, "decision", observe_decision)


def on_outcomes(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.outcomes``; commands pass by."""
    watch(task, records, LABEL_RATE, "outcome", observe_outcome)


def watch(
    task: Task, records: Sequence[Record], key: bytes, expected: str, observe: Observe
) -> None:
    """Feed the detector under ``key`` with the events called ``expected``."""
    entry = task.entry(key)
    for record in task.fresh(records):
        try:
            if not task.is_applied(entry, record):
                fold(task, entry, record, expected, observe)
                task.touch(key, entry, record)
        except Exception as error:
            task.reject(record, error)


def fold(task: Task, entry: Entry, record: Record, expected: str, observe: Observe) -> None:
    """Take one event in and send what the detector signals."""
    name, body = codec.decode(record.value or b"")
    if name != expected:
        return
    if "src" in body and task.is_repeat(body["src"]):
        return
    src = {"stage": task.stage, "partition": record.partition, "offset": record.offset}
    for signal in observe(entry.state, body, src):
        subject = signal["subject"]
        task.emit(topics.DRIFT, subject.encode(), codec.encode("drift_signal", signal))
        METRICS.drift_signals.labels(subject).inc()
