"""Which transactions a card has shown: digests of id and content, kept for the lateness L.

A run of 24-byte records in order of arrival, which is also how it is packed. A card shows a few
transactions within L, so an id is searched in the bytes; that is faster than a table of objects
that are not in the processor's cache.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct

from models.windows.spec import LATENESS_MS

RECORD = Struct("<8s8sq")  # digest of id, digest of content, event time
_TIME = Struct("<q").unpack_from
_ID, _CONTENT, _SIZE = 8, 16, RECORD.size


class Seen(Enum):
    """What a transaction id says about its record."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICT = "conflict"


def place(shown: bytearray, key: bytes) -> int:
    """Where the record of an id begins; -1 for none."""
    at = shown.find(key)
    while at >= 0 and at % _SIZE:  # a match within a record is none
        at = shown.find(key, at + 1)
    return at


def judge(shown: bytearray, at: int, content: bytes, newest: int | None) -> Seen:
    """What the record at `at` says about a transaction of the same id, with this content.

    A record older than newest - L counts as gone, whether or not it was removed yet.

    >>> shown = bytearray()
    >>> add(shown, -1, (b"12345678", b"contents", 5), None)
    >>> judge(shown, place(shown, b"12345678"), b"contents", None).name
    'REPEAT'
    """
    if newest is not None and _TIME(shown, at + _CONTENT)[0] < newest - LATENESS_MS:
        return Seen.NEW
    return Seen.REPEAT if shown.startswith(content, at + _ID) else Seen.CONFLICT


def add(shown: bytearray, at: int, record: tuple[bytes, bytes, int], newest: int | None) -> None:
    """Remember (id, content, time) instead of what is at `at`; forget the oldest beyond L."""
    if at >= 0:
        del shown[at : at + _SIZE]
    shown += RECORD.pack(*record)
    if newest is not None:
        while _TIME(shown, _CONTENT)[0] < newest - LATENESS_MS and len(shown) > _SIZE:
            del shown[:_SIZE]


def check(shown: bytes) -> bytearray:
    """Packed records, ready to go on with; raises ValueError for a length that is not whole."""
    if len(shown) % _SIZE:
        raise ValueError(f"{len(shown)} bytes of records of {_SIZE}")
    return bytearray(shown)
