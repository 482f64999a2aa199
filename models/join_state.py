"""What a card's join remembers: where its decisions are in the log, which labels came, which wait.

Packed, little-endian::

    version u8 | pointers u32 | verdicts u32
    pointer  12 bytes: digest of the transaction id 5, offset 5, day of the event u16
    verdict  38 bytes: digest of the transaction id 5, label and trust u8, observed at i64,
                       digest of the label id 8, digest of the label that it superseded 8 (zeros:
                       none), time told to the terminal i64
    waiting  JSON list of labels whose decision has not come

A pointer costs 12 bytes instead of a decision's 1,360. Its partition is the task's own (decisions
and labels are co-partitioned), and its age matters to a day. Digests are BLAKE2b within one card:
five bytes confuse two of a card's 480 transactions (120 days at 4 a day) once in 10^7 cards.
Bounds a card: `MAX_POINTERS` decisions (49 KB), a verdict at most a pointer, `MAX_WAITING` labels.
A card that is gone keeps its empty entry: 9 bytes and the task's 16.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models.state_versions import check_version

MAX_POINTERS = 4_096
"""Decisions a card; beyond it the oldest is forgotten, and its label becomes an orphan."""
MAX_WAITING = 64
"""Labels a card that wait for their decision; one more is refused."""

LABELS = ("FRAUD", "LEGITIMATE")
DAY_MS = 86_400_000
KEY_BYTES = 5
_VERSION = 2
_HEAD = struct.Struct("<BII")
_POINTER = struct.Struct("<5s5sH")
_VERDICT = struct.Struct("<5sBq8s8sq")
NO_DIGEST = bytes(8)
_LAST_DAY = 0xFFFF


class Pointer(NamedTuple):
    """Where a decision is: the record at `offset` of the card's partition of `fraud.decisions`."""

    transaction_id: str
    offset: int
    verdict: str | None


class Verdict(NamedTuple):
    """The label in force: the greatest by (observed_at, trust, digest of the label id).

    `told` grows with each verdict about a transaction, so that a terminal can let the latest stand.
    """

    label: str
    trust: int
    observed_at: int
    label_digest: bytes
    superseded: bytes
    told: int


@dataclass
class JoinState:
    """One card's join. `JoinState()` is a card without history.

    >>> JoinState.unpack(JoinState().pack()) == JoinState()
    True
    """

    pointers: bytearray = field(default_factory=bytearray)
    verdicts: dict[bytes, Verdict] = field(default_factory=dict)
    waiting: list[dict[str, Any]] = field(default_factory=list)

    def pack(self) -> bytes:
        """The bytes described above; equal states of equal history give equal bytes."""
        rows = (_pack_verdict(key, verdict) for key, verdict in self.verdicts.items())
        waiting = json.dumps(self.waiting, separators=(",", ":")).encode() if self.waiting else b""
        head = _HEAD.pack(_VERSION, len(self.pointers) // _POINTER.size, len(self.verdicts))
        return b"".join((head, self.pointers, *rows, waiting))

    @classmethod
    def unpack(cls, data: bytes) -> JoinState:
        """The state that `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("join", data, _VERSION, _HEAD.size)
        _, pointers, verdicts = _HEAD.unpack_from(data)
        middle = _HEAD.size + pointers * _POINTER.size
        end = middle + verdicts * _VERDICT.size
        check_version("join", data, _VERSION, end)
        known = dict(_unpack_verdict(row) for row in _VERDICT.iter_unpack(data[middle:end]))
        waiting = json.loads(data[end:]) if data[end:] else []
        return cls(bytearray(data[_HEAD.size : middle]), known, waiting)

    def add(self, key: bytes, offset: int, event_time: int) -> None:
        """Append a pointer; beyond `MAX_POINTERS` the oldest goes."""
        self.pointers += _POINTER.pack(key, offset.to_bytes(5, "little"), _day(event_time))
        if len(self.pointers) > MAX_POINTERS * _POINTER.size:
            self._forget_first()

    def find(self, key: bytes) -> int | None:
        """The offset of a remembered decision, or None."""
        at = self.pointers.find(key)
        while at >= 0 and at % _POINTER.size:  # the bytes of other fields may look like the digest
            at = self.pointers.find(key, at + 1)
        if at < 0:
            return None
        return int.from_bytes(self.pointers[at + KEY_BYTES : at + 2 * KEY_BYTES], "little")

    def forget(self, before: int) -> None:
        """Drop the oldest remembered pointers while their day lies before that of `before`, ms."""
        day = _day(before)
        while self.pointers and _POINTER.unpack_from(self.pointers)[2] < day:
            self._forget_first()

    def outdated(self, before: int) -> bool:
        """Whether `forget` would drop a pointer."""
        return bool(self.pointers) and _POINTER.unpack_from(self.pointers)[2] < _day(before)

    def _forget_first(self) -> None:
        self.verdicts.pop(bytes(self.pointers[:KEY_BYTES]), None)
        del self.pointers[: _POINTER.size]


def key_of(transaction_id: str) -> bytes:
    """Five bytes that stand for a transaction within one card."""
    return hashlib.blake2b(transaction_id.encode(), digest_size=KEY_BYTES).digest()


def digest(label_id: str) -> bytes:
    """Eight bytes that stand for a label: an order among labels that nobody chose."""
    return hashlib.blake2b(label_id.encode(), digest_size=8).digest()


def _day(time: int) -> int:
    return min(max(time // DAY_MS, 0), _LAST_DAY)


def _pack_verdict(key: bytes, verdict: Verdict) -> bytes:
    flags = LABELS.index(verdict.label) | verdict.trust << 1
    return _VERDICT.pack(key, flags, *verdict[2:])


def _unpack_verdict(row: tuple[Any, ...]) -> tuple[bytes, Verdict]:
    key, flags, *rest = row
    return key, Verdict(LABELS[flags & 1], flags >> 1, *rest)
