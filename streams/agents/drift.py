"""drift: watches scores as they are decided and labels as they are observed.

A detector a partition, fed by event-time buckets; what it sees is sent as a signal. Of decisions
the rules that fired are counted, too (`streams.agents.rule_watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.drift import DriftDetector, observe_decision, observe_outcome
from models.rule_policy import RatePolicy
from models.rule_rates import RuleRates
from schemas import topics
from streams.agents import rule_watch
from streams.metrics import METRICS
from streams.records import Record
from streams.task import Task
from streams.wire import codec

Observe = Callable[[DriftDetector, Mapping[str, Any], Mapping[str, Any]], list[dict[str, Any]]]

Beside = Callable[[Record, Mapping[str, Any]], None]
"""What else is to be done with an event that is no repeat."""


def nothing_beside(_record: Record, _body: Mapping[str, Any]) -> None:
    """Nothing."""


SCORE = b"score"
LABEL_RATE = b"label_rate"


def score_detector() -> DriftDetector:
    """An empty detector of the score."""
    return DriftDetector(SCORE.decode())


def label_rate_detector() -> DriftDetector:
    """An empty detector of the share of frauds among outcomes."""
    return DriftDetector(LABEL_RATE.decode())


def unpack_decisions(data: bytes) -> DriftDetector | RuleRates:
    """A state of the decisions' stage: a detector, or the rates of rules."""
    return RuleRates.unpack(data) if rule_watch.is_rates(data) else DriftDetector.unpack(data)


def make_on_decisions(rates: RatePolicy) -> Callable[[Task, Sequence[Record]], None]:
    """The step of the decisions' stage."""

    def on_decisions(task: Task, records: Sequence[Record]) -> None:
        """Fold a batch of ``fraud.decisions``."""
        watch(
            task, records, SCORE, "decision", observe_decision,
            beside=lambda record, body: rule_watch.watch(task, record, body, rates),
        )  # fmt: skip

    return on_decisions


def on_outcomes(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.outcomes``; commands pass by."""
    watch(task, records, LABEL_RATE, "outcome", observe_outcome)


def watch(
    task: Task,
    records: Sequence[Record],
    key: bytes,
    expected: str,
    observe: Observe,
    *,
    beside: Beside = nothing_beside,
) -> None:
    """Feed the detector under ``key`` with the events called ``expected``, and ``beside``."""
    for record in task.fresh(records):
        try:
            name, body = codec.decode(record.value or b"")
            if name == expected and not ("src" in body and task.is_repeat(body["src"])):
                beside(record, body)
                fold(task, key, record, body, observe)
        except Exception as error:
            task.reject(record, error)


def fold(task: Task, key: bytes, record: Record, body: Mapping[str, Any], observe: Observe) -> None:
    """Take one event in and send what the detector signals."""
    entry = task.entry(key)
    if task.is_applied(entry, record):
        return
    src = {"stage": task.stage, "partition": record.partition, "offset": record.offset}
    for signal in observe(entry.state, body, src):
        subject = signal["subject"]
        task.emit(topics.DRIFT, subject.encode(), codec.encode("drift_signal", signal))
        METRICS.drift_signals.labels(subject).inc()
    task.touch(key, entry, record)
