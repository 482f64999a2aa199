"""profile: validates a transaction and adds its card's windows. Keyed by card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.card import CardState, Seen, identity, profile
from models.features import FEATURES
from models.windows.spec import FUTURE_MS, LATENESS_MS
from schemas import topics
from schemas.errors import (
    ConflictingDuplicate,
    Future,
    KeyMismatch,
    SchemaInvalid,
    TooLate,
)
from schemas.validation import validate_transaction
from streams.metrics import METRICS
from streams.records import Headers, Record
from streams.task import Entry, Task
from streams.wire import codec

# The published transaction's bytes travel on as they are: validated, never written again.
encode_activity = codec.encoder("activity", ready=("transaction",))


def step(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.transactions``.

    Its activities leave together: one by one, each woke the producer's thread and made a request
    of its own, and a tenth of the stage's time went there.
    """
    activities: list[tuple[bytes, bytes, Headers]] = []
    for record in task.fresh(records):
        try:
            transaction = accept(task, record)
            entry = task.entry(record.key or b"")
            if not task.is_applied(entry, record):
                observe(task, entry, record, transaction, activities)
        except Exception as error:
            task.reject(record, error)
    for terminal, value, headers in activities:
        task.emit(topics.ACTIVITY, terminal, value, headers=headers)
    task.count_outliers()


def accept(task: Task, record: Record) -> dict[str, Any]:
    """Decode and judge one record, from logged values only; moves the partition's watermark."""
    name, transaction = codec.decode(record.value or b"")
    if name != "transaction":
        raise SchemaInvalid(record.topic, expected="a transaction", came=name)
    validate_transaction(transaction)
    if record.key != transaction["card_id"].encode():
        raise KeyMismatch("transaction", expected="key = card_id", came=record.key)
    judge_time(task, record, transaction)
    return transaction


def judge_time(task: Task, record: Record, transaction: dict[str, Any]) -> None:
    """Refuse what comes from the future or is older than the allowed lateness."""
    event_time, arrival = transaction["event_time"], transaction["arrival"]
    if arrival is None:
        arrival = record.timestamp
    if arrival > record.timestamp + FUTURE_MS or event_time > arrival + FUTURE_MS:
        raise Future(
            "transaction.event_time", came=event_time,
            expected=f"at most {FUTURE_MS} ms after its arrival {arrival}, and that at most as "
            f"much after {record.timestamp}, when the log appended it",
        )  # fmt: skip
    watermark = max(task.meta.get("watermark", 0), arrival - FUTURE_MS)
    if event_time < watermark - LATENESS_MS:
        raise TooLate(
            "transaction.event_time", came=event_time,
            expected=f"at most {LATENESS_MS} ms before {watermark}",
        )  # fmt: skip
    task.meta["watermark"] = max(task.meta.get("watermark", 0), event_time)


def observe(
    task: Task,
    entry: Entry,
    record: Record,
    transaction: dict[str, Any],
    activities: list[tuple[bytes, bytes, Headers]],
) -> None:
    """Add the transaction to its card, and its activity to ``activities``."""
    state: CardState = entry.state
    seen = identity(state, transaction)
    if seen is Seen.CONFLICT:
        raise ConflictingDuplicate(
            f"transaction {transaction['transaction_id']}",
            expected="the contents that came first under this id",
        )
    if seen is Seen.REPEAT:
        METRICS.duplicates.inc()
        return
    newest = state.newest
    late = newest is not None and transaction["event_time"] < newest
    features = profile(state, transaction, task.outliers)
    task.touch(record.key or b"", entry, record)
    activities.append(activity_of(record, transaction, features, late=late))


def activity_of(
    record: Record, transaction: dict[str, Any], features: list[float | None], *, late: bool
) -> tuple[bytes, bytes, Headers]:
    """What goes on, keyed by the next entity: key, value, headers."""
    activity = {
        "src": {"stage": "profile", "partition": record.partition, "offset": record.offset},
        "transaction": codec.body_of("transaction", record.value or b"") or transaction,
        "feature_spec": FEATURES.spec_hash,
        "card_features": features,
        "late": late,
    }
    appended = (("appended", record.timestamp.to_bytes(8, "big")),)
    return transaction["terminal_id"].encode(), encode_activity(activity), appended
