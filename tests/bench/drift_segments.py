"""Segments of a world for the drift bench: its own words, or words that depend on the terminal.

The Handbook's world has no channel, country or merchant category: nothing would be watched, and
silence would mean nothing. Where a world has none, a terminal has a word by a hash of its name, of
the same shares in every world: stationary by construction, and lumpy as real segments are, for
frauds come by terminal.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.drift.collecting import MEANS, SCORE
from models.drift.counts import DAY_MS, HOUR_MS, DayCounts
from models.drift.segments import of
from tests.bench.drift_rows import Rows

SHARES: Mapping[str, Mapping[str, int]] = {
    "channel": {"pos": 80, "ecommerce": 20},
    "country": {"BE": 70, "FR": 20, "DE": 7, "PL": 3},
    "mcc": {f"{group}11": 1 for group in (41, 48, 53, 54, 55, 57, 58, 59)},
}
"""Of a hundred terminals, or of eight."""

Part = tuple[int, str, DayCounts]


def parts(world: Path, rows: Rows) -> dict[int, list[Part]]:
    """What `drift-decisions` counts of each segment, by day."""
    days, values, hours = rows.event_time // DAY_MS, rows.score, rows.event_time % DAY_MS // HOUR_MS
    means = np.column_stack([rows.score >= rows.threshold, rows.score])
    found: dict[int, list[Part]] = {day: [] for day in np.unique(days).tolist()}
    for segment, mine in segments(world, rows):
        ordered = mine[np.argsort(days[mine], kind="stable")]
        firsts = np.flatnonzero(np.diff(days[ordered], prepend=-1))
        for at in np.split(ordered, firsts[1:]):
            counts = DayCounts((SCORE,), MEANS)
            counts.add(values[at][:, None], hours[at], means[at])  # type: ignore[arg-type]  # arrays are sequences here
            found[int(days[at[0]])].append((int(days[at[0]]), segment, counts))
    return found


def segments(world: Path, rows: Rows) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each segment and which decisions it has; words are those of `transactions.parquet`, whose
    order must be that of the rows."""
    frame = pl.read_parquet(world / "transactions.parquet")
    if not np.array_equal(frame["event_time"].to_numpy(), rows.event_time):
        raise ValueError(f"{world}: rows are not in the order of transactions.parquet")
    for word in SHARES:
        texts = frame[word].cast(pl.String)
        if texts.null_count() == len(texts):
            texts = by_terminal(frame["terminal_id"], word)
        names = texts.replace_strict({one: _named(word, one) for one in texts.unique()})
        for segment in sorted(names.drop_nulls().unique()):
            yield segment, np.flatnonzero((names == segment).fill_null(False).to_numpy())


def by_terminal(terminals: pl.Series, word: str) -> pl.Series:
    """A word for each terminal, by the CRC-32 of both."""
    drawn = [one for one, share in SHARES[word].items() for _ in range(share)]
    chosen = {
        one: drawn[zlib.crc32(f"{word} {one}".encode()) % len(drawn)] for one in terminals.unique()
    }
    return terminals.replace_strict(chosen)


def _named(word: str, text: str | None) -> str | None:
    """A word as its segment, by the stream's own naming."""
    found = of({word: text})
    return found[0] if found else None
