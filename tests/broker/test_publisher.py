"""The publishers against the real Kafka: everything arrives once, in order, where Java puts it."""

import time
from pathlib import Path
from typing import Protocol

import polars as pl
import pytest
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from producers.publish import publish
from producers.publisher import LabelPublisher, TransactionPublisher
from producers.sender import Sender
from schemas.codec import decode
from schemas.topics import LABELS, TOPICS, TRANSACTIONS

pytestmark = pytest.mark.broker

ROWS = 5_000


class Kafka(Protocol):
    @property
    def bootstrap(self) -> str: ...


class Tail:
    """Reads what comes into a topic from now on; other tests' records lie before that."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "publisher-test"})
        self._partitions = [TopicPartition(topic, p) for p in range(TOPICS[topic].partitions)]
        self._starts = [self._end(partition) for partition in self._partitions]

    def read(self) -> list[Message]:
        """Return everything that came, by partition and offset."""
        ends = [self._end(partition) for partition in self._partitions]
        count = sum(ends) - sum(self._starts)
        places = zip(self._partitions, self._starts, strict=True)
        self._consumer.assign([TopicPartition(p.topic, p.partition, at) for p, at in places])
        found: list[Message] = []
        while len(found) < count:
            batch = self._consumer.consume(count - len(found), timeout=10)
            assert batch, f"{len(found)} of {count} came"
            found += batch
        self._consumer.close()
        return found

    def _end(self, partition: TopicPartition) -> int:
        deadline = time.monotonic() + 10
        while True:
            try:
                return int(self._consumer.get_watermark_offsets(partition, timeout=10)[1])
            except KafkaException:  # a topic just made has no leader for a moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


class Stop(BaseException):
    """As Ctrl-C does it: not an Exception."""


def ids(messages: list[Message]) -> list[str]:
    return [decode(message.value() or b"")[1]["transaction_id"] for message in messages]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A transaction a second, each label 100 s later; ids of this test alone."""
    n = pl.int_range(0, ROWS, eager=True)
    frame = pl.DataFrame({"transaction_id": "p" + n.cast(pl.String)}).with_columns(
        card_id=n % 97, terminal_id=n % 20, event_time=n * 1_000
    )
    sales = frame.with_columns(amount_minor=n, currency=pl.lit("EUR"))
    sales.write_parquet(tmp_path / "transactions.parquet")
    labels = frame.with_columns(label=pl.lit("FRAUD"), observed_at=n * 1_000 + 100_000)
    labels.write_parquet(tmp_path / "labels.parquet")
    return tmp_path


def test_a_transaction_and_its_label_meet_in_one_partition(kafka: Kafka) -> None:
    sales, findings = Tail(kafka.bootstrap, TRANSACTIONS), Tail(kafka.bootstrap, LABELS)
    sale = {"transaction_id": "m", "card_id": "tok_7", "terminal_id": "t", "event_time": 1}
    finding = {"label_id": "l", "transaction_id": "m", "card_id": "tok_7", "label": "FRAUD"}
    with Sender(kafka.bootstrap) as sender:
        TransactionPublisher(sender).publish(sale | {"amount_minor": 1, "currency": "EUR"})
        observed = {"source": "ANALYST", "event_time": 1, "observed_at": 2}
        LabelPublisher(sender).publish(finding | observed)
    (sold,), (found,) = sales.read(), findings.read()
    assert sold.partition() == found.partition()
    assert sold.key() == found.key() == b"tok_7"
    assert (decode(sold.value() or b"")[0], decode(found.value() or b"")[0]) == (
        "transaction",
        "label",
    )


def test_an_interrupted_publication_is_completed(kafka: Kafka, world: Path) -> None:
    sales, findings = Tail(kafka.bootstrap, TRANSACTIONS), Tail(kafka.bootstrap, LABELS)

    def interrupt(sent: int) -> bool:
        if sent >= ROWS // 2:
            raise Stop
        return False

    with pytest.raises(Stop):
        publish(world, kafka.bootstrap, throttle=interrupt)
    done = publish(world, kafka.bootstrap)
    assert (done.transactions, done.labels, done.undelivered) == (ROWS, ROWS, 0)
    expected = [f"p{n}" for n in range(ROWS)]
    arrived = sales.read()
    assert sorted(ids(arrived)) == sorted(ids(findings.read())) == sorted(expected)
    by_card: dict[bytes | None, list[int]] = {}
    for message in arrived:
        by_card.setdefault(message.key(), []).append(int(ids([message])[0][1:]))
    assert all(found == sorted(found) for found in by_card.values())


def test_a_rate_is_kept(kafka: Kafka, world: Path) -> None:
    done = publish(world, kafka.bootstrap, limit=501, rate=500, resume=False)
    assert 0.999 <= done.seconds < 3.0
