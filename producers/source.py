"""What is published: a file of transactions, and the labels that belong to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from producers.arrival import Arrival, interleave
from producers.errors import FileInvalid
from producers.files import read_labels, read_transactions
from producers.mapping import FileMapping
from producers.tables import count_rows

_SUFFIXES = (".parquet", ".csv")
_OWN_MAPPING = "columns.yaml"


class Position(NamedTuple):
    """How many transactions and labels of a source lie behind."""

    transactions: int = 0
    labels: int = 0


START = Position()


@dataclass(frozen=True)
class Source:
    """Files and how their columns map; `labels` is None where there are none."""

    transactions: Path
    labels: Path | None
    mapping: FileMapping

    @classmethod
    def open(
        cls,
        path: Path,
        mapping: FileMapping | Mapping[str, Any] | Path | None = None,
        labels: Path | None = None,
    ) -> Self:
        """Find the files: of a folder `transactions.*` and `labels.*`, else the file itself.

        Without a `mapping`, a folder's own `columns.yaml` is taken, where it has one. A mapping of
        labels without a file of labels reads them from the transactions' file.
        Raises `FileInvalid` where there are no transactions.
        """
        if mapping is None and (path / _OWN_MAPPING).is_file():
            mapping = path / _OWN_MAPPING
        columns = FileMapping.load(mapping)
        found = _in_folder(path, "transactions") if path.is_dir() else path
        if found is None:
            raise FileInvalid(f"{path}", expected="transactions.parquet or transactions.csv in it")
        if labels is None and path.is_dir():
            labels = _in_folder(path, "labels")
        if labels is None and columns.labels is not None:
            labels = found
        return cls(found, labels, columns)

    def arrivals(self, start: Position = START) -> Iterator[Arrival]:
        """Yield transactions and labels after `start` in the order they would have arrived."""
        transactions = read_transactions(
            self.transactions, self.mapping.transactions, skip=start.transactions
        )
        if self.labels is None:
            return interleave(transactions, ())
        labels = read_labels(self.labels, self.mapping.labels, skip=start.labels)
        return interleave(transactions, labels)

    def total(self, limit: int | None = None) -> int:
        """Return the number of transactions up to `limit` (CSV: of lines, an estimate)."""
        rows = count_rows(self.transactions)
        return rows if limit is None else min(rows, limit)

    def identity(self) -> dict[str, Any]:
        """Return what makes this source what it is: files as they are now, and the mapping."""
        files = [path for path in (self.transactions, self.labels) if path is not None]
        return {
            "files": [[str(file.resolve()), *_version(file)] for file in files],
            "mapping": self.mapping.model_dump(mode="json"),
        }


def _version(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _in_folder(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in _SUFFIXES)
    return next((file for file in candidates if file.is_file()), None)
