"""The series that are there from a stage's start, at zero: a rate needs a value before the first
event, and a panel or alert rule cannot tell a series that is not there yet from a dead worker.

Only labels whose values are known beforehand: features, rules and drifting subjects are not. Of a
rule's or a subject's first event Prometheus' recording rules take the value for the increase.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from prometheus_client import Counter

from models.alerts import SEVERITIES
from schemas.errors import EventError
from schemas.fields import Action
from streams.metrics import METRICS, Metrics

LABEL_RESULTS = (
    "MATCHED", "REVERSED", "CONFIRMED", "REPEAT", "STALE", "INCONCLUSIVE", "ORPHAN", "EXPIRED",
    "REFUSED",
)  # fmt: skip
OUTCOME_LABELS = ("FRAUD", "LEGITIMATE", "PRESUMED", "THINNED", "UNKNOWN")
LEARNER_RESULTS = (
    "learned", "corrected", "repeats", "left_out", "excluded", "queued", "dropped",
)  # fmt: skip


def begin(stage: str, metrics: Metrics = METRICS) -> None:
    """Show a stage's series at zero.

    >>> from prometheus_client import CollectorRegistry
    >>> fresh = Metrics(CollectorRegistry())
    >>> begin("alert", fresh)
    >>> fresh.registry.get_sample_value("fraud_alerts_total", {"severity": "HIGH"})
    0.0
    """
    for counter in (metrics.events, metrics.repeats):
        counter.labels(stage)
    for code in sorted(codes(EventError)):
        metrics.dead_letters.labels(code)
    for counter, values in _known(metrics).get(stage, []):
        for value in values:
            counter.labels(value)


def _known(metrics: Metrics) -> dict[str, list[tuple[Counter, tuple[str, ...]]]]:
    return {
        "score": [(metrics.decisions, get_args(Action))],
        "alert": [(metrics.alerts, SEVERITIES)],
        "join": [(metrics.labels, LABEL_RESULTS), (metrics.outcomes, OUTCOME_LABELS)],
        "learn": [(metrics.learner_outcomes, LEARNER_RESULTS)],
    }


def codes(kind: type[EventError]) -> Iterator[str]:
    """The code of every event error there is, once each: what dead letters carry.

    >>> "TOO_LATE" in codes(EventError)
    True
    """
    for error in kind.__subclasses__():
        yield error.code
        yield from codes(error)
