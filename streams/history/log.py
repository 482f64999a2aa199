"""A log to read from any offset to any other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from confluent_kafka import Consumer, Message, TopicPartition

from schemas.errors import FraudStreamsError
from streams import changelog
from streams.records import LogRecord
from streams.settings import Settings

STALLED_S = 30.0
"""Without a record for so long, reading is given up: a whole log may take an hour, a fetch not."""


class LogUnread(FraudStreamsError):
    """The log does not answer any more."""

    code = "LOG_UNREAD"
    retriable = True
    advice = "Look at the broker's health."


class Log(Protocol):
    """Partitions of recorded records."""

    def begin(self, topic: str, partition: int = 0) -> int:
        """The first offset that is still there."""

    def end(self, topic: str, partition: int = 0) -> int:
        """The offset after the last record."""

    def after(self, topic: str, at: int, partition: int = 0) -> int:
        """The offset of the first record appended after `at` (UTC ms), or the end."""

    def read(
        self, topic: str, partition: int = 0, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """The records at `start` to below `stop`; None: to the end that the log has now."""


class KafkaLog:
    """Partitions of a cluster's topics, read without a group; nothing is committed."""

    def __init__(self, bootstrap: str) -> None:
        self.settings = Settings(bootstrap=bootstrap)

    def begin(self, topic: str, partition: int = 0) -> int:
        """The low-water mark: what retention has left."""
        return self._marks(topic, partition)[0]

    def end(self, topic: str, partition: int = 0) -> int:
        """The high-water mark."""
        return self._marks(topic, partition)[1]

    def after(self, topic: str, at: int, partition: int = 0) -> int:
        """As the broker's index of times has it."""
        consumer = changelog.reader(self.settings)
        try:
            wanted = [TopicPartition(topic, partition, at + 1)]
            (found,) = consumer.offsets_for_times(wanted, changelog.ADMIN_TIMEOUT_S)
        finally:
            consumer.close()
        return int(found.offset) if found.offset >= 0 else self.end(topic, partition)

    def read(
        self, topic: str, partition: int = 0, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """The records in batches; LogUnread where none comes for `STALLED_S` seconds."""
        low, high = self._marks(topic, partition)
        stop = high if stop is None else min(stop, high)
        if max(start, low) >= stop:
            return
        consumer = changelog.reader(self.settings)
        try:
            consumer.assign([TopicPartition(topic, partition, max(start, low))])
            for message in _messages(consumer, topic, partition, stop):
                yield _record(topic, partition, message)
        finally:
            consumer.close()

    def _marks(self, topic: str, partition: int) -> tuple[int, int]:
        consumer = changelog.reader(self.settings)
        try:
            return changelog.watermarks(consumer, topic, partition)
        finally:
            consumer.close()


def _messages(consumer: Consumer, topic: str, partition: int, stop: int) -> Iterator[Message]:
    wanted = TopicPartition(topic, partition)
    position, moved = 0, time.monotonic()
    while position < stop:
        for message in consumer.consume(changelog.BATCH, changelog.WAIT_S):
            if message.error() is None:
                if (message.offset() or 0) >= stop:
                    return
                yield message
        # Compaction leaves holes: the position passes them where no record does.
        now = int(consumer.position([wanted])[0].offset)
        if now > position:
            position, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALLED_S:
            raise LogUnread(
                f"{topic}[{partition}] at {position}", expected=f"records up to {stop}",
                came=f"nothing for {STALLED_S} s",
            )  # fmt: skip


def _record(topic: str, partition: int, message: Message) -> LogRecord:
    return LogRecord(
        topic, partition, message.offset() or 0, message.timestamp()[1],
        message.key(), message.value(), (),
    )  # fmt: skip
