"""One entity's events as parallel columns."""

from __future__ import annotations

from array import array
from typing import NamedTuple

Event = tuple[int, int, str, int]
"""(event time in ms, amount in minor units, currency, digest of the other id or 0)."""


class Columns(NamedTuple):
    """The live events as parallel columns in time order: all that is ever packed."""

    times: array[int]  # ms
    amounts: array[int]  # minor units
    others: array[int]  # digests of the other entity's ids; empty if the layout keeps none
    currencies: list[str]  # one name for all events, or one an event

    @classmethod
    def empty(cls) -> Columns:
        """No events."""
        return cls(array("q"), array("q"), array("Q"), [])

    def between(self, first: int, end: int) -> Columns:
        """The events `first` to `end`, exclusive."""
        mixed = len(self.currencies) > 1
        currencies = self.currencies[first:end] if mixed else self.currencies[:]
        return Columns(
            self.times[first:end], self.amounts[first:end], self.others[first:end], currencies
        )
