"""join: labels, days late, meet the decisions they are about. Keyed by card.

Reads ``fraud.decisions`` and ``fraud.labels``, co-partitioned. The state keeps pointers; the
decision itself, with the features that were scored, is read back from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models import join
from models.join import JoinState, Pointer
from models.join_state import digest
from schemas import topics
from schemas.errors import KeyMismatch, OrphanLabel, SchemaInvalid
from streams.decision_log import DecisionLog
from streams.metrics import METRICS
from streams.records import Record
from streams.task import Entry, Task
from streams.wire import codec

encode_outcome = codec.encoder("outcome")
encode_terminal_outcome = codec.encoder("terminal_outcome")


def make_step(log: DecisionLog) -> Callable[[Task, Sequence[Record]], None]:
    """The step of this stage, reading decisions back from ``log``."""

    def step(task: Task, records: Sequence[Record]) -> None:
        """Fold a batch of decisions or of labels."""
        add = add_decision if records[0].topic == topics.DECISIONS else add_label
        for record in task.fresh(records):
            try:
                add(task, log, record)
            except Exception as error:
                task.reject(record, error)

    return step


def add_decision(task: Task, _log: DecisionLog, record: Record) -> None:
    """Remember where a decision is; a label that waited for it becomes an outcome now."""
    decision = decoded(record, "decision")
    entry = task.entry(record.key or b"")
    if task.is_repeat(decision["src"]) or task.is_applied(entry, record):
        return
    waiting = join.remember(entry.state, decision, record.partition, record.offset)
    task.touch(record.key or b"", entry, record)
    for label in waiting:
        send(task, record, join.outcome(decision, label), takes_back=False)


def add_label(task: Task, log: DecisionLog, record: Record) -> None:
    """Match a label with its decision, or keep it until the decision comes."""
    label = decoded(record, "label")
    if record.key != label["card_id"].encode():
        raise KeyMismatch("label", expected="key = card_id", came=record.key)
    entry = task.entry(record.key or b"")
    if task.is_applied(entry, record):
        return
    give_up_expired(task, entry, record, label["observed_at"])
    known = entry.state.verdicts.get(digest(label["transaction_id"]))
    found = join.match(entry.state, label)
    task.touch(record.key or b"", entry, record)
    if found.kind == "REFUSED":
        raise OrphanLabel(f"label {label['label_id']}", expected="its transaction, or room to wait")
    if found.pointer is not None:
        takes_back = known is not None and known.label == "FRAUD"
        send(task, record, join.outcome(read(log, found.pointer), label), takes_back=takes_back)


def give_up_expired(task: Task, entry: Entry, record: Record, now: int) -> None:
    """Dead-letter labels whose transaction has not come within the retention."""
    state: JoinState = entry.state
    if state.waiting:
        for label in join.expire(state, now - join.RETENTION_MS):
            task.reject(record, OrphanLabel(f"label {label['label_id']}", expected="a transaction"))


def read(log: DecisionLog, pointer: Pointer) -> dict[str, Any]:
    """The decision that a pointer names."""
    return log.read(pointer.partition, pointer.offset)


def decoded(record: Record, expected: str) -> dict[str, Any]:
    """The record's body, if it is what the topic carries."""
    name, body = codec.decode(record.value or b"")
    if name != expected:
        raise SchemaInvalid(record.topic, expected=expected, came=name)
    return body


def send(task: Task, record: Record, outcome: dict[str, Any], *, takes_back: bool) -> None:
    """Send an outcome to the learner, and to its terminal where it changes what is known there.

    A terminal's risk divides its known frauds by all its transactions, so a legitimate outcome
    changes nothing there unless it takes a fraud back; sending all would double the activity log.
    """
    task.emit(topics.OUTCOMES, outcome["transaction_id"].encode(), encode_outcome(outcome))
    METRICS.outcomes.labels(outcome["label"]).inc()
    if outcome["label"] == "FRAUD" or takes_back:
        src = {"stage": "join", "partition": record.partition, "offset": record.offset}
        notice = join.terminal_outcome(outcome, src)
        task.emit(topics.ACTIVITY, outcome["terminal_id"].encode(), encode_terminal_outcome(notice))
