"""Columns as found in files, converted to the contract's types; a cell that cannot be is named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from producers.errors import FileInvalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_TO_MS = {"s": (1_000, 1), "ms": (1, 1), "us": (1, 1_000)}
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_LARGEST = 2**63 - 1
_DIGITS = 24  # of a time as a number; Python refuses to read thousands of them
_WHOLE = 1e-3  # of a minor unit: above a float's error at the largest amount, 10^12


@dataclass(frozen=True)
class Place:
    """Where a converted column comes from: `first_row` is the number of its first row, from 1.

    Where it is not `strict`, a cell that cannot be converted becomes null instead of an error.
    """

    file: str
    column: str
    first_row: int
    strict: bool = True

    def error(self, index: int, expected: str, came: object) -> FileInvalid:
        """Return the error for the cell at `index` of this column."""
        where = f"{self.file}, row {self.first_row + index}, column {self.column}"
        return FileInvalid(where, expected=expected, came=came)


def texts(found: pl.Series, place: Place) -> pl.Series:
    """Return the column as text; numbers and booleans as they are written."""
    return _checked(found, found.cast(pl.String, strict=False), place, "text")


def one_of(found: pl.Series, place: Place, symbols: tuple[str, ...]) -> pl.Series:
    """Return the column if each of its texts is one of the `symbols`."""
    known = found.set(~found.is_in(symbols), None)
    return _checked(found, known, place, f"one of {', '.join(symbols)}")


def integers(found: pl.Series, place: Place) -> pl.Series:
    """Return the column as integers; whole floats pass, fractions do not."""
    made = found.cast(pl.Int64, strict=False)
    if found.dtype.is_float():
        made = pl.select(pl.when(made.cast(pl.Float64) == found).then(made)).to_series()
    return _checked(found, made, place, "an integer")


def numbers(found: pl.Series, place: Place) -> pl.Series:
    """Return the column as finite floats."""
    made = found.cast(pl.Float64, strict=False)
    finite = pl.select(pl.when(made.is_finite()).then(made)).to_series()
    return _checked(found, finite, place, "a finite number")


def flags(found: pl.Series, place: Place) -> pl.Series:
    """Return the column as booleans: true/false, yes/no or 1/0."""
    if found.dtype == pl.Boolean:
        return found
    made = _by_cell(found.cast(pl.String), lambda cell: _FLAGS.get(cell.lower()), pl.Boolean)
    return _checked(found, made, place, "true or false")


def minor_units(found: pl.Series, place: Place, *, per_major: int, rounded: bool) -> pl.Series:
    """Return amounts in major units as integer minor units, refusing fractions unless `rounded`."""
    exact = numbers(found, place) * per_major
    whole = exact.round(0, mode="half_to_even")
    if not rounded:
        whole = pl.select(pl.when((whole - exact).abs() <= _WHOLE).then(whole))[:, 0]
    expected = f"a whole number of 1/{per_major} (or round_amounts in the mapping)"
    return _checked(found, whole.cast(pl.Int64, strict=False), place, expected)


def times(found: pl.Series, place: Place, *, unit: str) -> pl.Series:
    """Return UTC milliseconds of timestamps, numbers in `unit`, or ISO 8601 texts.

    A time that names no zone is taken as UTC.
    """
    if found.dtype == pl.String:
        made = _by_cell(found, lambda cell: _milliseconds(cell, unit), pl.Int64)
    elif found.dtype.is_numeric():
        made = _scaled(integers(found, place), unit)
    elif found.dtype in (pl.Datetime, pl.Date):
        made = found.cast(pl.Datetime("ms")).dt.epoch("ms")
    else:
        raise place.error(0, "a time", found.dtype)
    return _checked(found, made, place, f"an ISO 8601 time or {unit} since 1970")


def _scaled(whole: pl.Series, unit: str) -> pl.Series:
    factor, divisor = _TO_MS[unit]
    fits = whole.is_between(-(_LARGEST // factor), _LARGEST // factor)
    return pl.select(pl.when(fits).then(whole))[:, 0] * factor // divisor


def _milliseconds(cell: str, unit: str) -> int | None:
    factor, divisor = _TO_MS[unit]
    if cell.isdecimal() and len(cell) <= _DIGITS:
        scaled = int(cell) * factor // divisor
        return scaled if scaled <= _LARGEST else None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MS


def _by_cell(
    found: pl.Series, convert: Callable[[str], object], dtype: type[pl.DataType]
) -> pl.Series:
    cells = [None if cell is None else convert(cell.strip()) for cell in found.to_list()]
    return pl.Series(cells, dtype=dtype)


def _checked(found: pl.Series, made: pl.Series, place: Place, expected: str) -> pl.Series:
    if place.strict and made.null_count() > found.null_count():
        index = (made.is_null() & found.is_not_null()).arg_max()
        raise place.error(index or 0, expected, found[index or 0])
    return made
