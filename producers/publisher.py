"""Typed publishers: the way into the stream from your own Python.

```python
from producers.publisher import TransactionPublisher

with TransactionPublisher("localhost:9092") as publisher:
    publisher.publish({"transaction_id": "t1", "card_id": "tok_7", "terminal_id": "m9",
                       "event_time": 1522540831000, "amount_minor": 5716, "currency": "EUR"})
```
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from producers.sender import Receipt, Sender
from schemas import topics
from schemas.codec import encoder
from schemas.events import Label, Transaction
from schemas.validation import validate_label, validate_transaction

Record = dict[str, Any]
Clock = Callable[[], int]
Encode = Callable[[Mapping[str, Any]], bytes]


def now_ms() -> int:
    """Return the time in UTC milliseconds."""
    return time.time_ns() // 1_000_000


class _EventPublisher:
    """What the publishers share: a sender of their own, or one that several share."""

    def __init__(self, kafka: str | Sender, topic: str, encode: Encode) -> None:
        self.sender = Sender(kafka) if isinstance(kafka, str) else kafka
        self._topic, self._encode = topic, encode

    def flush(self) -> None:
        """Wait until everything sent is delivered; raise `DeliveryFailed` for what is not."""
        self.sender.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sender.__exit__(kind, error, trace)

    def _send(self, record: Record, receipt: Receipt | None) -> None:
        key = record["card_id"].encode()
        self.sender.send(self._topic, key, self._encode(record), receipt)


class TransactionPublisher(_EventPublisher):
    """Publishes transactions, keyed by card.

    `kafka` is a bootstrap address or a `Sender` to share. A transaction without `arrival` gets
    the `clock`'s time in UTC milliseconds. `encode` is Avro's single-object encoding unless a
    registry's is given.
    """

    def __init__(
        self,
        kafka: str | Sender,
        *,
        topic: str = topics.TRANSACTIONS,
        clock: Clock = now_ms,
        encode: Encode | None = None,
    ) -> None:
        super().__init__(kafka, topic, encode or encoder("transaction"))
        self._clock = clock

    def publish(self, transaction: Transaction | Record, receipt: Receipt | None = None) -> None:
        """Queue a transaction; `receipt` is called once the broker has it.

        Raises the `EventError` that would make it a dead letter (`PanDetected` for a card number
        in any field, `InvalidAmount`, ...); a failed delivery is raised by `flush` and at exit.
        """
        record = prepared(transaction, self._clock)
        self._send(record, receipt)


def prepared(transaction: Transaction | Record, clock: Clock = now_ms) -> Record:
    """Return the record to publish: checked, and with an arrival.

    >>> sale = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...         "amount_minor": 5, "currency": "EUR"}
    >>> prepared(sale, clock=lambda: 7)["arrival"]
    7
    """
    record = transaction.record() if isinstance(transaction, Transaction) else transaction
    validate_transaction(record)
    return record if record.get("arrival") is not None else record | {"arrival": clock()}


class LabelPublisher(_EventPublisher):
    """Publishes labels, keyed by card so that they meet their decisions."""

    def __init__(
        self,
        kafka: str | Sender,
        *,
        topic: str = topics.LABELS,
        encode: Encode | None = None,
    ) -> None:
        super().__init__(kafka, topic, encode or encoder("label"))

    def publish(self, label: Label | Record, receipt: Receipt | None = None) -> None:
        """Queue a label; `receipt` is called once the broker has it. Raises as transactions do."""
        record = label.record() if isinstance(label, Label) else label
        validate_label(record)
        self._send(record, receipt)
