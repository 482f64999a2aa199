"""kill -9 at every step of the commit order, and a first stage that speaks twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.kafka.broker import Broker
from schemas import topics
from tests.broker.checks import assert_whole, whereabouts
from tests.broker.running import Worker, count, keyed, produce, read, transaction, until, worker

NewKafka = Callable[[], Broker]
MANY = 30_000


def publish(bootstrap: str, first: int, last: int) -> set[str]:
    records = [transaction(number) for number in range(first, last)]
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])
    return {record["transaction_id"] for record in records}


def all_decided(bootstrap: str, expected: int) -> None:
    until(
        lambda: count(bootstrap, topics.DECISIONS) >= expected,
        90,
        f"{count(bootstrap, topics.DECISIONS)} of {expected} decisions",
    )


def test_killed_in_mid_stream(new_kafka: NewKafka, tmp_path: Path) -> None:
    bootstrap = new_kafka().bootstrap
    ids = publish(bootstrap, 0, MANY)
    with worker("hot", bootstrap, tmp_path) as first:
        until(lambda: count(bootstrap, topics.DECISIONS) > MANY // 6, 60, "nothing was decided")
        first.kill()
    before = count(bootstrap, topics.DECISIONS)
    assert before < MANY, "the worker was done before it was killed"
    started = time.monotonic()
    with worker("hot", bootstrap, tmp_path):
        until(lambda: count(bootstrap, topics.DECISIONS) > before, 30, "scoring does not go on")
        assert time.monotonic() - started < 10
        all_decided(bootstrap, MANY)
        ids |= publish(bootstrap, MANY, MANY + 500)
        whole(bootstrap, ids)
    assert_whole(bootstrap, ids)


def whole(bootstrap: str, ids: set[str], seconds: float = 150) -> None:
    """Wait until every transaction is decided."""
    until(lambda: distinct(bootstrap) >= len(ids), seconds, lambda: whereabouts(bootstrap, ids))


def distinct(bootstrap: str) -> int:
    return len({record.value for record in read(bootstrap, topics.DECISIONS)})


# State key 40: one barrier over all that waits writes some hundred, however few barriers there are.
@pytest.mark.parametrize(
    "point", ["cut", "outputs", "state.key:40", "state:2", "durable:3", "commit:2"]
)
def test_killed_at_each_step_of_the_commit_order(
    new_kafka: NewKafka, tmp_path: Path, point: str
) -> None:
    bootstrap = new_kafka().bootstrap
    ids = publish(bootstrap, 0, 6_000)
    doomed = Worker("hot", bootstrap, tmp_path, fault_point=point, barrier_ms=50)
    try:
        assert doomed.died() == -9
    finally:
        doomed.stop()
    with worker("hot", bootstrap, tmp_path):
        whole(bootstrap, ids)
    assert_whole(bootstrap, ids)


def test_the_first_stage_speaks_twice(new_kafka: NewKafka, tmp_path: Path) -> None:
    bootstrap = new_kafka().bootstrap
    with worker("hot", bootstrap, tmp_path):
        ids = publish(bootstrap, 0, 2_000)
        all_decided(bootstrap, 2_000)
        activity = read(bootstrap, topics.ACTIVITY)
        again = [(record.key, record.value or b"") for record in activity]
        produce(bootstrap, topics.ACTIVITY, again)
        ids |= publish(bootstrap, 2_000, 3_000)
        all_decided(bootstrap, 3_000)
        time.sleep(1)
    assert count(bootstrap, topics.DECISIONS) == 3_000, "a repeat was decided again"
    assert_whole(bootstrap, ids)


def test_a_second_worker_takes_over(new_kafka: NewKafka, tmp_path: Path) -> None:
    """A rebalance right after a commit loses nothing and repeats only what is the same."""
    bootstrap = new_kafka().bootstrap
    with worker("hot", bootstrap, tmp_path / "a", worker_id="a") as first:
        ids = publish(bootstrap, 0, 2_000)
        all_decided(bootstrap, 2_000)
        with worker("hot", bootstrap, tmp_path / "b", worker_id="b"):
            ids |= publish(bootstrap, 2_000, 4_000)
            whole(bootstrap, ids)
            first.kill()
            ids |= publish(bootstrap, 4_000, 5_000)
            whole(bootstrap, ids)
    assert_whole(bootstrap, ids)
