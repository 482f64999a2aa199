"""What must hold of a log after anything: one decision a transaction, equal to the fold."""

from __future__ import annotations

from collections import defaultdict

from schemas import topics
from streams.fold import fold
from streams.published import Library
from streams.wire import codec
from tests.broker.running import read


def decisions_by_id(bootstrap: str) -> dict[str, set[bytes]]:
    """The different decision bytes of each transaction id."""
    found: dict[str, set[bytes]] = defaultdict(set)
    for record in read(bootstrap, topics.DECISIONS):
        value = record.value or b""
        found[codec.decode(value)[1]["transaction_id"]].add(value)
    return found


def library(bootstrap: str) -> Library:
    """Everything published so far."""
    published = Library()
    for record in read(bootstrap, topics.MODELS):
        published.add(record.value or b"")
    return published


def assert_whole(bootstrap: str, expected_ids: set[str]) -> None:
    """Every transaction has its decision, one fingerprint each, equal to the recorded fold."""
    found = decisions_by_id(bootstrap)
    assert expected_ids == set(found), "missing or unexpected decisions"
    assert all(len(values) == 1 for values in found.values()), "an id has two decisions"
    assert {value for values in found.values() for value in values} == refolded(bootstrap)


def refolded(bootstrap: str) -> set[bytes]:
    """The decisions that the fold over the recorded activity makes."""
    published = library(bootstrap)
    activity = defaultdict(list)
    for record in read(bootstrap, topics.ACTIVITY):
        activity[record.partition].append(record)
    return {value for p, records in activity.items() for value in fold(p, records, published)}
