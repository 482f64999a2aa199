"""What must hold of a log after anything: one decision a transaction, equal to the fold."""

from __future__ import annotations

from collections import Counter, defaultdict

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


def whereabouts(bootstrap: str, expected_ids: set[str]) -> str:
    """Where the transactions without a decision were lost, for a test that waits in vain."""
    offsets: dict[int, list[int]] = defaultdict(list)
    for record in read(bootstrap, topics.ACTIVITY):
        name, body = codec.decode(record.value or b"")
        if name == "activity":
            offsets[body["src"]["partition"]].append(body["src"]["offset"])
    passed = {p: f"{len(found)} records of {spans(found)}" for p, found in sorted(offsets.items())}
    dead = Counter(
        codec.decode(record.value or b"")[1]["code"]
        for record in read(bootstrap, topics.DEAD_LETTERS)
    )
    undecided = len(expected_ids - set(decisions_by_id(bootstrap)))
    return f"{undecided} undecided; profiled, by partition: {passed}; dead letters: {dict(dead)}"


def spans(offsets: list[int]) -> list[tuple[int, int]]:
    """The unbroken runs of some offsets, repeats aside.

    >>> spans([0, 1, 1, 5])
    [(0, 1), (5, 5)]
    """
    found: list[tuple[int, int]] = []
    for offset in sorted(set(offsets)):
        if found and offset == found[-1][1] + 1:
            found[-1] = (found[-1][0], offset)
        else:
            found.append((offset, offset))
    return found


def refolded(bootstrap: str) -> set[bytes]:
    """The decisions that the fold over the recorded activity makes."""
    published = library(bootstrap)
    activity = defaultdict(list)
    for record in read(bootstrap, topics.ACTIVITY):
        activity[record.partition].append(record)
    return {value for p, records in activity.items() for value in fold(p, records, published)}
