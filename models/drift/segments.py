"""Which parts of the decisions one belongs to, and what each part held on a day.

A segment is a dimension and a word, `channel=pos`, `country=PL`, `mcc_group=54`: by channel,
country, and the first two digits of the merchant's category. A missing word belongs to none.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from models.drift.counts import DayCounts

DIMENSIONS = ("channel", "country", "mcc_group")
KEPT = 64
"""Segments of a dimension that a partition counts on a day, those that came first: their number is
the publisher's choice, the state is bounded."""

Segments = tuple[str, ...]


def of(event: Mapping[str, Any]) -> Segments:
    """The segments of a decision.

    >>> of({"channel": "pos", "country": None, "mcc": "5411"})
    ('channel=pos', 'mcc_group=54')
    """
    return _of(event.get("channel"), event.get("country"), event.get("mcc"))


@lru_cache(maxsize=4_096)
def _of(channel: str | None, country: str | None, mcc: str | None) -> Segments:
    words = (channel, country, mcc and mcc[:2])
    return tuple(f"{name}={word}" for name, word in zip(DIMENSIONS, words, strict=True) if word)


def dimension(segment: str) -> str:
    """What a segment is a part by.

    >>> dimension("country=PL")
    'country'
    """
    return segment.partition("=")[0]


class SegmentDays:
    """Counts of the same subjects and means by day and segment, in `days`.

    >>> days = SegmentDays(("score",), ("score",))
    >>> days.add(7, [("country=PL",), ()], [(0.5,), (0.1,)], [0, 0], [(0.5,), (0.1,)])
    >>> [(day, name, counts.size) for day, name, counts in days.pop(8)], len(days.days)
    ([(7, 'country=PL', 1)], 0)
    """

    def __init__(self, names: Sequence[str], means: Sequence[str]) -> None:
        self.names, self.means = tuple(names), tuple(means)
        self.days: dict[tuple[int, str], DayCounts] = {}

    def add(
        self,
        day: int,
        found: Sequence[Segments],
        rows: Sequence[Sequence[float | None]],
        hours: Sequence[int],
        means: Sequence[Sequence[float]],
    ) -> None:
        """Count events of a day, in recorded order; beyond `KEPT` segments they are left out."""
        places: dict[str, list[int]] = {}
        for at, segments in enumerate(found):
            for segment in segments:
                places.setdefault(segment, []).append(at)
        for segment, mine in places.items():
            counts = self._of(day, segment)
            if counts is not None:
                counts.add([rows[at] for at in mine], [hours[at] for at in mine],
                           [means[at] for at in mine])  # fmt: skip

    def _of(self, day: int, segment: str) -> DayCounts | None:
        known = self.days.get((day, segment))
        if known is None and self._held(day, dimension(segment)) < KEPT:
            known = self.days[day, segment] = DayCounts(self.names, self.means)
        return known

    def _held(self, day: int, name: str) -> int:
        return sum(1 for one, segment in self.days if one == day and dimension(segment) == name)

    def merge(self, day: int, segment: str, counts: DayCounts) -> None:
        """Add another partition's counts, which may be kept."""
        known = self.days.setdefault((day, segment), counts)
        if known is not counts:
            known.merge(counts)

    def pop(self, below: int) -> tuple[tuple[int, str, DayCounts], ...]:
        """Take out what was before a day, in order."""
        done = sorted(key for key in self.days if key[0] < below)
        return tuple((*key, self.days.pop(key)) for key in done)

    def data(self) -> list[list[Any]]:
        """Everything, as plain data."""
        return [
            [*key, base64.b64encode(self.days[key].pack()).decode()] for key in sorted(self.days)
        ]

    def restore(self, found: Iterable[Any]) -> None:
        """Take over what `data` gave."""
        for day, segment, counts in found:
            self.days[day, segment] = DayCounts.unpack(base64.b64decode(counts))
