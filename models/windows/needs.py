"""What the features of a plan need to be kept, collected while they are compiled."""

from __future__ import annotations

from collections.abc import Callable

from models.windows.log import EventLog
from models.windows.series import Series

Compute = Callable[[EventLog, Series, int, int], float | None]
"""(log, book, amount_minor, counted) -> value; see :mod:`models.windows.aggregates`."""


class Slots:
    """Hands out an index for each distinct number, in order of first use."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def __call__(self, value: int) -> int:
        """The index of `value`."""
        if value not in self.values:
            self.values.append(value)
        return self.values.index(value)


class Needs:
    """What the features compiled so far need to be kept."""

    def __init__(self) -> None:
        self.cuts = Slots()
        self.peaks = Slots()
        self.distincts = Slots()
        self.others = False
