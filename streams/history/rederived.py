"""Features as they would have been without some labels: a terminal's risk is fed by outcomes.

Terminals that a left-out fraud had reached are folded again from `fraud.activity`, by the scoring
stage's own functions, without it. Scores stay as they were on record: they are what decided.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from models.features import FEATURES
from schemas import topics
from schemas.errors import EventError
from streams.fold import fold
from streams.history.log import Log
from streams.published import Library
from streams.records import LogRecord
from streams.wire import codec

OUTCOME = codec.header("terminal_outcome")
ACTIVITY = codec.header("activity")
Told = Callable[[int], None]
Features = dict[str, float | None]


def begins(log: Log) -> bool:
    """Whether `fraud.activity` still begins at its first record: windows need all of it."""
    return all(log.begin(topics.ACTIVITY, p) == 0 for p in _partitions())


class Rederived:
    """Terminal features by (partition, offset) of a decision, 152 bytes each.

    >>> found = Rederived()
    >>> found.add(0, 7, {name: 1.0 for name in FEATURES.terminal_names})
    >>> found.corrected(0, 7, {"amount": 5.0, "terminal_risk_1d": 0.0})["terminal_risk_1d"]
    1.0
    """

    def __init__(self) -> None:
        self._offsets: dict[int, array[int]] = defaultdict(lambda: array("q"))
        self._rows: dict[int, array[float]] = defaultdict(lambda: array("d"))

    def add(self, partition: int, offset: int, features: Features) -> None:
        """Keep a decision's; offsets of a partition come in order."""
        self._offsets[partition].append(offset)
        values = (features[name] for name in FEATURES.terminal_names)
        self._rows[partition].extend(math.nan if one is None else one for one in values)

    def __len__(self) -> int:
        return sum(map(len, self._offsets.values()))

    def corrected(self, partition: int, offset: int, features: Features) -> Features:
        """The features with the terminal's own as they would have been; unknown: as they are."""
        offsets = self._offsets.get(partition, ())
        at = bisect_left(offsets, offset)
        if at == len(offsets) or offsets[at] != offset:
            return features
        width = len(FEATURES.terminal_names)
        row = self._rows[partition][at * width : (at + 1) * width]
        values = (None if math.isnan(one) else one for one in row)
        return features | dict(zip(FEATURES.terminal_names, values, strict=True))


def rederived(log: Log, left_out: set[str], told: Told = lambda _: None) -> Rederived:
    """What the left-out outcomes had reached; `left_out` are outcome ids.

    Two passes over each partition; memory grows with the transactions of those terminals alone.
    `told` is called with the records done.
    """
    found = Rederived()
    for partition in _partitions():
        terminals = {key for key, _ in _removed(log, partition, left_out, told)}
        if terminals:
            records = _of(log, partition, terminals, left_out, told)
            for value in fold(partition, records, Library()):
                decision = codec.decode(value)[1]
                found.add(partition, decision["src"]["offset"], decision["features"])
    return found


def passes(log: Log) -> int:
    """How many records `rederived` reads at most."""
    return 2 * sum(log.end(topics.ACTIVITY, p) for p in _partitions())


def _partitions() -> range:
    return range(topics.topic(topics.ACTIVITY).partitions)


def _removed(
    log: Log, partition: int, left_out: set[str], told: Told
) -> Iterator[tuple[bytes | None, int]]:
    for record in log.read(topics.ACTIVITY, partition):
        told(1)
        if _is_left_out(record, left_out):
            yield record.key, record.offset


def _of(
    log: Log, partition: int, terminals: set[bytes | None], left_out: set[str], told: Told
) -> Iterator[LogRecord]:
    """The terminals' own records. Markers are left out: features know no model."""
    for record in log.read(topics.ACTIVITY, partition):
        told(1)
        ours = record.key in terminals and (record.value or b"").startswith((ACTIVITY, OUTCOME))
        if ours and not _is_left_out(record, left_out):
            yield record


def _is_left_out(record: LogRecord, left_out: set[str]) -> bool:
    if not (record.value or b"").startswith(OUTCOME):
        return False
    try:
        body: dict[str, Any] = codec.decode(record.value or b"")[1]
    except EventError:  # a dead letter of the scoring stage
        return False
    return body["outcome_id"] in left_out
