"""What arrives in a replay, and when: as the files say, or every label late by the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

import polars as pl

from models.windows.spec import DAY_MS
from producers.arrival import Arrival, interleave
from producers.fields import fields_of
from producers.files import read_labels, read_transactions
from producers.source import Source
from streams.content import sha256_of

_TYPES: dict[str, type[pl.DataType]] = {
    "time": pl.Int64, "integer": pl.Int64, "flag": pl.Boolean, "text": pl.String,
}  # fmt: skip
_CHUNK = 50_000  # labels held as dictionaries while they become columns


class Input(Protocol):
    """What a replay folds."""

    refused: Counter[str]
    """What could not be read, by code; complete once the arrivals were read."""

    def total(self) -> int:
        """How many transactions there are, at most."""

    def arrivals(self) -> Iterator[Arrival]:
        """Everything in order of arrival."""

    def frauds(self) -> frozenset[str]:
        """The transactions whose last label says fraud."""

    def sha256(self) -> str:
        """Of the content; ask after the arrivals were read."""


class Files:
    """A file of transactions and one of labels; `label_delay_days` overrides their own times."""

    def __init__(self, source: Source, label_delay_days: float | None = None) -> None:
        self._source, self._delay = source, label_delay_days
        self.refused: Counter[str] = Counter()

    def total(self) -> int:
        """How many transactions there are (CSV: lines, an estimate)."""
        return self._source.total()

    def arrivals(self) -> Iterator[Arrival]:
        """Everything in order of arrival."""
        return arrivals(self._source, self._delay)

    def frauds(self) -> frozenset[str]:
        """The transactions whose last label says fraud."""
        last = {}
        if self._source.labels is not None:
            for label in read_labels(self._source.labels, self._source.mapping.labels):
                last[label["transaction_id"]] = label["label"]
        return frozenset(identity for identity, label in last.items() if label == "FRAUD")

    def sha256(self) -> str:
        """Of the files' content and how their columns are read, wherever they lie."""
        files = {"transactions": self._source.transactions, "labels": self._source.labels}
        return sha256_of(files, self._source.mapping.model_dump(mode="json"))


def arrivals(source: Source, label_delay_days: float | None) -> Iterator[Arrival]:
    """Everything in order of arrival; with a delay, labels come so long after their event time."""
    if label_delay_days is None or source.labels is None:
        return source.arrivals()
    delay = round(label_delay_days * DAY_MS)
    labels = by_event_time(read_labels(source.labels, source.mapping.labels))
    late = ({**label, "observed_at": label["event_time"] + delay} for label in labels)
    return interleave(read_transactions(source.transactions, source.mapping.transactions), late)


def by_event_time(labels: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Labels sorted by event time, as columns meanwhile: about 120 bytes each."""
    schema = {spec.name: _TYPES[spec.kind] for spec in fields_of("label")}
    frames, rest = [pl.DataFrame(schema=schema)], iter(labels)
    while chunk := list(islice(rest, _CHUNK)):
        frames.append(pl.DataFrame(chunk, schema=schema))
    sorted_labels = pl.concat(frames).sort("event_time", maintain_order=True)
    yield from sorted_labels.iter_rows(named=True)
