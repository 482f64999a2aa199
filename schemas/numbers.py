"""Rows and maps of optional doubles, ["double", "null"] in Avro: features, most bytes of an event.

The double is branch 0, so that the byte before it is a 0, which `struct` writes as padding: one
call packs a whole run. Names and nulls of a map repeat from record to record; where they do, one
call packs and unpacks the map.

```text
row  count │ 00 double │ 00 double │ 02 │ 00 double │ … │ 00
map  count │ name 00 double │ name 02 │ name 00 double │ … │ 00
           └── piece ┘        └── piece ───┘       the rest: tail
```
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import Struct, error
from typing import NamedTuple

from schemas.binary import LENGTHS, pack_long, unpack_count, unpack_double, unpack_length
from schemas.named_row import NamedRow

_NULL = b"\x02"
_pack_branch_0 = Struct("<xd").pack
# Patterns met last that a map is tried with, and sizes beyond which nothing is kept of a record:
# what comes over the wire must not fill the memory.
_LAYOUTS_TRIED = 12
_ROW_KEPT, _NAMES_KEPT = 1024, 1024


@lru_cache(maxsize=256)
def _row(count: int) -> Struct:
    return Struct("<" + "xd" * count)


def pack_row(values: Sequence[float | None]) -> bytes:
    """An array of ["double", "null"].

    >>> pack_row([None, 0.0]) == bytes([4, 2, 0, *bytes(8), 0])
    True
    """
    if not values:
        return b"\x00"
    try:
        body = _row(len(values)).pack(*values) if len(values) <= _ROW_KEPT else _each(values)
    except error:
        body = _each(values)
    return pack_long(len(values)) + body + b"\x00"


def _each(values: Sequence[float | None]) -> bytes:
    return b"".join([_NULL if v is None else _pack_branch_0(v) for v in values])


def unpack_row(data: bytes, at: int) -> tuple[list[float | None], int]:
    """What `pack_row` wrote, run by run of doubles and of nulls."""
    first, start = data[at], at + 1
    if not first:
        return [], start
    count = first >> 1
    end = start + 9 * count
    if first & 129 or data[start:end:9] != bytes(count) or data[end]:
        return _unpack_runs(data, at)
    return list(_row(count).unpack_from(data, start)), end + 1


def _unpack_runs(data: bytes, at: int) -> tuple[list[float | None], int]:
    values: list[float | None] = []
    left, at = unpack_count(data, at)
    while left:
        while left:
            branches = data[at : at + 9 * left : 9]
            run = min(len(branches) - len(branches.lstrip(b"\x00")), _ROW_KEPT)
            values += _row(run).unpack_from(data, at)
            at, left = at + 9 * run, left - run
            branches = data[at : at + left]
            nulls = len(branches) - len(branches.lstrip(_NULL))
            values += [None] * nulls
            at, left = at + nulls, left - nulls
            if not run and not nulls:
                raise ValueError(f"no branch of a double or null at byte {at}")
        left, at = unpack_count(data, at)
    return values, at


class _Layout(NamedTuple):
    """Where the doubles of a map lie, for one tuple of names and one pattern of nulls."""

    struct: Struct
    pieces: tuple[bytes, ...]
    """Everything between the doubles: names, branches, nulls."""
    places: list[object]
    """The pieces, each with a place for the double behind it."""
    tail: bytes
    """What follows the last double."""
    size: int
    """Bytes before the tail."""
    empty: dict[str, float | None]
    doubles: tuple[str, ...]
    """Names of the doubles."""
    names: tuple[str, ...]
    gaps: tuple[int, ...]
    """Bytes of each name with its length."""


@lru_cache(maxsize=512)
def _layout(names: tuple[str, ...], nulls: bytes) -> _Layout:
    pieces, gap = [], pack_long(len(names))
    keys = [_key(name) for name in names]
    for key, null in zip(keys, nulls, strict=True):
        gap += key + (_NULL if null else b"\x00")
        if not null:
            pieces.append(gap)
            gap = b""
    struct = Struct("<" + "".join(f"{len(piece)}sd" for piece in pieces))
    doubles = tuple(name for name, null in zip(names, nulls, strict=True) if not null)
    sizes = tuple(map(len, keys))
    empty: dict[str, float | None] = dict.fromkeys(names)
    places: list[object] = [part for piece in pieces for part in (piece, None)]
    tail = gap + b"\x00"
    return _Layout(struct, tuple(pieces), places, tail, struct.size, empty, doubles, names, sizes)


def _key(name: str) -> bytes:
    key = name.encode()
    return LENGTHS[len(key)] + key


class NumberMap:
    """Maps of ["double", "null"] whose names and nulls repeat from record to record.

    >>> numbers = NumberMap()
    >>> numbers.unpack(numbers.pack({"a": 1.5, "b": None}), 0)
    ({'a': 1.5, 'b': None}, 16)
    """

    def __init__(self) -> None:
        self._recent: tuple[_Layout, ...] = ()
        self._full = _layout((), b"")

    def pack(self, values: Mapping[str, float | None]) -> bytes:
        """The map in its own order; quickest for a `NamedRow` without nulls."""
        if values.__class__ is NamedRow:
            names, numbers = values.names, values.numbers
        else:
            names, numbers = tuple(values), tuple(values.values())
        if not names:
            return b"\x00"
        if len(names) > _NAMES_KEPT:
            return _pack_pairs(values)
        full = self._full if names is self._full.names else self._without_nulls(names)
        try:
            return _pack_as(full, numbers)
        except error:
            return _pack_with_nulls(names, numbers)

    def _without_nulls(self, names: tuple[str, ...]) -> _Layout:
        self._full = _layout(names, bytes(len(names)))
        return self._full

    def unpack(self, data: bytes, at: int) -> tuple[dict[str, float | None], int]:
        """What `pack` wrote; the layouts met last are tried first."""
        if not data[at]:
            return {}, at + 1
        for layout in self._recent:
            if data.startswith(layout.tail, at + layout.size):
                values = _unpack_as(layout, data, at)
                if values is not None:
                    return values, at + layout.size + len(layout.tail)
        return self._same_names(data, at) or self._walk(data, at)

    def _same_names(self, data: bytes, at: int) -> tuple[dict[str, float | None], int] | None:
        """The names met last with other nulls: only the branches need to be looked at."""
        if not self._recent:
            return None
        known = self._recent[0]
        nulls, place = bytearray(), at + len(pack_long(len(known.names)))
        try:
            for gap in known.gaps:
                branch = data[place + gap]
                nulls.append(branch == 2)
                place += gap + (1 if branch == 2 else 9)
        except IndexError:
            return None
        layout = _layout(known.names, bytes(nulls))
        values = _unpack_as(layout, data, at)
        if values is None or not data.startswith(layout.tail, at + layout.size):
            return None
        self._remember(layout)
        return values, at + layout.size + len(layout.tail)

    def _walk(self, data: bytes, at: int) -> tuple[dict[str, float | None], int]:
        values: dict[str, float | None] = {}
        left, at = unpack_count(data, at)
        while left:
            for _ in range(left):
                size, at = unpack_length(data, at)
                key, at = data[at : at + (size >> 1)].decode(), at + (size >> 1)
                values[key], at = _double_or_null(data, at)
            left, at = unpack_count(data, at)
        if len(values) <= _NAMES_KEPT:
            self._remember(_layout(tuple(values), bytes([v is None for v in values.values()])))
        return values, at

    def _remember(self, layout: _Layout) -> None:
        others = [known for known in self._recent if known is not layout]
        self._recent = (layout, *others[: _LAYOUTS_TRIED - 1])


def _unpack_as(layout: _Layout, data: bytes, at: int) -> dict[str, float | None] | None:
    if at + layout.size > len(data):
        return None
    found = layout.struct.unpack_from(data, at)
    if found[::2] != layout.pieces:
        return None
    values = layout.empty.copy()
    values.update(zip(layout.doubles, found[1::2], strict=True))
    return values


def _pack_as(layout: _Layout, numbers: Sequence[float | None]) -> bytes:
    parts = layout.places.copy()
    parts[1::2] = numbers
    return layout.struct.pack(*parts) + layout.tail


def _pack_with_nulls(names: tuple[str, ...], numbers: Sequence[float | None]) -> bytes:
    layout = _layout(names, bytes([v is None for v in numbers]))
    return _pack_as(layout, [v for v in numbers if v is not None])


def _pack_pairs(values: Mapping[str, float | None]) -> bytes:
    pairs = [_key(name) + _each((value,)) for name, value in values.items()]
    return pack_long(len(pairs)) + b"".join(pairs) + b"\x00"


def _double_or_null(data: bytes, at: int) -> tuple[float | None, int]:
    branch = data[at]
    if branch == 0:
        return unpack_double(data, at + 1)[0], at + 9
    if branch == 2:
        return None, at + 1
    raise ValueError(f"no branch of a double or null at byte {at}")
