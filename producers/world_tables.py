"""The tables of a simulated world: a working frame becomes the contract's columns, and a file.

A working frame has `customer`, `terminal`, `cents`, `event_time` (UTC ms), `scenario` (0 where
legitimate), `delay` (ms from transaction to label) and either `rank` or a column of the contract's
own name for whatever the plain world does not know.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

ROWS_A_GROUP = 65_536  # what a reader holds at once; about seven days of the Handbook's world

# The Transaction's columns in its order. The plain world knows nothing of those mapped to None.
TRANSACTION: Mapping[str, pl.Expr | None] = {
    "transaction_id": pl.col("rank").cast(pl.String),
    "card_id": pl.col("customer").cast(pl.String),
    "terminal_id": pl.col("terminal").cast(pl.String),
    "merchant_id": None,
    "event_time": pl.col("event_time"),
    "arrival": pl.col("event_time"),
    "amount_minor": pl.col("cents"),
    "currency": pl.lit("EUR"),
    "mcc": None,
    "entry_mode": None,
    "card_present": pl.lit(None, dtype=pl.Boolean),
    "channel": None,
    "country": None,
    "acquirer_id": None,
    "message_type": pl.lit("0100"),
    "stan": None,
    "rrn": None,
}
LABEL: Mapping[str, pl.Expr | None] = {
    "transaction_id": pl.col("rank").cast(pl.String),
    "card_id": pl.col("customer").cast(pl.String),
    "terminal_id": pl.col("terminal").cast(pl.String),
    "label": pl.when(pl.col("scenario") > 0).then(pl.lit("FRAUD")).otherwise(pl.lit("LEGITIMATE")),
    "scenario": pl.col("scenario").cast(pl.Int64),
    "event_time": pl.col("event_time"),
    "observed_at": pl.col("event_time") + pl.col("delay"),
}


def table(frame: pl.DataFrame, columns: Mapping[str, pl.Expr | None]) -> pl.LazyFrame:
    """Return the frame's rows as the columns asked for; a column without expression is null."""
    unknown = pl.lit(None, dtype=pl.String)
    chosen = {name: unknown if expr is None else expr for name, expr in columns.items()}
    return frame.lazy().select(**chosen)


def write(rows: pl.LazyFrame, path: Path) -> None:
    """Write the rows as a Parquet file that appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    rows.sink_parquet(part, row_group_size=ROWS_A_GROUP)
    part.replace(path)
