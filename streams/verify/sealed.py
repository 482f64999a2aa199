"""A recorded decision's bytes: what they say they were made from, and whether they are whole.

The tail of a decision is read without decoding the rest, which costs a tenth of the fold itself::

    … late │ 0A "score" │ partition │ offset │ 80 01 │ fingerprint, 64 hex digits
           └────────── src ─────────┴────────┘       └─ SHA-256 of the body before 80 01
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from schemas.errors import EventError
from streams.wire import codec

SEAL = 66
"""Bytes of the fingerprint field: its length, then its digits."""
DIGEST = 16
"""Bytes kept of a fingerprint: enough that nobody finds a second decision with the same."""
BROKEN = bytes(DIGEST)
"""The digest of bytes that are not what their fingerprint says: equal to no decision's."""
_STAGE = b"\x0ascore"
_LONGEST_SRC = len(_STAGE) + 20  # two numbers of at most ten bytes


class Source(NamedTuple):
    """The record of `fraud.activity` that was decided."""

    partition: int
    offset: int


def source_of(value: bytes) -> Source | None:
    """Where a decision says it came from; None where the bytes are no decision of `score`.

    >>> source_of(b"no decision") is None
    True
    """
    tail = value[-SEAL - _LONGEST_SRC : -SEAL]
    at = tail.rfind(_STAGE)
    if at < 0:
        return None
    partition, end = _number(tail, at + len(_STAGE))
    offset, end = _number(tail, end)
    return Source(partition, offset) if end == len(tail) and min(partition, offset) >= 0 else None


def digest_of(value: bytes) -> bytes:
    """The start of the body's SHA-256, computed anew; `BROKEN` where the bytes are not whole.

    What an earlier version of the schema wrote is read into today's fields first: that is what a
    decision of today is compared with.
    """
    body = value[codec.prefix_length : -SEAL]
    found = hashlib.sha256(body)
    if value[-SEAL:] != b"\x80\x01" + found.hexdigest().encode():
        return BROKEN
    if value.startswith(codec.header("decision")):
        return found.digest()[:DIGEST]
    return _read_again(value)


def stated(value: bytes) -> bytes:
    """The start of the fingerprint that a decision of our own making states.

    >>> stated(b"ab" * 32).hex()
    'abababababababababababababababab'
    """
    return bytes.fromhex(value[-64 : 2 * DIGEST - 64].decode())


def _read_again(value: bytes) -> bytes:
    try:
        name, record = codec.decode(value)
    except EventError:
        return BROKEN
    if name != "decision":
        return BROKEN
    return stated(codec.encode_decision({k: v for k, v in record.items() if k != "fingerprint"}))


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An Avro long and where it ends; -1 where the data end inside it."""
    raw = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (raw >> 1) ^ -(raw & 1), at
        shift += 7
    return -1, at
