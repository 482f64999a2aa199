"""Transactions and labels as one stream, in the order they would have arrived."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

Record = dict[str, Any]


class Arrival(NamedTuple):
    """One record and when it arrived, in UTC milliseconds."""

    event: Literal["transaction", "label"]
    at: int
    record: Record


def arrival_of(transaction: Record) -> int:
    """Return when a transaction arrived: its `arrival`, or its event time where that is unknown."""
    arrival = transaction.get("arrival")
    return int(transaction["event_time"] if arrival is None else arrival)


def interleave(transactions: Iterable[Record], labels: Iterable[Record]) -> Iterator[Arrival]:
    """Merge two streams, holding one record of each; at equal times labels go first.

    Each stream keeps its own order, which is taken for the order of arrival: transactions that
    are out of order by event time are late ones.

    >>> merged = interleave([{"event_time": 5}, {"event_time": 9}], [{"observed_at": 9}])
    >>> [(arrival.event, arrival.at) for arrival in merged]
    [('transaction', 5), ('label', 9), ('transaction', 9)]
    """
    waiting = iter(labels)
    label = next(waiting, None)
    for transaction in transactions:
        at = arrival_of(transaction)
        while label is not None and label["observed_at"] <= at:
            yield Arrival("label", label["observed_at"], label)
            label = next(waiting, None)
        yield Arrival("transaction", at, transaction)
    while label is not None:
        yield Arrival("label", label["observed_at"], label)
        label = next(waiting, None)
