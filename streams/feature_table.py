"""A file's point-in-time features as a Parquet file: the work behind `fraud features`.

Rows are written as they come, a row group at a time; what became known of each one later is added
when everything has arrived. So memory holds windows and 21 bytes a row, never the table.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow
import pyarrow.parquet

from models.features import FEATURES
from models.point_in_time import UNKNOWN, PointInTime
from models.windows.bounds import Row
from producers.arrival import Arrival
from producers.errors import FileInvalid
from producers.source import Source
from streams.replay_arrivals import arrivals

# Any: pyarrow makes its names at run time, out of mypy's sight.
pa: Any = pyarrow
pq: Any = pyarrow.parquet
Show = Callable[[int], None]
ROW_GROUP = 16_384  # rows: 6 MB of features, held once as Python's and once as Arrow's
_REPORT = 2_000  # transactions between two looks at the progress bar
_ABOUT = ("transaction_id", "card_id", "terminal_id", "event_time", "amount_minor")
_TYPES = {"event_time": pa.int64(), "amount_minor": pa.int64()}
_DTYPES = {"b": np.int8, "q": np.int64}


@dataclass(frozen=True)
class FeatureRequest:
    """Of which file, where to; `label_delay_days` None takes the file's own `observed_at`."""

    path: Path
    out: Path
    mapping: Path | None = None
    labels: Path | None = None
    label_delay_days: float | None = None

    def source(self) -> Source:
        """The files; raises `FileInvalid` where there are none, or one would be written over."""
        found = Source.open(self.path, self.mapping, self.labels)
        if self.out.resolve() in [f and f.resolve() for f in (found.transactions, found.labels)]:
            raise FileInvalid(f"{self.out}", expected="another file than those that are read")
        return found


class Written(NamedTuple):
    """What was written: rows, what arrived and what was refused (by code), and how long it took."""

    rows: int
    counts: dict[str, int]
    seconds: float


def write(request: FeatureRequest, show: Show = lambda _: None) -> Written:
    """Write `request.out`, whole or not at all; `show` hears how many transactions lie behind.

    Raises `FileInvalid` for a file or mapping that is not what it should be.
    """
    started = time.perf_counter()
    request.out.parent.mkdir(parents=True, exist_ok=True)
    parts = [request.out.with_name(f"{request.out.name}.{n}.part") for n in (1, 2)]
    fold = PointInTime()
    try:
        _write_rows(parts[0], fold, arrivals(request.source(), request.label_delay_days), show)
        _add_labels(parts[0], parts[1], fold)
        parts[1].replace(request.out)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    seconds = time.perf_counter() - started
    return Written(len(fold.truth), dict(sorted(fold.counts.items())), seconds)


def schema() -> Any:
    """The columns: what the transaction was, every feature by name, what became known."""
    about = [pa.field(name, _TYPES.get(name, pa.string()), nullable=False) for name in _ABOUT]
    features = [pa.field(name, pa.float64()) for name in FEATURES.names]
    known = [pa.field("label", pa.bool_()), pa.field("label_observed_at", pa.int64())]
    return pa.schema([*about, *features, *known], {"feature_spec": FEATURES.spec_hash})


def _write_rows(path: Path, fold: PointInTime, found: Iterator[Arrival], show: Show) -> None:
    columns = pa.schema(list(schema())[:-2])
    with pq.ParquetWriter(path, columns, compression="zstd") as file:
        waiting: list[tuple[Any, ...]] = []
        for about, row in _rows(fold, found, show):
            waiting.append((*about, *row))
            if len(waiting) == ROW_GROUP:
                file.write_table(_table(waiting, columns))
                waiting = []
        if waiting:
            file.write_table(_table(waiting, columns))
    show(fold.counts["transactions"])


def _rows(
    fold: PointInTime, found: Iterable[Arrival], show: Show
) -> Iterator[tuple[tuple[Any, ...], Row]]:
    for event, at, record in found:
        if event == "label":
            fold.label(record, at)
            continue
        row = fold.transaction(record, at)
        if fold.counts["transactions"] % _REPORT == 0:
            show(fold.counts["transactions"])
        if row is not None:
            yield tuple(record[name] for name in _ABOUT), row


def _table(rows: list[tuple[Any, ...]], columns: Any) -> Any:
    arrays = zip(zip(*rows, strict=True), columns, strict=True)
    made = [pa.array(values, type=field.type) for values, field in arrays]
    return pa.Table.from_arrays(made, schema=columns)


def _add_labels(rows: Path, out: Path, fold: PointInTime) -> None:
    truth, observed_at = _column(fold.truth), _column(fold.observed_at)
    with (
        pq.ParquetFile(rows) as source,
        pq.ParquetWriter(out, schema(), compression="zstd") as file,
    ):
        start = 0
        for number in range(source.num_row_groups):
            table = source.read_row_group(number)
            part = slice(start, start + len(table))
            unknown = truth[part] == UNKNOWN
            known = pa.array(truth[part] == 1, mask=unknown)
            came = pa.array(observed_at[part], mask=unknown)
            file.write_table(pa.Table.from_arrays([*table.columns, known, came], schema=schema()))
            start = part.stop


def _column(values: array[int]) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=_DTYPES[values.typecode])
