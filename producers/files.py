"""Transactions and labels of CSV and Parquet files as the contract's records, in file order."""

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import polars as pl

from producers.batch import Batch
from producers.fields import fields_of
from producers.mapping import ColumnMapping
from producers.tables import batches

Record = dict[str, Any]

_DAY_MS = 86_400_000
_DERIVED = ("label_id", "source", "observed_at")


def read_transactions(
    path: Path, mapping: ColumnMapping | None = None, *, skip: int = 0
) -> Iterator[Record]:
    """Yield transactions in the file's order, without its first `skip` rows.

    The file is read some thousand rows at a time. Raises `FileInvalid` naming file, row and
    column of the first cell that is not as declared.
    """
    for batch in _batches(path, mapping or ColumnMapping(), skip):
        frame = pl.DataFrame([batch.field(spec) for spec in fields_of("transaction")])
        rows = frame.iter_rows(named=True)
        for row, attributes in zip(rows, _attributes(batch), strict=False):
            row["attributes"] = attributes
            yield row


def read_labels(
    path: Path, mapping: ColumnMapping | None = None, *, skip: int = 0
) -> Iterator[Record]:
    """Yield labels in the file's order, without its first `skip` rows.

    Where the file lacks them, `source` is ISSUER, `observed_at` follows from the mapping's delay,
    and `label_id` is made of transaction, source and delay, so that a repeat has the same one.
    Raises `FileInvalid` as `read_transactions` does.
    """
    for batch in _batches(path, mapping or ColumnMapping(), skip):
        yield from label_table(batch).iter_rows(named=True)


def label_table(batch: Batch) -> pl.DataFrame:
    """Return a batch of labels, with what the file lacks as `read_labels` says."""
    specs = fields_of("label")
    known = [s for s in specs if s.name not in _DERIVED or batch.has(s.name)]
    frame = _completed(pl.DataFrame([batch.field(spec) for spec in known]), batch.mapping)
    return frame.select([spec.name for spec in specs])


def _batches(path: Path, mapping: ColumnMapping, skip: int) -> Iterator[Batch]:
    first_row = skip + 1
    for found in batches(path, skip=skip, delimiter=mapping.delimiter):
        yield Batch(found, mapping, str(path), first_row)
        first_row += len(found)


def _attributes(batch: Batch) -> Iterator[dict[str, Any]]:
    signals = batch.mapping.attributes
    if not signals:
        return ({} for _ in repeat(None))
    frame = pl.DataFrame([batch.number(name, column) for name, column in signals.items()])
    return frame.iter_rows(named=True)


def _completed(labels: pl.DataFrame, mapping: ColumnMapping) -> pl.DataFrame:
    if "source" not in labels.columns:
        labels = labels.with_columns(source=pl.lit("ISSUER"))
    if "observed_at" not in labels.columns:
        delay_ms = round(mapping.label_delay_days * _DAY_MS)
        labels = labels.with_columns(observed_at=pl.col("event_time") + delay_ms)
    if "label_id" not in labels.columns:
        # The delay, not the time: 13 digits in a row have to be looked at for card numbers.
        parts = ("transaction_id", "source", pl.col("observed_at") - pl.col("event_time"))
        labels = labels.with_columns(label_id=pl.concat_str(*parts, separator="/"))
    return labels
