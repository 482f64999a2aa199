"""What else a log tells of its transactions and of drift."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from typing import Any

from models.contest.protection import PRESUMED
from models.outcome import transaction_key
from models.windows.spec import FUTURE_MS
from schemas import topics
from schemas.errors import EventError
from streams.governance.outcomes import SOURCES
from streams.history.log import Log
from streams.wire import codec

FIELDS = ("channel", "country", "mcc", "entry_mode", "card_present")
"""Of a transaction, by which models are told apart; an outcome does not carry them."""


SKEW_MS = FUTURE_MS
"""A record's event time lies so far at most behind the time at which the log took it in."""
PRESUMED_AT = SOURCES.index(PRESUMED)


def transaction_fields(log: Log, keys: Container[int]) -> dict[str, dict[int, str]]:
    """By field, the value of each of these transactions that `fraud.transactions` still holds.

    A field that nobody fills in is left out.
    """
    found: dict[str, dict[int, str]] = {name: {} for name in FIELDS}
    for _, body in records(log, topics.TRANSACTIONS, "transaction"):
        key = transaction_key(body)
        if key in keys:
            for name in FIELDS:
                if body[name] is not None:
                    found[name].setdefault(key, sys.intern(str(body[name])))
    return {name: values for name, values in found.items() if values}


def drift_signals(log: Log) -> list[dict[str, Any]]:
    """Every signal once, in the order of event time."""
    once = {body["signal_id"]: body for _, body in records(log, topics.DRIFT, "drift_signal")}
    return sorted(once.values(), key=lambda one: one["event_time"])


def still_fired(signals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last signal of each detector and subject, where it has not recovered."""
    last = {(one["detector"], one["subject"]): one for one in signals}
    return [one for one in last.values() if one["state"] == "FIRED"]


def logic_version(log: Log) -> int | None:
    """Of the last decision on record."""
    for partition in range(topics.topic(topics.DECISIONS).partitions):
        end = log.end(topics.DECISIONS, partition)
        for record in log.read(topics.DECISIONS, partition, max(end - 1, 0), end):
            return int(codec.decode(record.value or b"")[1]["logic_version"])
    return None


def records(
    log: Log, topic: str, schema: str, start_at: int | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Partition and body of a topic's readable records of a schema.

    `start_at`: only what was appended at that time (UTC ms) or later.
    """
    for partition in range(topics.topic(topic).partitions):
        start = 0 if start_at is None else log.after(topic, start_at - 1, partition)
        for record in log.read(topic, partition, start):
            try:
                name, body = codec.decode(record.value or b"")
            except EventError:
                continue
            if name == schema:
                yield partition, body
