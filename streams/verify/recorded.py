"""What `fraud.decisions` says, by the record of `fraud.activity` that was decided.

A digest and a place a decision, 24 bytes: bytes are read again where something differs.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from streams.verify.sealed import DIGEST

NOWHERE = -1
_CHECKED = -2
_OFFSET_BITS = 48


class Place(NamedTuple):
    """A record of `fraud.decisions`."""

    partition: int
    offset: int


class Recorded:
    """The decisions on record for `start` to below `stop` of one partition of `fraud.activity`.

    >>> recorded = Recorded(10, 12)
    >>> recorded.add(11, b"a" * 16, Place(3, 7)), recorded.add(11, b"a" * 16, Place(3, 9))
    (True, False)
    >>> recorded.check(11, b"a" * 16), recorded.check(10, b"b" * 16)
    ([], None)
    """

    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop
        count = max(0, stop - start)
        self._digests = bytearray(DIGEST * count)
        self._places = array("q", [NOWHERE]) * count
        self._others: dict[int, list[tuple[bytes, Place]]] = defaultdict(list)

    def add(self, offset: int, digest: bytes, place: Place) -> bool:
        """Note a record; False for one that says the same as an earlier one (a repeat)."""
        at = offset - self.start
        if self._places[at] == NOWHERE:
            self._digests[at * DIGEST : (at + 1) * DIGEST] = digest
            self._places[at] = place.partition << _OFFSET_BITS | place.offset
            return True
        known = [self._digest(at), *(other for other, _ in self._others.get(offset, ()))]
        if digest in known:
            return False
        self._others[offset].append((digest, place))
        return True

    def check(self, offset: int, digest: bytes) -> list[Place] | None:
        """The places that say otherwise than `digest`; None where nothing is on record."""
        at = offset - self.start
        if self._places[at] == NOWHERE:
            return None
        place, self._places[at] = self._places[at], _CHECKED
        odd = [] if self._digest(at) == digest else [_place(place)]
        if offset in self._others:  # two different records of one decision: never by a worker
            odd += [where for other, where in self._others[offset] if other != digest]
        return odd

    def unchecked(self) -> Iterator[tuple[int, Place]]:
        """What is on record and was never derived, with its offset."""
        for at, place in enumerate(self._places):
            if place >= 0:
                yield self.start + at, _place(place)

    def _digest(self, at: int) -> bytes:
        return bytes(self._digests[at * DIGEST : (at + 1) * DIGEST])


def _place(packed: int) -> Place:
    return Place(packed >> _OFFSET_BITS, packed & ((1 << _OFFSET_BITS) - 1))
