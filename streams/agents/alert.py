"""alert: turns decisions into at most one open case a card. Keyed by card."""

from __future__ import annotations

from collections.abc import Sequence

from models.alerts import alert
from schemas import topics
from schemas.errors import SchemaInvalid
from streams.metrics import METRICS
from streams.records import Record, header
from streams.task import Task
from streams.wire import codec


def step(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.decisions``; approvals are passed by their header, undecoded."""
    for record in task.fresh(records):
        if header(record, "decision") == b"APPROVE":
            continue
        try:
            fold(task, record)
        except Exception as error:
            task.reject(record, error)


def fold(task: Task, record: Record) -> None:
    """Take one decision in and send the alert it raises, if any."""
    name, decision = codec.decode(record.value or b"")
    if name != "decision":
        raise SchemaInvalid(f"expected a decision, came a {name}")
    if task.is_repeat(decision["src"]):
        return
    key = record.key or b""
    entry = task.entry(key)
    if task.is_applied(entry, record):
        return
    raised = alert(entry.state, decision)
    task.touch(key, entry, record)
    if raised is not None:
        task.emit(topics.ALERTS, key, codec.encode("alert", raised))
        METRICS.alerts.labels(raised["severity"]).inc()
