"""Feature rows that wait for their label, and those that a later label may turn around."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from models.replay_track import Row

ROWS_KEPT = 1_000_000
"""Rows held by default: 8 bytes a feature, 380 MB of the shipped 48; the Handbook's 104 days."""
_CHUNK = 4_096  # rows let go together


class Rows:
    """The last rows by ordinal, packed; the oldest go, some thousands at a time.

    A row comes back with the bits it had; a NaN in it comes back as None, missing, which is what
    every model takes it for.

    >>> rows = Rows(width=2)
    >>> rows.add((1.5, None)), rows.row(0), rows.row(7)
    (None, [1.5, None], None)
    """

    def __init__(self, width: int, limit: int = ROWS_KEPT) -> None:
        self.width = width
        self._limit = -(-limit // _CHUNK)  # in chunks, the one being filled not counted
        self._chunks: dict[int, array[float]] = {}
        self._next = 0

    def add(self, row: Row) -> None:
        """Keep the row of the next ordinal."""
        number = self._next // _CHUNK
        chunk = self._chunks.get(number)
        if chunk is None:
            chunk = self._chunks[number] = array("d")
            self._chunks.pop(number - self._limit - 1, None)
        chunk.extend(_packed(row))
        self._next += 1

    def row(self, ordinal: int) -> Row | None:
        """The row of an ordinal; None where it is not held (any more)."""
        chunk = self._chunks.get(ordinal // _CHUNK)
        start = ordinal % _CHUNK * self.width
        if chunk is None or start >= len(chunk):
            return None
        found = chunk[start : start + self.width]
        return [None if value != value else value for value in found]  # noqa: PLR0124 - NaN


def _packed(row: Row) -> Sequence[float]:
    return [math.nan if value is None else value for value in row]
