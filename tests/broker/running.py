"""Workers as processes of their own, and the log as tests read it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Message, Producer

from infra.kafka.ports import free_port
from schemas import topics
from schemas.codec import today
from streams import changelog
from streams.records import LogRecord
from streams.settings import Settings
from streams.wire import codec

ROOT = Path(__file__).parents[2]
RUN = (
    "import sys; from streams.roles import run; from streams.settings import settings; "
    "run(sys.argv[1], settings())"
)


class Worker:
    """One role in a process; `kill` is -9, `stop` is a stop in order."""

    def __init__(self, role: str, bootstrap: str, home: Path, **settings: Any) -> None:
        self.port = int(settings.get("web_port") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / f"{role}-{self.port}.log"
        environment = {
            "FRAUD_BOOTSTRAP": bootstrap,
            "FRAUD_HOME": str(home),
            "FRAUD_WEB_PORT": str(self.port),
            "FRAUD_SESSION_TIMEOUT_S": "6",
            **{f"FRAUD_{name.upper()}": str(value) for name, value in settings.items()},
        }
        home.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, role],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def health(self) -> dict[str, Any]:
        """What /health says; empty while nothing answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/health", timeout=2
            ) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, OSError):
            return {}

    def metrics(self) -> str:
        """What /metrics says."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def ready(self, seconds: float = 150) -> Worker:
        """Wait until every assigned partition is restored."""
        until(lambda: self.health().get("ready", False), seconds, f"{self.text()}\nnot ready")
        return self

    def kill(self) -> None:
        """End the process with -9."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """Stop in order, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def died(self, seconds: float = 90) -> int:
        """Wait for the process to end by itself; its exit code."""
        return self.process.wait(seconds)

    def text(self) -> str:
        """The end of what it printed: a decision's differences, a line for each feature, fit in."""
        return self.log.read_text(errors="replace")[-20_000:]


@contextmanager
def worker(role: str, bootstrap: str, home: Path, **settings: Any) -> Iterator[Worker]:
    """A ready worker that is gone afterwards."""
    running = Worker(role, bootstrap, home, **settings)
    try:
        yield running.ready()
    finally:
        running.stop()


def until(done: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    """Poll until `done`; fail with `what`, looked up then where it is a function."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


def read(bootstrap: str, topic: str) -> list[LogRecord]:
    """Every record of a topic now, partition after partition."""
    settings = Settings(bootstrap=bootstrap)
    return [
        LogRecord(
            topic,
            partition,
            m.offset() or 0,
            m.timestamp()[1],
            m.key(),
            m.value(),
            m.headers() or (),
        )
        for partition in range(topics.topic(topic).partitions)
        for m in changelog.read_to_end(settings, topic, partition)
    ]


def log_record(topic: str, partition: int, m: Message) -> LogRecord:
    """A record of Kafka's client, as agents see records."""
    key, value, headers = m.key(), m.value(), m.headers() or ()
    offset = m.offset() or 0
    return LogRecord(topic, partition, offset, m.timestamp()[1], key, value, headers)


def bodies(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    """The decoded records of a topic."""
    return [codec.decode(record.value or b"")[1] for record in read(bootstrap, topic)]


def count(bootstrap: str, topic: str) -> int:
    """How many records a topic holds (nothing is deleted or compacted within a test)."""
    consumer = changelog.reader(Settings(bootstrap=bootstrap))
    try:
        partitions = range(topics.topic(topic).partitions)
        return sum(changelog.highwater(consumer, topic, p) for p in partitions)
    finally:
        consumer.close()


def produce(bootstrap: str, topic: str, records: list[tuple[bytes | None, bytes]]) -> None:
    """Write raw records and wait until they are delivered."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            # In order: a batch sent again behind its successor would make days of them late.
            "enable.idempotence": True,
            "message.max.bytes": 4_000_000,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 0,
        }
    )
    for key, value in records:
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(30) == 0


def transaction(number: int, **changes: Any) -> dict[str, Any]:
    """The `number`-th transaction of a small deterministic world: 50 cards, 40 terminals."""
    start = 1_700_000_000_000
    record: dict[str, Any] = dict.fromkeys(FIELDS)
    record |= {
        "transaction_id": f"t{number}",
        "card_id": f"card-{number * 7 % 50}",
        "terminal_id": f"terminal-{number * 11 % 40}",
        "event_time": start + number * 60_000,
        "arrival": start + number * 60_000,
        "amount_minor": 500 + number * 37 % 20_000,
        "currency": "EUR",
        "message_type": "0100",
        "attributes": {},
    }
    return record | changes


FIELDS = tuple(field["name"] for field in today("transaction")["fields"])


def keyed(record: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A transaction as a record."""
    return record["card_id"].encode(), codec.encode("transaction", record)
