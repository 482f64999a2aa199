"""The hot path through a real broker: throughput of one worker, latency at a fixed rate.

Run ``python -m tests.bench.stream_bench`` from the project's root; about two minutes.

*Throughput*: Handbook transactions are published before the worker starts, so that only the worker
and the broker share the machine; one worker runs profile, score (model in force, rules) and alert.
The rate counts from the worker's readiness to the last decision, warming up included.

*Latency*: an outside publisher sends at fixed times, an outside consumer polls record by record;
from the time a transaction *should* have been sent to its decision's receipt, so that a stall
delays every transaction it would have delayed (coordinated omission).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from infra.kafka.broker import Broker
from infra.kafka.topics import create_topics
from models import learn_control
from models.learn import Learner
from models.learn_policy import LearnPolicy
from producers.files import read_transactions
from producers.handbook import simulate
from schemas import topics
from streams.wire import codec
from tests.broker.running import count, keyed, produce, worker

# The floors; the design aims higher.
LEAST_PER_SECOND = 8_000
CHAMPION = LearnPolicy().champion
MOST_P50_MS, MOST_P99_MS = 15.0, 50.0


def put_model_in_force(bootstrap: str) -> None:
    """Publish a model and its marker: scoring costs the same whatever the weights are."""
    learner = Learner()
    for said in (learn_control.boot(learner), *learn_control.publish(learner, [CHAMPION], 0)):
        value = codec.encode(said.kind, said.record)
        produce(bootstrap, topics.MODELS, [(said.key.encode(), value)])
        marker = codec.encode("control_marker", said.marker)
        producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
        for partition in range(topics.topic(topics.ACTIVITY).partitions):
            producer.produce(topics.ACTIVITY, marker, b"", partition)
        producer.flush(30)


def throughput(bootstrap: str, records: list[dict[str, Any]], home: Path) -> float:
    """Decisions a second of one worker over what was published before."""
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])
    with worker("hot", bootstrap, home):
        began = time.perf_counter()
        while count(bootstrap, topics.DECISIONS) < len(records):
            time.sleep(0.1)
        return len(records) / (time.perf_counter() - began)


def latency(
    bootstrap: str, records: Iterator[dict[str, Any]], rate: int, seconds: int, home: Path
) -> dict[str, float]:
    """p50, p99 and p99.9 in milliseconds at a fixed rate, after two seconds of warming up."""
    due: dict[str, float] = {}
    received: dict[str, float] = {}
    stop = threading.Event()
    with worker("hot", bootstrap, home):
        observer = threading.Thread(target=observe, args=(bootstrap, received, stop))
        observer.start()
        time.sleep(2)
        send_at_rate(bootstrap, records, rate, rate * (seconds + 2), due)
        time.sleep(2)
        stop.set()
        observer.join()
    took = sorted(
        (received[name] - due[name]) * 1000 for name in list(due)[2 * rate :] if name in received
    )
    assert len(took) == rate * seconds, f"{rate * seconds - len(took)} decisions are missing"
    return {name: took[int(len(took) * share)] for name, share in SHARES.items()}


SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def send_at_rate(
    bootstrap: str, records: Iterator[dict[str, Any]], rate: int, many: int, due: dict[str, float]
) -> None:
    """Send each record at its own scheduled time."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 0,
        }
    )
    start = time.perf_counter()
    for number, record in enumerate(islice(records, many)):
        at = start + number / rate
        while (wait := at - time.perf_counter()) > 0:
            time.sleep(min(wait, 0.0005))
        due[record["transaction_id"]] = at
        key, value = keyed(record)
        producer.produce(topics.TRANSACTIONS, value, key)
        producer.poll(0)
    producer.flush(30)


def observe(bootstrap: str, received: dict[str, float], stop: threading.Event) -> None:
    """Note when each decision is received; `poll`, since `consume(n)` waits for n."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench"})
    partitions = range(topics.topic(topics.DECISIONS).partitions)
    tps = [TopicPartition(topics.DECISIONS, p) for p in partitions]
    for tp in tps:
        tp.offset = consumer.get_watermark_offsets(tp)[1]
    consumer.assign(tps)
    while not stop.is_set():
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            now = time.perf_counter()
            received[codec.decode(message.value() or b"")[1]["transaction_id"]] = now
    consumer.close()


def main() -> None:
    """Print the figures as JSON; exit with 1 below the floors."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--transactions", type=int, default=150_000)
    arguments.add_argument("--rates", type=int, nargs="*", default=[500, 1_000])
    arguments.add_argument("--seconds", type=int, default=15)
    given = arguments.parse_args()
    jars = Path(__file__).parents[2] / ".kafka" / "jars"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        file = simulate(home, days=given.transactions // 9_000 + 10).transactions_file
        records = iter(read_transactions(file))
        first = list(islice(records, given.transactions))
        with Broker(home / "kafka", jars=jars) as broker:
            create_topics(broker.bootstrap)
            put_model_in_force(broker.bootstrap)
            found: dict[str, Any] = {
                "transactions_per_second": throughput(broker.bootstrap, first, home)
            }
            for rate in given.rates:
                found[f"latency_ms_at_{rate}"] = latency(
                    broker.bootstrap, records, rate, given.seconds, home
                )
    print(json.dumps(found, indent=2))
    slow = found.get("latency_ms_at_500", {"p50": 0.0, "p99": 0.0})
    too_slow = slow["p50"] > MOST_P50_MS or slow["p99"] > MOST_P99_MS
    raise SystemExit(found["transactions_per_second"] < LEAST_PER_SECOND or too_slow)


if __name__ == "__main__":
    main()
