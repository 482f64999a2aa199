"""`fraud profile`: a file's transactions and labels in one object of plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from models.windows.spec import DAY_MS
from producers.mapping import ColumnMapping
from producers.source import Source
from producers.survey import Survey, survey
from schemas.pan import mask_text
from streams.profile import labels as of_labels
from streams.profile import transactions as of_transactions
from streams.profile.labels import Joined

Found = dict[str, Any]
Show = Callable[[int], None]
_BIN = 0.1  # of the logarithm to base 10: ten bars from 1.00 to 10.00


@dataclass(frozen=True)
class ProfileRequest:
    """What to look at; `now_ms` is the clock that times are compared with, UTC ms."""

    path: Path
    now_ms: int
    mapping: Path | None = None
    labels: Path | None = None

    def source(self) -> Source:
        """The files; raises `FileInvalid` where there are no transactions."""
        return Source.open(self.path, self.mapping, self.labels)


def profile(request: ProfileRequest, show: Show = lambda _: None) -> Found:
    """Everything as plain data; `show` hears how many rows of the transactions lie behind.

    What looks like a card number is masked wherever it stands. Raises `FileInvalid` for a file
    that cannot be read or lacks a required column.
    """
    whole: Found = masked(_profile(request, show))
    return whole


def masked(found: Any) -> Any:
    """The same data, the digits of card numbers in its texts masked but for the last four.

    >>> masked({"ids": ["4111111111111111", 5]})
    {'ids': ['************1111', 5]}
    """
    if isinstance(found, str):
        return mask_text(found)
    if isinstance(found, dict):
        return {masked(name): masked(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [masked(value) for value in found]
    return found


def _profile(request: ProfileRequest, show: Show) -> Found:
    source = request.source()
    read = survey(source.transactions, source.mapping.transactions, "transaction", show)
    table = read.table
    found: Found = {
        "file": str(source.transactions),
        "labels_file": None if source.labels is None else str(source.labels),
        "rows": len(table),
        "columns": _columns(read, len(table)),
        "label_columns": [],
    }
    if not len(table):
        return found | {"labels": None}
    found |= _transactions(table, request.now_ms)
    joined = _labels(source, table, found)
    truth = None if joined is None else of_labels.verdicts(joined)
    return found | {
        "by_week": by_week(table, truth),
        "labels": None if joined is None else of_labels.summary(joined),
    }


def _transactions(table: pl.DataFrame, now_ms: int) -> Found:
    return {
        "period": of_transactions.period(table),
        "duplicates": of_transactions.duplicates(table),
        "unknown_currencies": of_transactions.unknown_currencies(table),
        "times": of_transactions.order(table, now_ms),
        "cards": of_transactions.entities(table, "card_id"),
        "terminals": of_transactions.entities(table, "terminal_id"),
        "amounts": of_transactions.amounts(table),
        "amount_histogram": amount_histogram(table),
        "attributes": of_transactions.attributes(table),
    }


def _labels(source: Source, table: pl.DataFrame, found: Found) -> Joined | None:
    if source.labels is None:
        return None
    read = survey(source.labels, source.mapping.labels or ColumnMapping(), "label")
    found["label_columns"] = _columns(read, len(read.table))
    return of_labels.join(table, read.table) if len(read.table) else None


def _columns(read: Survey, rows: int) -> list[Found]:
    return [
        asdict(column) | {"missing_share": round(column.missing / max(rows, 1), 6)}
        for column in read.columns
    ]


def amount_histogram(table: pl.DataFrame) -> list[tuple[float, int]]:
    """Ten bars a power of ten: (least amount of the bar in minor units, transactions)."""
    known = table["amount_minor"].drop_nulls()
    bars = known.filter(known > 0).log10() // _BIN
    counted = bars.cast(pl.Int64).value_counts().sort("amount_minor")
    return [(round(10 ** (bar * _BIN), 2), number) for bar, number in counted.iter_rows()]


def by_week(table: pl.DataFrame, truth: pl.DataFrame | None) -> list[Found]:
    """Transactions, labelled ones and frauds of each seven days since the first event.

    `fraud_rate` is of all transactions where only frauds are labelled, else of the labelled ones.
    """
    known = table.select("transaction_id", "event_time").filter(pl.col("event_time").is_not_null())
    empty = {"transaction_id": pl.String, "fraud": pl.Boolean}
    verdicts = pl.DataFrame(schema=empty) if truth is None else truth
    joined = known.join(verdicts, on="transaction_id", how="left")
    start = pl.col("event_time").min()
    week = ((pl.col("event_time") - start) // (7 * DAY_MS)).alias("week")
    weeks = joined.with_columns(week).group_by("week").agg(
        pl.len().alias("transactions"),
        pl.col("fraud").count().alias("labelled"),
        pl.col("fraud").sum().alias("frauds"),
    ).sort("week")  # fmt: skip
    only_frauds = bool(verdicts["fraud"].all()) if len(verdicts) else False
    whole = pl.col("transactions" if only_frauds else "labelled")
    rate = pl.when(whole > 0).then(pl.col("frauds") / whole)
    return weeks.with_columns(rate.alias("fraud_rate")).to_dicts()
