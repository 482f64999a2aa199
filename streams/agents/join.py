"""join: labels, days late, meet the decisions they are about; silence counts in the end.

Keyed by card. Reads ``fraud.decisions`` and ``fraud.labels``, co-partitioned. The state keeps
pointers; the decision itself, with the features that were scored, is read back from the log. What
nobody has labelled by maturity is presumed (``streams.maturing``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models import join
from models.join import Match
from models.join_state import key_of
from models.maturity import MaturityPolicy, presumed_weight
from schemas import topics
from schemas.errors import KeyMismatch, OrphanLabel, SchemaInvalid
from streams import maturing
from streams.decision_log import DecisionLog
from streams.metrics import METRICS
from streams.records import Record
from streams.task import Entry, Task
from streams.wire import codec

encode_outcome = codec.encoder("outcome")
encode_terminal_outcome = codec.encoder("terminal_outcome")


def make_step(log: DecisionLog, policy: MaturityPolicy) -> Callable[[Task, Sequence[Record]], None]:
    """The step of this stage, reading decisions back from ``log``."""

    def step(task: Task, records: Sequence[Record]) -> None:
        """Fold a batch of decisions or of labels, then presume what has matured."""
        add = add_decision if records[0].topic == topics.DECISIONS else add_label
        for record in task.fresh(records):
            try:
                add(task, log, record, policy)
            except Exception as error:
                task.reject(record, error)
        maturing.follow(task, log, policy)
        maturing.tidy(task, policy, len(records))

    return step


def make_idle(log: DecisionLog, policy: MaturityPolicy) -> Callable[[Task], None]:
    """What goes on while nothing arrives: decisions that were not at hand when the last batch was
    folded mature all the same.
    """
    return lambda task: maturing.follow(task, log, policy)


def add_decision(task: Task, _log: DecisionLog, record: Record, policy: MaturityPolicy) -> None:
    """Remember where a decision is; a label that waited for it becomes an outcome now."""
    decision = decoded(record, "decision")
    maturing.saw(task, decision["event_time"])
    entry = task.entry(record.key or b"")
    if task.is_repeat(decision["src"]) or task.is_applied(entry, record):
        return
    # A run that ended before its barrier may have told the terminal of a fraud that waits again.
    frauds = [w for w in entry.state.waiting if w["label"] == "FRAUD"]
    waited = join.remember(entry.state, decision, record.offset, policy.retention_ms)
    task.touch(record.key or b"", entry, record)
    for label in waited:
        METRICS.labels.labels("MATCHED").inc()
        known = any(fraud["transaction_id"] == label["transaction_id"] for fraud in frauds)
        send(task, record, decision, label, entry, takes_back=known)


def add_label(task: Task, log: DecisionLog, record: Record, policy: MaturityPolicy) -> None:
    """Match a label with its decision, or keep it until the decision comes."""
    label = decoded(record, "label")
    if record.key != label["card_id"].encode():
        raise KeyMismatch("label", expected="key = card_id", came=record.key)
    entry = task.entry(record.key or b"")
    if task.is_applied(entry, record):
        return
    # Its offset names it in a dead letter, should its transaction never come.
    found = join.match(entry.state, {**label, "offset": record.offset})
    task.touch(record.key or b"", entry, record)
    if found.kind == "REFUSED":
        METRICS.labels.labels(found.kind).inc()
        raise OrphanLabel(f"label {label['label_id']}", expected="its transaction, or room to wait")
    kind: str = found.kind
    if found.pointer is not None:
        decision = log.read(task.partition, found.pointer.offset)
        kind = matched(task, record, decision, label, entry, found=found, policy=policy)
    METRICS.labels.labels(kind).inc()


def matched(
    task: Task,
    record: Record,
    decision: dict[str, Any],
    label: dict[str, Any],
    entry: Entry,
    *,
    found: Match,
    policy: MaturityPolicy,
) -> str:
    """Send the outcome of a label that is in force now; returns what it did.

    CONFIRMED: it says what was presumed, and those that were kept stand for it: no outcome.
    REVERSED: it takes a presumption back.
    """
    assert found.pointer is not None
    was_presumed = (
        found.before is None
        and found.pointer.offset < maturing.cursor(task)
        and decision["decision"] in policy.let_through
    )
    if was_presumed and label["label"] == "LEGITIMATE":
        return "CONFIRMED"
    takes_back = found.before is not None and found.before.label == "FRAUD"
    corrects = presumed_weight(decision, policy) if was_presumed else 0.0
    if found.before is not None and found.before.label != label["label"]:
        corrects = join.weight_of(decision)
    send(task, record, decision, label, entry, takes_back=takes_back, corrects=corrects)
    return "REVERSED" if was_presumed else found.kind


def send(
    task: Task,
    record: Record,
    decision: dict[str, Any],
    label: dict[str, Any],
    entry: Entry,
    *,
    takes_back: bool = False,
    corrects: float = 0.0,
) -> None:
    """Send an outcome to the learner, and to its terminal where it changes what is known there.

    A terminal's risk divides its known frauds by all its transactions, so a legitimate outcome
    changes nothing there unless it takes a fraud back; sending all would double the activity log.
    """
    outcome = join.outcome(decision, label, corrects=corrects)
    task.emit(topics.OUTCOMES, outcome["transaction_id"].encode(), encode_outcome(outcome))
    METRICS.outcomes.labels(outcome["label"]).inc()
    delay = (outcome["observed_at"] - outcome["event_time"]) / 1000
    METRICS.label_delay.labels(outcome["source"]).observe(delay)
    if outcome["label"] == "FRAUD" or takes_back:
        src = {"stage": "join", "partition": record.partition, "offset": record.offset}
        told = entry.state.verdicts[key_of(outcome["transaction_id"])].told
        notice = join.terminal_outcome(outcome, src, told)
        task.emit(topics.ACTIVITY, outcome["terminal_id"].encode(), encode_terminal_outcome(notice))


def decoded(record: Record, expected: str) -> dict[str, Any]:
    """The record's body, if it is what the topic carries."""
    name, body = codec.decode(record.value or b"")
    if name != expected:
        raise SchemaInvalid(record.topic, expected=expected, came=name)
    return body
