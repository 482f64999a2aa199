"""Reading a changelog partition back: in batches, to its high-water mark, within a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from schemas.errors import FraudStreamsError
from streams.settings import Settings

BATCH = 1_000
WAIT_S = 0.05
ADMIN_TIMEOUT_S = 10.0
ASK_AGAIN_S = 0.1


class RestoreTimedOut(FraudStreamsError):
    """A changelog could not be read to its end in time; a restart tries again."""

    code = "RESTORE_TIMED_OUT"
    retriable = True


def reader(settings: Settings, queued_kbytes: int = 65_536, wait_ms: int = 500) -> Consumer:
    """A consumer without a group, for reading a partition from a given offset.

    ``queued_kbytes`` bounds what it fetches ahead, ``wait_ms`` how long the broker holds a fetch at
    the end of a partition: a reader that jumps about waits that out before each jump.
    """
    return Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": "fraud-readers",  # librdkafka wants a name; nothing is ever committed
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "queued.max.messages.kbytes": queued_kbytes,
            "fetch.wait.max.ms": wait_ms,
        }
    )


def highwater(consumer: Consumer, topic: str, partition: int) -> int:
    """The offset after the partition's last record; RestoreTimedOut without an answer."""
    return watermarks(consumer, topic, partition)[1]


def watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The partition's first offset and that after its last; RestoreTimedOut without an answer.

    Asked again on an error: a topic that was just made, or that moves, has no leader for a while.
    """
    deadline = time.monotonic() + ADMIN_TIMEOUT_S
    wanted, trouble = TopicPartition(topic, partition), "no answer"
    while (left := deadline - time.monotonic()) > 0:
        try:
            marks = consumer.get_watermark_offsets(wanted, timeout=left, cached=False)
            if marks is not None:
                return int(marks[0]), int(marks[1])
        except KafkaException as error:
            trouble = str(error)
            time.sleep(ASK_AGAIN_S)
    raise RestoreTimedOut(
        f"first and last offset of {topic}[{partition}] in {ADMIN_TIMEOUT_S} s: {trouble}"
    )


def read_to_end(
    settings: Settings, topic: str, partition: int, start: int = OFFSET_BEGINNING
) -> Iterator[Message]:
    """The partition's records from ``start`` up to the high-water mark found at the call."""
    consumer = reader(settings)
    try:
        end = highwater(consumer, topic, partition)
        consumer.assign([TopicPartition(topic, partition, start)])
        yield from _until(consumer, topic, partition, end, settings.restore_deadline_s)
    finally:
        consumer.close()


def _until(
    consumer: Consumer, topic: str, partition: int, end: int, deadline_s: float
) -> Iterator[Message]:
    deadline = time.monotonic() + deadline_s
    position = 0
    while position < end:
        for message in consumer.consume(BATCH, WAIT_S):
            if message.error() is None:
                position = (message.offset() or 0) + 1
                yield message
        position = max(position, _position(consumer, topic, partition))
        if time.monotonic() > deadline:
            raise RestoreTimedOut(
                f"{topic}[{partition}]: at {position} of {end} after {deadline_s} s; the worker "
                "restarts and tries again. If it repeats, look at the broker's health"
            )


def _position(consumer: Consumer, topic: str, partition: int) -> int:
    # Compaction leaves holes: the position passes the end even where the last record is gone.
    return int(consumer.position([TopicPartition(topic, partition)])[0].offset)


def latest_values(
    settings: Settings, topic: str, partition: int, newer: Callable[[bytes, bytes, bytes], bool]
) -> dict[bytes, bytes]:
    """Each key's value that is furthest ahead."""
    values: dict[bytes, bytes] = {}
    for message in read_to_end(settings, topic, partition):
        key, value = message.key(), message.value()
        if isinstance(key, bytes) and isinstance(value, bytes):
            known = values.get(key)
            if known is None or newer(key, value, known):
                values[key] = value
    return values
