"""Columns to bytes and back: small, fast, versioned, little-endian.

```text
version u8 | kind u8 | flags u8 | currencies u8 | count u32 | older u32 | newest i64
times | amounts | others? | currency table | currency index? | the rest is the caller's
```

Times are written as the low halves of their 64-bit values where the high halves follow from the
header: times of one log lie within 49 days, of which the first `older` have the high half below the
newest's. Amounts are kept in 32 bits until one does not fit. A flag says what is written whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from struct import Struct

from models.windows.columns import NARROW, OTHER_BYTES, WIDE, Columns
from models.windows.errors import StateFormatError
from models.windows.log import EventLog

VERSION = 1
HEADER = Struct("<BBBBIIq")
HALF = 1 << 32
WIDE_TIMES, WIDE_AMOUNTS, OTHERS, MIXED = 1, 2, 4, 8
CURRENCY_BYTES = 3


def pack_columns(kind: str, log: EventLog) -> bytes:
    """The live events of a log, headed by version and kind (one letter)."""
    first, times, amounts, others = log.first(), log.times, log.amounts, log.others
    if not times:
        return HEADER.pack(VERSION, ord(kind), 0, 0, 0, 0, 0)
    if first:
        times, amounts, others = times[first:], amounts[first:], others[first * OTHER_BYTES :]
    newest, flags, older = times[-1], 0, 0
    if newest - times[0] >= HALF:
        flags, low = WIDE_TIMES, times.tobytes()
    else:
        floor, low = newest - newest % HALF, low_halves(times)
        older = 0 if times[0] >= floor else bisect_left(times, floor)
    flags |= WIDE_AMOUNTS * (amounts.typecode == WIDE) | OTHERS * log.layout.keeps_others
    names, index = log.currencies(first)
    if index:
        flags |= MIXED
    head = HEADER.pack(VERSION, ord(kind), flags, len(names), len(times), older, newest)
    return b"".join((head, low, amounts, others, "".join(names).encode(), index))


def unpack_columns(kind: str, data: bytes, keeps_others: bool) -> tuple[Columns, int]:
    """The columns, and where the caller's own section begins.

    Raises :class:`~models.windows.errors.StateFormatError` for an unknown version, another kind,
    damaged bytes, and state written without the other ids that the features now need.
    """
    if not data or data[0] != VERSION:
        came = f"version {data[0]}" if data else "no bytes"
        raise refused(kind, f"version {VERSION}", came)
    if len(data) < HEADER.size or data[1] != ord(kind):
        raise damaged(kind, data)
    _, _, flags, named, count, older, newest = HEADER.unpack_from(data)
    if keeps_others and count and not flags & OTHERS:
        raise refused(kind, "each event's other id", "none kept")
    cursor = _Cursor(kind, data)
    times = cursor.wide(count) if flags & WIDE_TIMES else cursor.low(count, older, newest >> 32)
    amounts = cursor.take(WIDE if flags & WIDE_AMOUNTS else NARROW, count)
    others = bytearray(cursor.bytes(OTHER_BYTES * count if flags & OTHERS else 0))
    text = cursor.bytes(named * CURRENCY_BYTES).decode()
    names = [text[i : i + CURRENCY_BYTES] for i in range(0, len(text), CURRENCY_BYTES)]
    if flags & MIXED:
        names = [names[i] for i in cursor.bytes(count)]
    return Columns(times, amounts, others if keeps_others else bytearray(), names), cursor.at


def low_halves(values: array[int]) -> bytes:
    """The low 32 bits of each 64-bit value."""
    return array("I", values.tobytes())[::2].tobytes()


def damaged(kind: str, data: bytes) -> StateFormatError:
    """The error for bytes that are no state of this kind."""
    return refused(kind, "bytes as written", data[:40])


def refused(kind: str, expected: str, came: object) -> StateFormatError:
    """The error for packed state, by the letter of its kind."""
    name = {"c": "card", "t": "terminal"}[kind]
    return StateFormatError(f"packed {name} state", expected=expected, came=came)


class _Cursor:
    """Reads columns one after the other."""

    def __init__(self, kind: str, data: bytes):
        self.kind, self.data, self.at = kind, data, HEADER.size

    def bytes(self, length: int) -> bytes:
        piece = self.data[self.at : self.at + length]
        if len(piece) < length:
            raise damaged(self.kind, self.data)
        self.at += length
        return piece

    def take(self, code: str, count: int) -> array[int]:
        column = array(code)
        column.frombytes(self.bytes(count * column.itemsize))
        return column

    def wide(self, count: int) -> array[int]:
        return self.take("q", count)

    def low(self, count: int, older: int, high: int) -> array[int]:
        """Whole values from low halves: `older` of them under high half `high` - 1."""
        halves = array("I", bytes(8 * count))
        halves[::2] = self.take("I", count)
        if high or older:
            upper = array("I", [high - 1 & HALF - 1]) * older
            halves[1::2] = upper + array("I", [high & HALF - 1]) * (count - older)
        whole = array("q")
        whole.frombytes(halves.tobytes())
        return whole
