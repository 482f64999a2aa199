"""The quick paths for integers, rows and maps of doubles against fastavro."""

import io
import math
import struct

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.binary import pack_int, pack_long, unpack_count, unpack_int, unpack_long, unpack_time
from schemas.named_row import NamedRow
from schemas.numbers import NumberMap, pack_row, unpack_row

MANY = settings(max_examples=150, deadline=None)
NUMBER = st.none() | st.floats(allow_nan=False)
INT64 = st.integers(-(2**63), 2**63 - 1) | st.integers(-300, 300)
EDGES = [0, -1, 63, 64, 8191, 8192, 2**27, 2**41 - 1, 2**41, 2**63 - 1, -(2**63)]


def reference(kind: object, value: object) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(kind), value)
    return out.getvalue()


@pytest.mark.parametrize("n", EDGES)
def test_long_edges(n: int) -> None:
    assert pack_long(n) == reference("long", n)
    assert unpack_long(pack_long(n), 0) == unpack_time(pack_long(n), 0) == (n, len(pack_long(n)))


@MANY
@given(n=INT64, before=st.binary(max_size=3), after=st.binary(max_size=8))
def test_long(n: int, before: bytes, after: bytes) -> None:
    assert pack_long(n) == reference("long", n)
    data = before + pack_long(n) + after
    expected = n, len(before) + len(pack_long(n))
    assert unpack_long(data, len(before)) == unpack_time(data, len(before)) == expected


def test_integers_out_of_range() -> None:
    for n in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError):
            pack_long(n)
    for n in (2**31, -(2**31) - 1):
        with pytest.raises(OverflowError):
            pack_int(n)
        with pytest.raises(ValueError, match="32 bits"):
            unpack_int(pack_long(n), 0)
    with pytest.raises(ValueError, match="64-bit"):
        unpack_long(b"\xff" * 11, 0)
    with pytest.raises(ValueError, match="64-bit"):
        unpack_long(b"\xff" * 9 + b"\x7f", 0)


@MANY
@given(row=st.lists(NUMBER, max_size=60))
def test_row(row: list[float | None]) -> None:
    data = pack_row(row)
    assert data == reference({"type": "array", "items": ["double", "null"]}, row)
    assert unpack_row(b"?" + data + b"?", 1) == (row, 1 + len(data))


def test_row_beyond_what_is_kept() -> None:
    for row in ([1.5] * 3000, [None] * 3000, [0.0, None] * 1500):
        assert unpack_row(pack_row(row), 0)[0] == row


MAPS = st.lists(st.dictionaries(st.sampled_from("abcdefgh") | st.text(), NUMBER), max_size=6)


@MANY
@given(maps=MAPS)
def test_maps_one_after_another(maps: list[dict[str, float | None]]) -> None:
    numbers = NumberMap()
    for values in maps:
        data = numbers.pack(values)
        assert data == reference({"type": "map", "values": ["double", "null"]}, values)
        read, end = numbers.unpack(b"??" + data + b"?", 2)
        assert (list(read.items()), end) == (list(values.items()), 2 + len(data))


@MANY
@given(nulls=st.lists(st.lists(st.booleans(), min_size=30, max_size=30), max_size=6))
def test_maps_with_the_same_names_and_other_nulls(nulls: list[list[bool]]) -> None:
    numbers = NumberMap()
    for pattern in nulls:
        values = {f"feature_{i}": None if null else i / 7 for i, null in enumerate(pattern)}
        assert numbers.unpack(numbers.pack(values), 0)[0] == values


def test_map_beyond_what_is_kept() -> None:
    values = {f"n{i}": None if i % 3 else 0.5 for i in range(3000)}
    numbers = NumberMap()
    assert numbers.unpack(numbers.pack(values), 0)[0] == values


def test_blocks_with_sizes_as_other_writers_make_them() -> None:
    item = pack_row([1.0])[1:-1]
    block = pack_long(-1) + pack_long(len(item)) + item
    assert unpack_count(block, 0) == (1, 2)
    assert unpack_row(block + block + b"\x00", 0)[0] == [1.0, 1.0]
    pair = b"\x02a" + item
    block = pack_long(-1) + pack_long(len(pair)) + pair
    assert NumberMap().unpack(block + b"\x00", 0)[0] == {"a": 1.0}


def test_nan_keeps_being_nan() -> None:
    assert math.isnan(unpack_row(pack_row([math.nan]), 0)[0][0] or 0)


@MANY
@given(maps=MAPS)
def test_a_named_row_packs_as_its_dictionary(maps: list[dict[str, float | None]]) -> None:
    numbers = NumberMap()
    for values in maps:
        row = NamedRow(tuple(values), list(values.values()))
        assert numbers.pack(row) == NumberMap().pack(values)
        assert (dict(row), row, len(row)) == (values, values, len(values))


@MANY
@given(rows=st.lists(st.lists(NUMBER, min_size=30, max_size=30), max_size=6))
def test_named_rows_of_the_same_names(rows: list[list[float | None]]) -> None:
    numbers, names = NumberMap(), tuple(f"feature_{i}" for i in range(30))
    for row in rows:
        data = numbers.pack(NamedRow(names, row))
        values = dict(zip(names, row, strict=True))
        assert data == reference({"type": "map", "values": ["double", "null"]}, values)


def test_a_named_row_beyond_what_is_kept() -> None:
    row = NamedRow(tuple(f"n{i}" for i in range(3000)), [0.5, None] * 1500)
    assert NumberMap().pack(row) == NumberMap().pack(dict(row))


def test_a_named_row_does_not_change_and_says_what_it_lacks() -> None:
    numbers: list[float | None] = [1.0]
    row = NamedRow(("a",), numbers)
    numbers[0] = 2.0
    assert row == {"a": 1.0}
    assert ("a" in row, "b" in row, row.get("b")) == (True, False, None)
    with pytest.raises(KeyError, match="b"):
        row["b"]
    with pytest.raises(ValueError, match="2 numbers expected, got 1"):
        NamedRow(("a", "b"), [1.0])


@pytest.mark.parametrize("row", [[], [1.0], [None], [1.0] * 63, [1.0] * 64, [1.0, None]])
def test_rows_cut_off_and_rows_at_the_end(row: list[float | None]) -> None:
    data = pack_row(row)
    assert unpack_row(data, 0) == (row, len(data))
    for end in range(len(data)):
        with pytest.raises((IndexError, ValueError, struct.error)):
            unpack_row(data[:end], 0)
