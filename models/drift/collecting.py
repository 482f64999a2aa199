"""One partition's events, counted by day; a day leaves when the partition is past it."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from models.drift.counts import DAY_MS, HOUR_MS, DayCounts
from models.drift.natures import MIX
from models.drift.segments import SegmentDays, of
from models.drift.sketch import value_of_word
from models.state_versions import check_version

SCORE = "score"
SCORER = "scorer"
RULES_ALONE = "rules"
ATTRIBUTE = "attribute_"
MEANS = ("alert_rate", SCORE)
PATIENCE_MS = HOUR_MS
"""How long a day is waited for after its end: events come in an order of their own."""
_VERSION = 4
_HEAD = struct.Struct("<BqQI")  # version, first open day, late, open days
_DAY = struct.Struct("<qHI")  # day, bytes of the segment's name, bytes of the counts
_NO_DAY = -(2**62)

Row = Sequence[float | None]


class Closed(NamedTuple):
    """Days that a partition has finished, in order, the first it has not, and their segments."""

    days: tuple[tuple[int, DayCounts], ...]
    below: int
    segments: tuple[tuple[int, str, DayCounts], ...] = ()


class Collector(ABC):
    """Counts events by the day of their event time, a batch at a time.

    What it closes does not depend on how the events were batched: one that closes a day is counted
    after everything before it. One for a closed day is counted as late, not used.
    """

    def __init__(self) -> None:
        self.days: dict[int, DayCounts] = {}
        self.segments = SegmentDays((SCORE,), MEANS)
        self.below = _NO_DAY
        self.late = 0
        self._waiting: list[tuple[int, Any]] = []

    @abstractmethod
    def add(self, event: Mapping[str, Any]) -> Closed | None:
        """Count an event; the days that it closed, if it closed any."""

    @abstractmethod
    def _count(self, day: int, times: Sequence[int], found: Sequence[Any]) -> None:
        """Count events of one day together."""

    def _take(self, time: int, found: Any) -> Closed | None:
        """Let what was found of an event wait to be counted; close days if it is past them."""
        if time // DAY_MS < self.below:
            self.late += 1
            return None
        self._waiting.append((time, found))
        done = (time - PATIENCE_MS) // DAY_MS
        if done <= self.below:
            return None
        self.settle()
        return self._close(done)

    def settle(self) -> None:
        """Count what waits: together, it costs a tenth."""
        by_day: dict[int, list[tuple[int, Any]]] = {}
        for time, found in self._waiting:
            by_day.setdefault(time // DAY_MS, []).append((time, found))
        self._waiting = []
        for day, pairs in by_day.items():
            times, found = zip(*pairs, strict=True)
            self._count(day, times, found)

    def _counts(self, day: int, names: tuple[str, ...], means: tuple[str, ...]) -> DayCounts:
        """The day's counts; begun anew where the features changed, for their sums would lie."""
        found = self.days.get(day)
        if found is None or found.names != names:
            found = self.days[day] = DayCounts(names, means)
        return found

    def _close(self, below: int) -> Closed | None:
        first = self.below == _NO_DAY
        self.below = below
        done = [(day, self.days.pop(day)) for day in sorted(self.days) if day < below]
        parts = self.segments.pop(below)
        return Closed(tuple(done), below, parts) if done or not first else None

    def pack(self) -> bytes:
        """Version, the first open day, late events, then each open day and its segments: 20 KB a
        day, 1 KB a segment."""
        self.settle()
        held = {(day, ""): counts for day, counts in self.days.items()} | self.segments.days
        parts = [_HEAD.pack(_VERSION, self.below, self.late, len(held))]
        for day, segment in sorted(held):
            name, packed = segment.encode(), held[day, segment].pack()
            parts += [_DAY.pack(day, len(name), len(packed)), name, packed]
        return b"".join(parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """What `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("drift", data, _VERSION, _HEAD.size)
        collector = cls()
        _, collector.below, collector.late, count = _HEAD.unpack_from(data)
        at = _HEAD.size
        for _ in range(count):
            check_version("drift", data, _VERSION, at + _DAY.size)
            day, length, size = _DAY.unpack_from(data, at)
            at += _DAY.size + length
            check_version("drift", data, _VERSION, at + size)
            name = data[at - length : at].decode()
            collector._restore(day, name, DayCounts.unpack(data[at : at + size]))
            at += size
        return collector

    def _restore(self, day: int, segment: str, counts: DayCounts) -> None:
        if segment:
            self.segments.days[day, segment] = counts
        else:
            self.days[day] = counts


class DecisionCollector(Collector):
    """Every feature of the decisions, their score, alert rate and kind of scorer; score and alert
    rate of each segment.

    >>> collector = DecisionCollector()
    >>> decision = {"event_time": 0, "features": {"amount": 1.0}, "score": 0.5, "model": None,
    ...             "decision": "APPROVE", "feature_spec": "a"}
    >>> collector.add(decision), collector.add(decision | {"event_time": 2 * DAY_MS}).below
    (None, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self._spec = ""
        self._names: tuple[str, ...] = (SCORE,)

    def add(self, event: Mapping[str, Any]) -> Closed | None:
        """Count a decision; the days that it closed, if it closed any."""
        if event["feature_spec"] != self._spec:
            self.settle()
            self._spec, self._names = event["feature_spec"], (*event["features"], SCORE)
        score, alerted = event["score"], event["decision"] != "APPROVE"
        row: Row = (*event["features"].values(), score)
        found = (row, (alerted, score), scorer(event["model"]), of(event))
        return self._take(event["event_time"], found)

    def _count(self, day: int, times: Sequence[int], found: Sequence[Any]) -> None:
        rows, means, scorers, segments = zip(*found, strict=True)
        hours = [time % DAY_MS // HOUR_MS for time in times]
        counts = self._counts(day, self._names, MEANS)
        counts.add(rows, hours, means)
        counts.say(SCORER, Counter(scorers))
        self.segments.add(day, segments, [row[-1:] for row in rows], hours, means)


class ArrivalCollector(Collector):
    """The mix of the transactions' words, and every numeric attribute, whether a feature or not.

    >>> collector = ArrivalCollector()
    >>> sale = {"event_time": 0, "country": "FR", "mcc": "5411", "attributes": {"risk": 0.5}}
    >>> collector.add({"transaction": sale})
    >>> collector.settle()
    >>> collector.days[0].names[3:]
    ('entry_mode', 'mcc_group', 'attribute_risk')
    """

    def add(self, event: Mapping[str, Any]) -> Closed | None:
        """Count an activity; the days that it closed, if it closed any."""
        sale = event["transaction"]
        mcc = sale.get("mcc")
        words = [sale.get(word) for word in MIX[:-1]] + [mcc and mcc[:2]]
        mix = [None if word is None else value_of_word(word) for word in words]
        return self._take(sale["event_time"], (mix, sale["attributes"]))

    def _count(self, day: int, times: Sequence[int], found: Sequence[Any]) -> None:
        """An attribute that appears during the day was missing before."""
        new = {ATTRIBUTE + name for _, attributes in found for name in attributes}
        before = self.days.get(day) or DayCounts(MIX)
        names = (*MIX, *sorted(new | set(before.names[len(MIX) :])))
        if names != before.names:
            before = before.only(names)
        self.days[day] = before
        asked = [name.removeprefix(ATTRIBUTE) for name in names[len(MIX) :]]
        rows = [(*mix, *(attributes.get(name) for name in asked)) for mix, attributes in found]
        before.add(rows, [time % DAY_MS // HOUR_MS for time in times], [()] * len(rows))


def scorer(model: Mapping[str, Any] | None) -> str:
    """What kind of model scored: another kind has another scale.

    >>> scorer(None), scorer({"name": "logistic", "version": 7})
    ('rules', 'logistic')
    """
    return RULES_ALONE if model is None else str(model["name"])
