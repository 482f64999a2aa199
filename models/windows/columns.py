"""One entity's events as parallel columns."""

from __future__ import annotations

from array import array
from typing import NamedTuple

Event = tuple[int, int, str, bytes]
"""(event time in ms, amount in minor units, currency, digest of the other id or b"")."""

OTHER_BYTES = 8
NARROW, WIDE = "I", "q"  # type codes of an amounts column: 4 bytes an event, or 8


class Columns(NamedTuple):
    """The live events as parallel columns in time order: all that is ever packed."""

    times: array[int]  # ms
    amounts: array[int]  # minor units; NARROW until one does not fit
    others: bytearray  # digests of the other entity's ids, 8 bytes each; empty if none are kept
    currencies: list[str]  # one name for all events, or one an event

    @classmethod
    def empty(cls) -> Columns:
        """No events."""
        return cls(array("q"), array(NARROW), bytearray(), [])

    def between(self, first: int, end: int) -> Columns:
        """The events `first` to `end`, exclusive."""
        mixed = len(self.currencies) > 1
        return Columns(
            self.times[first:end],
            self.amounts[first:end],
            self.others[first * OTHER_BYTES : end * OTHER_BYTES],
            self.currencies[first:end] if mixed else self.currencies[:],
        )
