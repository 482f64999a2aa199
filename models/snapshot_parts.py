"""A snapshot too large for one record travels as several, each with the whole manifest.

>>> parts = split({"payload": b"abcdef", "part": 0, "parts": 1}, limit=4)
>>> [(suffix, record["payload"]) for suffix, record in parts]
[('', b'abcd'), ('#1', b'ef')]
>>> join([record for _, record in parts])["payload"]
b'abcdef'
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from models.scorer import SnapshotError

LIMIT = 3_000_000
"""Bytes of payload a record: the topics allow 4 MB a message, and a manifest takes some."""


def split(record: Mapping[str, Any], limit: int = LIMIT) -> list[tuple[str, dict[str, Any]]]:
    """(what to add to the record's key, record) for each part; one for a small payload."""
    payload = record["payload"]
    pieces = [payload[at : at + limit] for at in range(0, len(payload), limit)] or [b""]
    return [
        (f"#{part}" if part else "", {**record, "payload": piece, "part": part,
                                      "parts": len(pieces)})
        for part, piece in enumerate(pieces)
    ]  # fmt: skip


def join(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole snapshot from its parts, in any order.

    Raises `SnapshotError` where one is missing or the payload is not what its sha256 says.
    """
    ordered = sorted(parts, key=lambda record: record["part"])
    whole = {**ordered[0], "part": 0, "parts": 1}
    where = f"model {whole.get('name')}@{whole.get('version')}"
    if [record["part"] for record in ordered] != list(range(ordered[0]["parts"])):
        came = [record["part"] for record in ordered]
        raise SnapshotError(where, expected=f"{ordered[0]['parts']} parts", came=came)
    whole["payload"] = b"".join(record["payload"] for record in ordered)
    expected, found = whole.get("sha256"), hashlib.sha256(whole["payload"]).hexdigest()
    if expected is not None and found != expected:
        raise SnapshotError(where, expected=f"payload with sha256 {expected}", came=found)
    return whole
