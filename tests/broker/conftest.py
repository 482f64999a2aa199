"""A real Kafka for the tests of this folder: one for each process of the run, more on request.

Without a JVM (or without Maven, while the jars are not fetched yet) these tests are skipped and the
summary says so in capitals; with FRAUD_REQUIRE_BROKER=1, as in CI, they fail instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.errors import GroundError
from infra.kafka.broker import Broker
from infra.kafka.jars import fetch_jars
from infra.kafka.java import find_java
from infra.kafka.topics import create_topics

HERE = Path(__file__).parent
JARS = HERE.parents[1] / ".kafka" / "jars"
HEAP_MB = 512


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m 'not broker'` leaves them out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.broker)


@pytest.fixture(scope="session")
def jars() -> Path:
    """The cache with Kafka's jars; skips (or fails) where they cannot be had or run."""
    missing = _why_not()
    if missing and os.environ.get("FRAUD_REQUIRE_BROKER") == "1":
        pytest.fail(f"FRAUD_REQUIRE_BROKER=1, but: {missing}", pytrace=False)
    if missing:
        pytest.skip(f"no real Kafka here: {missing}")
    return JARS


def _why_not() -> str:
    """Return why no broker can run here, empty if one can."""
    try:
        find_java()
        fetch_jars(JARS)
    except GroundError as missing:
        return str(missing)
    return ""


@pytest.fixture(scope="session")
def kafka(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests of a process, with every topic; it holds the records of them all."""
    broker = Broker(tmp_path_factory.mktemp("kafka"), jars=jars, heap_mb=HEAP_MB)
    try:
        broker.start()
        create_topics(broker.bootstrap)
        yield broker
    finally:
        broker.stop(wipe=True)


@pytest.fixture
def new_kafka(jars: Path, tmp_path: Path) -> Iterator[Callable[[], Broker]]:
    """A function that starts one more broker with empty topics, in about 4 s."""
    brokers: list[Broker] = []

    def start() -> Broker:
        broker = Broker(tmp_path / f"kafka-{len(brokers)}", jars=jars, heap_mb=HEAP_MB)
        brokers.append(broker)
        broker.start()
        create_topics(broker.bootstrap)
        return broker

    try:
        yield start
    finally:
        for broker in brokers:
            broker.stop(wipe=True)
