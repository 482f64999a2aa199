"""A state too large for one record, as several: two slots in turn, so that one is always whole.

Each part carries the state's applied offsets and its place. A crash between two parts leaves one
slot mixed; the other, older one still stands, and the log goes on from there.

>>> parts = split(b"learner", b"12345678", b"abcdef", slot=1, limit=4)
>>> [key for key in parts]
[b'\\x00part/1/000/learner', b'\\x00part/1/001/learner']
>>> whole(parts, prefix=8)
{b'learner': [(1, b'12345678', b'abcdef')]}
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

LIMIT = 500_000
"""Bytes a record: the changelogs allow 4 MB; what is well below 1 MB rides in ordinary batches."""
SLOTS = 2
_MARK = b"\x00part/"
_PLACE = struct.Struct("<HH")  # which part, of how many

Whole = tuple[int, bytes, bytes]
"""Slot, applied offsets as bytes, the state's own bytes."""


def is_part(key: bytes) -> bool:
    """Whether a changelog key is a part's."""
    return key.startswith(_MARK)


def split(
    key: bytes, prefix: bytes, packed: bytes, slot: int, limit: int = LIMIT
) -> dict[bytes, bytes]:
    """The records of a state in a slot; ``prefix`` is its applied offsets, packed."""
    pieces = [packed[at : at + limit] for at in range(0, len(packed), limit)]
    return {
        b"%s%d/%03d/%s" % (_MARK, slot, at, key): prefix + _PLACE.pack(at, len(pieces)) + piece
        for at, piece in enumerate(pieces)
    }


def whole(values: Mapping[bytes, bytes], prefix: int) -> dict[bytes, list[Whole]]:
    """The slots of each key of which all parts are there, of the same applied offsets.

    ``prefix`` is the size of the applied offsets, packed.
    """
    slots: dict[tuple[bytes, int], dict[int, bytes]] = {}
    for part_key, value in values.items():
        if is_part(part_key):
            slot, place, key = part_key.removeprefix(_MARK).split(b"/", 2)
            slots.setdefault((key, int(slot)), {})[int(place)] = value
    found: dict[bytes, list[Whole]] = {}
    for (key, number), parts in slots.items():
        state = _joined(parts, prefix)
        if state is not None:
            found.setdefault(key, []).append((number, *state))
    return found


def _joined(parts: Mapping[int, bytes], prefix: int) -> tuple[bytes, bytes] | None:
    if 0 not in parts:
        return None
    head, start = parts[0][:prefix], prefix + _PLACE.size
    count = _PLACE.unpack_from(parts[0], prefix)[1]
    wanted = [parts.get(at, b"") for at in range(count)]  # a longer, older state left more
    fits = [
        part[:prefix] == head and part[prefix:start] == _PLACE.pack(at, count)
        for at, part in enumerate(wanted)
    ]
    return (head, b"".join(part[start:] for part in wanted)) if all(fits) else None
