"""Days gathered for a reference that is not closed yet."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from models.drift.counts import DayCounts
from models.drift.policy import WEEK, DriftPolicy


class Gathering:
    """Days from `first` on; those before are left out.

    >>> gathering = Gathering(first=10)
    >>> gathering.add(9, DayCounts(("a", "score"))), gathering.days
    (None, [])
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.days: list[tuple[int, DayCounts]] = []

    def add(self, day: int, counts: DayCounts) -> None:
        """Keep a day."""
        if day >= self.first:
            self.days.append((day, counts))

    def complete(self, day: int, policy: DriftPolicy) -> bool:
        """Whether the reference may close at the end of `day`: whole weeks, and enough in them."""
        length = day - self.first + 1
        if length < policy.reference_days or length % WEEK:
            return False
        return bool(self.days) and self.size >= policy.least

    def overdue(self, day: int, policy: DriftPolicy) -> bool:
        """Whether so little came that waiting on is no use: the first week is dropped then."""
        return day - self.first + 1 >= policy.most_days

    def drop_week(self) -> None:
        """Begin a week later."""
        self.first += WEEK
        self.days = [(day, counts) for day, counts in self.days if day >= self.first]

    @property
    def size(self) -> int:
        """Decisions in all days."""
        return sum(counts.size for _, counts in self.days)

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"first": self.first, "days": packed_days(self.days)}

    @classmethod
    def restored(cls, data: Mapping[str, Any]) -> Gathering:
        """What `data` gave."""
        found = cls(data["first"])
        found.days = unpacked_days(data["days"])
        return found


def packed_days(days: Iterable[tuple[int, DayCounts]]) -> list[list[Any]]:
    """Days and their counts, for JSON."""
    return [[day, base64.b64encode(counts.pack()).decode()] for day, counts in days]


def unpacked_days(data: Iterable[Any]) -> list[tuple[int, DayCounts]]:
    """What `packed_days` gave."""
    return [(day, DayCounts.unpack(base64.b64decode(counts))) for day, counts in data]
