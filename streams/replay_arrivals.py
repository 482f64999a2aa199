"""What arrives in a replay, and when: as the files say, or every label late by the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import polars as pl

from models.windows.spec import DAY_MS
from producers.arrival import Arrival, interleave
from producers.fields import fields_of
from producers.files import read_labels, read_transactions
from producers.source import Source

_TYPES: dict[str, type[pl.DataType]] = {
    "time": pl.Int64, "integer": pl.Int64, "flag": pl.Boolean, "text": pl.String,
}  # fmt: skip
_CHUNK = 50_000  # labels held as dictionaries while they become columns


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
