"""What a card's join remembers: where its decisions are in the log, which labels came, which wait.

Packed, little-endian::

    version u8 | pointers u32 | verdicts u32
    pointer  26 bytes: digest of the transaction id 8, partition u16, offset i64, event time i64
    verdict  33 bytes: digest 8, label u8, observed at i64, digest of the label id 8,
                       digest of the label that it superseded 8 (zeros: none)
    waiting  JSON list of labels whose decision has not come

A pointer costs 26 bytes instead of a decision's 1,500: a card with 2 transactions a day keeps 60
days in 3.1 KB. Digests are BLAKE2b, 64 bits, within one card. Bounds a card: `MAX_POINTERS`
decisions (107 KB), `MAX_WAITING` labels.
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
_VERSION = 1
_HEAD = struct.Struct("<BII")
_POINTER = struct.Struct("<8sHqq")
_VERDICT = struct.Struct("<8sBq8s8s")
NO_DIGEST = bytes(8)


class Pointer(NamedTuple):
    """Where a decision is: read the record at `partition` and `offset` of `fraud.decisions`."""

    transaction_id: str
    partition: int
    offset: int
    event_time: int
    verdict: str | None


class Verdict(NamedTuple):
    """The label in force: the greatest by (observed_at, digest of the label id)."""

    label: str
    observed_at: int
    label_digest: bytes
    superseded: bytes


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
        rows = (
            _VERDICT.pack(key, LABELS.index(v.label), v.observed_at, v.label_digest, v.superseded)
            for key, v in self.verdicts.items()
        )
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
        rows = _VERDICT.iter_unpack(data[middle:end])
        known = {key: Verdict(LABELS[label], *rest) for key, label, *rest in rows}
        waiting = json.loads(data[end:]) if data[end:] else []
        return cls(bytearray(data[_HEAD.size : middle]), known, waiting)

    def add(self, key: bytes, partition: int, offset: int, event_time: int) -> None:
        """Append a pointer; beyond `MAX_POINTERS` the oldest goes."""
        self.pointers += _POINTER.pack(key, partition, offset, event_time)
        if len(self.pointers) > MAX_POINTERS * _POINTER.size:
            self._forget_first()

    def find(self, key: bytes) -> tuple[int, int, int] | None:
        """(partition, offset, event time) of a remembered decision, or None."""
        at = self.pointers.find(key)
        while at >= 0 and at % _POINTER.size:  # the bytes of other fields may look like the digest
            at = self.pointers.find(key, at + 1)
        if at < 0:
            return None
        _, partition, offset, event_time = _POINTER.unpack_from(self.pointers, at)
        return partition, offset, event_time

    def forget(self, before: int) -> None:
        """Drop the oldest remembered pointers while their event time lies below `before`."""
        while self.pointers and _POINTER.unpack_from(self.pointers)[3] < before:
            self._forget_first()

    def _forget_first(self) -> None:
        self.verdicts.pop(bytes(self.pointers[:8]), None)
        del self.pointers[: _POINTER.size]


def digest(identity: str) -> bytes:
    """Eight bytes that stand for an id within one card."""
    return hashlib.blake2b(identity.encode(), digest_size=8).digest()
