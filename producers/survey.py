"""A file read whole and tolerantly: what is wrong in it is counted by column, not refused."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from producers.batch import Batch
from producers.fields import fields_of
from producers.files import label_table
from producers.mapping import ColumnMapping
from producers.tables import batches
from schemas.pan import find_pan, mask_text

ATTRIBUTE = "attributes."
_DIGITS = r"[0-9](?:[ -]?[0-9]){12,}"  # what schemas.pan looks at; below it for integers
_FRACTION = r"^\s*[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?\s*$"  # 57.160000000000004 is an amount
_NEVER_ISSUED = [(10**k, 2 * 10**k) for k in (12, 13, 15, 16, 17, 18)]
_SHORTEST = 10**12

Show = Callable[[int], None]


@dataclass
class ColumnFound:
    """A column of the file: `fields` are ours that it becomes, none where it is not used."""

    name: str
    type: str
    fields: tuple[str, ...]
    missing: int = 0
    """Cells without a value: null, NaN, empty text."""
    unreadable: int = 0
    """Cells with a value that does not become our field's type."""
    pan_shaped: int = 0
    """Cells that look like a card number."""
    masked: str | None = None
    """The first of those, all digits but the last four masked."""


@dataclass
class Survey:
    """`table` has our fields under their names, `attributes.<name>` for signals, null where a cell
    was missing or unreadable; `columns` are the file's own.
    """

    table: pl.DataFrame
    columns: list[ColumnFound] = field(default_factory=list)


class _Made(NamedTuple):
    table: pl.DataFrame
    batch: Batch


def survey(
    path: Path,
    mapping: ColumnMapping,
    event: Literal["transaction", "label"],
    show: Show = lambda _: None,
) -> Survey:
    """Read a file of transactions or of labels; `show` hears how many rows lie behind.

    Holds the whole table: about 100 bytes a row. Raises `FileInvalid` for a file that cannot be
    read and for a required column that it lacks.
    """
    tables: list[pl.DataFrame] = []
    columns: dict[str, ColumnFound] = {}
    rows = 0
    for made in _made(path, mapping, event):
        tables.append(made.table)
        for series in made.batch.found:
            _look(columns, series, mapping)
        _count_unreadable(columns, made, mapping)
        rows += len(made.table)
        show(rows)
    table = pl.concat(tables) if tables else pl.DataFrame()
    return Survey(table, list(columns.values()))


def _made(path: Path, mapping: ColumnMapping, event: str) -> Iterator[_Made]:
    first_row = 1
    for found in batches(path, delimiter=mapping.delimiter):
        batch = Batch(found, mapping, str(path), first_row, strict=False)
        table = label_table(batch) if event == "label" else _transactions(batch)
        kinds = {spec.name: _KINDS[spec.kind] for spec in fields_of(event)}
        # A column of nulls has no type of its own; batches must agree on one.
        untyped = [c.name for c in table if c.dtype == pl.Null]
        yield _Made(table.cast({name: kinds[name] for name in untyped}), batch)
        first_row += len(found)


def _transactions(batch: Batch) -> pl.DataFrame:
    fields = [batch.field(spec) for spec in fields_of("transaction")]
    signals = batch.mapping.attributes.items()
    numbers = [batch.number(name, column).alias(ATTRIBUTE + name) for name, column in signals]
    return pl.DataFrame([*fields, *numbers])


_KINDS: dict[str, type[pl.DataType]] = {
    "time": pl.Int64, "integer": pl.Int64, "flag": pl.Boolean, "text": pl.String,
}  # fmt: skip


def _look(columns: dict[str, ColumnFound], series: pl.Series, mapping: ColumnMapping) -> None:
    found = columns.get(series.name)
    if found is None:
        fields = tuple(_fields_from(series.name, mapping))
        found = columns[series.name] = ColumnFound(series.name, str(series.dtype), fields)
    found.missing += _missing(series)
    suspects = [text for text in _candidates(series) if find_pan(text)]
    found.pan_shaped += len(suspects)
    if suspects and found.masked is None:
        found.masked = mask_text(suspects[0])


def _fields_from(column: str, mapping: ColumnMapping) -> Iterator[str]:
    own = {spec.name for event in ("transaction", "label") for spec in fields_of(event)}
    if column in own | {"amount"} and column not in {*mapping.columns, *mapping.constants}:
        yield column
    yield from (ours for ours, theirs in mapping.columns.items() if theirs == column)
    yield from (ATTRIBUTE + n for n, theirs in mapping.attributes.items() if theirs == column)


def _missing(series: pl.Series) -> int:
    if series.dtype.is_float():
        return series.null_count() + int(series.is_nan().sum())
    if series.dtype == pl.String:
        return series.null_count() + int((series.str.strip_chars() == "").sum())
    return series.null_count()


def _candidates(series: pl.Series) -> list[str]:
    """The cells worth a second look; nearly always none."""
    if series.dtype == pl.String:
        suspects = series.str.contains(_DIGITS) & ~series.str.contains(_FRACTION)
        return series.filter(suspects.fill_null(value=False)).to_list()
    if series.dtype.is_integer():
        suspects = series >= _SHORTEST
        for low, high in _NEVER_ISSUED:  # times and ids that count by clock
            suspects &= (series < low) | (series >= high)
        return series.filter(suspects.fill_null(value=False)).cast(pl.String).to_list()
    return []


def _count_unreadable(columns: dict[str, ColumnFound], made: _Made, mapping: ColumnMapping) -> None:
    worst: Counter[str] = Counter()
    for column in columns.values():
        for ours in column.fields:
            name = "amount_minor" if ours == "amount" else ours
            if name in made.table.columns:
                nulls = made.table[name].null_count()
                worst[column.name] = max(worst[column.name], nulls)
    for name, nulls in worst.items():
        if name not in mapping.constants:
            empty = _missing(made.batch.found[name])
            columns[name].unreadable += max(nulls - empty, 0)
