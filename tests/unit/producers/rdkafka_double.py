"""A broker inside the process, librdkafka's own protocol double, so that tests need no JVM.

Against the real Kafka the same is tested in `tests/broker/test_publisher.py`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

PARTITIONS = 4


@contextmanager
def rdkafka_broker() -> Iterator[str]:
    """Yield the address of an empty broker; any topic exists and has four partitions."""
    holder = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(holder.list_topics(timeout=10).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    del holder


def consumed(bootstrap: str, topic: str) -> list[Message]:
    """Return everything in a topic of four partitions, within ten seconds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    partitions = [TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)]
    ends = [consumer.get_watermark_offsets(partition, timeout=10) for partition in partitions]
    count = sum(end[1] - end[0] for end in ends if end is not None)
    consumer.assign(partitions)
    found: list[Message] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found += consumer.consume(count - len(found), timeout=0.2)
    consumer.close()
    assert len(found) == count
    assert all(message.error() is None for message in found)
    return found
