"""What a running broker holds, as a replay reads it: transactions and labels as they arrived."""

from __future__ import annotations

import hashlib
import heapq
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from confluent_kafka import OFFSET_END, Consumer, Message, TopicPartition

from models.windows.spec import DAY_MS, FUTURE_MS
from producers.arrival import Arrival, arrival_of
from schemas import topics
from schemas.errors import EventError, FraudStreamsError
from streams import changelog
from streams.replay_arrivals import by_event_time
from streams.settings import Settings
from streams.wire import codec

_BATCH, _WAIT_S = 1_000, 0.05
_SILENCE_S = 30.0  # a broker that answers nothing for so long has gone
_FETCHED_KB = 8_192  # fetched ahead a partition: eight of them must not fill the memory
_FOREVER = 2**62
_KINDS: dict[str, Literal["transaction", "label"]] = {
    topics.TRANSACTIONS: "transaction", topics.LABELS: "label",
}  # fmt: skip


class TopicUnread(FraudStreamsError):
    """A topic's partition stopped answering before its end."""

    code = "TOPIC_UNREAD"
    retriable = True
    advice = "Look at the broker's health, and replay again."


@dataclass(frozen=True)
class TopicRange:
    """Transactions that arrived, and labels that were observed, in [`start`, `end`), UTC ms."""

    bootstrap: str
    start: int = 0
    end: int = _FOREVER

    def __str__(self) -> str:
        bounds = [
            _iso(self.start) if self.start else "",
            _iso(self.end) if self.end < _FOREVER else "",
        ]
        return f"kafka:{self.bootstrap} [{bounds[0]}, {bounds[1]})"


class Topics:
    """A range of `fraud.transactions` and `fraud.labels`, up to where they ended when asked.

    The partitions are merged by arrival: a transaction's `arrival`, else its event time, and a
    label's `observed_at`. In a partition nothing arrives before what lies before it; a record that
    claims a time beyond its append to the log arrives with its predecessor. At equal times labels
    go first, then lower partitions. `refused` counts what cannot be decoded, by code.
    """

    def __init__(self, chosen: TopicRange, label_delay_days: float | None = None) -> None:
        self._range, self._delay = chosen, label_delay_days
        self._settings = Settings(bootstrap=chosen.bootstrap)
        self._hash = hashlib.sha256(repr((chosen.start, chosen.end)).encode())
        self.refused: Counter[str] = Counter()

    def total(self) -> int:
        """How many transactions the topic holds from the range's start on, those after it too."""
        consumer = changelog.reader(self._settings)
        try:
            return sum(end - first for _, first, end in self._bounds(consumer, topics.TRANSACTIONS))
        finally:
            consumer.close()

    def arrivals(self) -> Iterator[Arrival]:
        """Everything in order of arrival; with a delay, labels come so long after event time."""
        labels = self._merged(topics.LABELS)
        if self._delay is not None:
            labels = _late((arrival.record for arrival in labels), round(self._delay * DAY_MS))
        both = heapq.merge(labels, self._merged(topics.TRANSACTIONS), key=_when)
        for arrival in both:
            self._hash.update(f"{arrival.event}{arrival.at}".encode())
            self._hash.update(codec.encode(arrival.event, arrival.record))
            yield arrival

    def frauds(self) -> frozenset[str]:
        """The transactions whose last label says fraud."""
        last = {a.record["transaction_id"]: a.record["label"] for a in self._merged(topics.LABELS)}
        return frozenset(identity for identity, label in last.items() if label == "FRAUD")

    def sha256(self) -> str:
        """Of the arrivals that were read, and the range."""
        return self._hash.hexdigest()

    def _merged(self, topic: str) -> Iterator[Arrival]:
        partitions = range(topics.topic(topic).partitions)
        return heapq.merge(*(self._partition(topic, p) for p in partitions), key=_when)

    def _partition(self, topic: str, partition: int) -> Iterator[Arrival]:
        """A partition's part of the range; its times never fall."""
        kind, now = _KINDS[topic], 0
        for message in self._messages(topic, partition):
            record = self._decoded(message)
            if record is None:
                continue
            at = arrival_of(record) if kind == "transaction" else record["observed_at"]
            if at <= message.timestamp()[1] + FUTURE_MS:
                now = max(now, at)
            if now >= self._range.end:
                return
            if now >= self._range.start:
                yield Arrival(kind, now, record)

    def _messages(self, topic: str, partition: int) -> Iterator[Message]:
        consumer = Consumer(
            {
                "bootstrap.servers": self._settings.bootstrap,
                "group.id": "fraud-readers",  # librdkafka wants a name; nothing is ever committed
                "enable.auto.commit": False,
                "queued.max.messages.kbytes": _FETCHED_KB,
            }
        )
        try:
            first, end = next((a, b) for p, a, b in self._bounds(consumer, topic) if p == partition)
            consumer.assign([TopicPartition(topic, partition, first)])
            yield from _until(consumer, topic, partition, end)
        finally:
            consumer.close()

    def _bounds(self, consumer: Consumer, topic: str) -> Iterator[tuple[int, int, int]]:
        """(partition, first offset, offset after the last) of the range.

        A record that arrived after the start was appended after it, give or take the clocks.
        """
        since = max(self._range.start - FUTURE_MS, 0)
        wanted = [TopicPartition(topic, p, since) for p in range(topics.topic(topic).partitions)]
        for found in consumer.offsets_for_times(wanted, timeout=changelog.ADMIN_TIMEOUT_S):
            end = changelog.highwater(consumer, topic, found.partition)
            first = end if found.offset in (OFFSET_END, -1) else found.offset
            yield found.partition, first, end

    def _decoded(self, message: Message) -> dict[str, Any] | None:
        value = message.value()
        try:
            return codec.decode(value if isinstance(value, bytes) else b"")[1]
        except EventError as error:
            self.refused[error.code] += 1
            return None


def _until(consumer: Consumer, topic: str, partition: int, end: int) -> Iterator[Message]:
    """The records up to `end`; the broker's silence is counted while it is being asked alone."""
    position, silent = 0, 0.0
    while position < end:
        asked = time.monotonic()
        found = consumer.consume(_BATCH, _WAIT_S)
        silent = 0.0 if found else silent + time.monotonic() - asked
        if silent > _SILENCE_S:
            raise TopicUnread(
                f"{topic}[{partition}]@{position}", expected=f"{end} records", came="silence"
            )
        for message in found:
            if message.error() is None:
                position = (message.offset() or 0) + 1
                if position <= end:
                    yield message
        place = consumer.position([TopicPartition(topic, partition)])[0].offset
        position = max(position, int(place))  # passes the end where the last record is gone


def _late(labels: Iterable[dict[str, Any]], delay: int) -> Iterator[Arrival]:
    for label in by_event_time(labels):
        at = label["event_time"] + delay
        yield Arrival("label", at, {**label, "observed_at": at})


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat()


def _when(arrival: Arrival) -> tuple[int, bool]:
    return arrival.at, arrival.event == "transaction"
