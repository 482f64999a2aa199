"""Tables of CSV and Parquet files as found, a batch of rows at a time."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from producers.errors import FileInvalid

BATCH_ROWS = 16_384  # held at once: some megabytes
_CHUNK = 1 << 20


def batches(path: Path, *, skip: int = 0, delimiter: str = ",") -> Iterator[pl.DataFrame]:
    """Yield the rows after the first `skip`, in the file's order, never the whole file at once.

    Cells of a CSV file are text, empty ones null. Raises `FileInvalid` where the file cannot be
    read; for CSV with the row (the header not counted).
    """
    if _is_csv(path):
        return _csv_batches(path, skip, delimiter)
    return _parquet_batches(path, skip)


def count_rows(path: Path) -> int:
    """Return the number of rows; of a CSV file the number of its lines, for an estimate."""
    if not _is_csv(path):
        return _parquet_rows(path)
    with path.open("rb") as file:
        newlines, last = 0, b"\n"
        while chunk := file.read(_CHUNK):
            newlines, last = newlines + chunk.count(b"\n"), chunk[-1:]
    return max(newlines + (last != b"\n") - 1, 0)


def _is_csv(path: Path) -> bool:
    if not path.is_file():
        raise FileInvalid(f"{path}: no such file")
    if path.suffix.lower() not in (".csv", ".parquet", ".pq"):
        raise FileInvalid(f"{path}", expected="a .csv or .parquet file", came=path.suffix)
    return path.suffix.lower() == ".csv"


def _parquet_rows(path: Path) -> int:
    try:
        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileInvalid(f"{path}: expected a Parquet file: {error}") from error


def _parquet_batches(path: Path, skip: int) -> Iterator[pl.DataFrame]:
    # A slice reads the row groups it touches and no others.
    for first in range(skip, _parquet_rows(path), BATCH_ROWS):
        try:
            yield pl.scan_parquet(path).slice(first, BATCH_ROWS).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise FileInvalid(f"{path}, from row {first + 1}: {error}") from error


def _csv_batches(path: Path, skip: int, delimiter: str) -> Iterator[pl.DataFrame]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = _csv_rows(path, csv.reader(file, delimiter=delimiter, strict=True))
        header = next(rows, [])
        if not header or len(set(header)) < len(header):
            raise FileInvalid(f"{path}", expected="a header of distinct names", came=header)
        body = islice(rows, skip, None)
        while batch := list(islice(body, BATCH_ROWS)):
            cells = zip(*batch, strict=True)
            yield pl.DataFrame(
                [
                    pl.Series(name, [cell or None for cell in column], dtype=pl.String)
                    for name, column in zip(header, cells, strict=True)
                ]
            )


def _csv_rows(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    row, width = 0, None
    while True:
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileInvalid(f"{path}, row {row}: {error}") from error
        if cells is None:
            return
        if not cells:
            continue  # a blank line
        width = width or len(cells)
        if len(cells) != width:
            raise FileInvalid(f"{path}, row {row}", expected=f"{width} cells", came=len(cells))
        yield cells
        row += 1
