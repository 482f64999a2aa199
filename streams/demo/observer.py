"""A consumer beside the stream that hands everything new to a tally."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, Message, TopicPartition

from schemas import topics
from schemas.errors import EventError
from streams import changelog
from streams.demo.tally import WATCHED, Tally
from streams.settings import Settings
from streams.wire import codec

BATCH = 1_000
WAIT_S = 0.05
# The last record of a partition may be anybody's garbage; so many before it are looked at, too.
LOOK_BACK = 50


class Observer(threading.Thread):
    """Reads the watched topics from where they ended when it was made, for the length of a `with`.

    What goes wrong in the thread is raised by `check`.
    """

    def __init__(self, bootstrap: str, tally: Tally) -> None:
        super().__init__(name="demo-observer", daemon=True)
        self._tally = tally
        self._error: Exception | None = None
        self._stopping = threading.Event()
        self._consumer = changelog.reader(Settings(bootstrap=bootstrap))
        starts = ends(self._consumer)
        self._next = {(tp.topic, tp.partition): tp.offset for tp in starts}
        self._consumer.assign(starts)

    def run(self) -> None:
        """Consume until stopped."""
        try:
            while not self._stopping.is_set():
                for message in self._consumer.consume(BATCH, WAIT_S):
                    value = message.value()
                    if message.error() is None and isinstance(value, bytes):
                        self._tally.take(message.topic() or "", value)
                    self._note(message)
        except Exception as error:  # raised where somebody waits for it
            self._error = error

    def check(self) -> None:
        """Raise what ended the thread."""
        if self._error is not None:
            raise self._error

    def has_read(self, up_to: list[TopicPartition]) -> bool:
        """Whether everything below these offsets was counted."""
        return all(self._next[tp.topic, tp.partition] >= tp.offset for tp in up_to)

    def _note(self, message: Message) -> None:
        at = (message.topic() or "", message.partition() or 0)
        self._next[at] = (message.offset() or 0) + 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self.join(timeout=5)
        self._consumer.close()


def ends(consumer: Consumer, names: Iterable[str] = WATCHED) -> list[TopicPartition]:
    """The offsets after the last records of some topics."""
    return [
        TopicPartition(topic, partition, changelog.highwater(consumer, topic, partition))
        for topic in names
        for partition in range(topics.topic(topic).partitions)
    ]


def last_event_time(bootstrap: str) -> int | None:
    """The latest event time (ms, UTC) at the end of ``fraud.transactions``, None if it is empty."""
    settings = Settings(bootstrap=bootstrap)
    partitions = range(topics.topic(topics.TRANSACTIONS).partitions)
    found = [time for partition in partitions for time in _last_times(settings, partition)]
    return max(found, default=None)


def _last_times(settings: Settings, partition: int) -> list[int]:
    consumer = changelog.reader(settings)
    try:
        end = changelog.highwater(consumer, topics.TRANSACTIONS, partition)
    finally:
        consumer.close()
    start = max(0, end - LOOK_BACK)
    records = changelog.read_to_end(settings, topics.TRANSACTIONS, partition, start)
    return [time for record in records if (time := _time(record.value())) is not None]


def _time(value: str | bytes | None) -> int | None:
    try:
        name, body = codec.decode(value if isinstance(value, bytes) else b"")
    except EventError:
        return None
    return int(body["event_time"]) if name == "transaction" else None
