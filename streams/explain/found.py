"""A decision found on the log by its transaction, and what became known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas import topics
from schemas.errors import EventError, FraudStreamsError
from streams.history.log import Log
from streams.records import LogRecord
from streams.verify.recorded import Place
from streams.verify.sealed import BROKEN, digest_of
from streams.wire import codec


class DecisionUnknown(FraudStreamsError):
    """No decision of this transaction on `fraud.decisions`."""

    code = "DECISION_UNKNOWN"
    advice = "Check the id; what was refused is in fraud.dead-letters."


@dataclass(frozen=True)
class Found:
    """A decision, where it stands, whether its bytes are whole, and what it was made from.

    `activity` is None where the retention of `fraud.activity` has taken it.
    """

    decision: dict[str, Any]
    place: Place
    intact: bool
    repeats: int
    activity: dict[str, Any] | None


def find(log: Log, transaction_id: str) -> Found:
    """The decision of a transaction; raises DecisionUnknown."""
    wanted, first, count = as_written(transaction_id), None, 0
    for partition in range(topics.topic(topics.DECISIONS).partitions):
        for record in log.read(topics.DECISIONS, partition):
            if wanted in (record.value or b"") and _id(record) == transaction_id:
                first, count = first or record, count + 1
    if first is None:
        raise DecisionUnknown(f"transaction {transaction_id}", expected="its decision", came="none")
    decision = codec.decode(first.value or b"")[1]
    return Found(
        decision, Place(first.partition, first.offset),
        digest_of(first.value or b"") != BROKEN, count - 1, _activity(log, decision),
    )  # fmt: skip


def as_written(text: str) -> bytes:
    """The bytes of a text in a record, to look for before anything is decoded.

    >>> as_written("t1")
    b'\\x04t1'
    """
    data = text.encode()
    return bytes([2 * len(data)]) + data if len(data) < 64 else data


def labels(log: Log, found: Found) -> list[dict[str, Any]]:
    """What was said of it, in the order of the log: labels lie in its decision's partition."""
    card, wanted = found.decision["card_id"].encode(), found.decision["transaction_id"]
    records = log.read(topics.LABELS, found.place.partition)
    bodies = (_body(record) for record in records if record.key == card)
    return [body for body in bodies if body.get("transaction_id") == wanted]


def outcomes(log: Log, found: Found) -> list[dict[str, Any]]:
    """What was learned of it, in the order of the log."""
    key = found.decision["transaction_id"].encode()
    bodies = (_body(record) for record in log.read(topics.OUTCOMES) if record.key == key)
    return [body for body in bodies if "label_id" in body]


def _activity(log: Log, decision: dict[str, Any]) -> dict[str, Any] | None:
    src = decision["src"]
    records = log.read(topics.ACTIVITY, src["partition"], src["offset"], src["offset"] + 1)
    return next((_body(record) for record in records if record.offset == src["offset"]), None)


def _id(record: LogRecord) -> Any:
    return _body(record).get("transaction_id")


def _body(record: LogRecord) -> dict[str, Any]:
    try:
        return codec.decode(record.value or b"")[1]
    except EventError:  # a dead letter of whoever reads it
        return {}
