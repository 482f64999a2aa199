"""`fraud verify` and its shadow on a real log: model and rule changes, late events, a kill -9."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from infra.kafka.broker import Broker
from schemas import topics
from streams.explain.explanation import explain
from streams.history.log import KafkaLog
from streams.records import LogRecord
from streams.verify.log import verify
from streams.verify.recorded import Place
from streams.verify.shadow import APP_ID
from streams.wire import codec
from tests.broker.running import (
    Worker,
    bodies,
    count,
    keyed,
    produce,
    read,
    transaction,
    until,
)
from tests.broker.test_model_change import PARTITIONS, await_model, decided, order, published, teach
from tests.unit.streams.altered_log import STRICTER

ROOT = Path(__file__).parents[2]
DAY = 86_400_000
QUIET = 2_400
"""Transactions decided before anything changes."""


def publish(bootstrap: str, first: int, last: int) -> None:
    """Transactions, every 49th a day older than its card's last."""
    records = [transaction(number) for number in range(first, last)]
    for record in records[3::49]:
        record["event_time"] -= DAY
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])


def run(bootstrap: str, *words: str) -> tuple[int, dict[str, Any]]:
    """A command's exit code and what it printed."""
    argv = [sys.executable, "-m", "streams.cli", *words, "--bootstrap", bootstrap, "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def caught_up(bootstrap: str) -> bool:
    """Whether the shadow has compared, and committed, all of the activity."""
    log, consumer = (
        KafkaLog(bootstrap),
        Consumer({"bootstrap.servers": bootstrap, "group.id": APP_ID}),
    )
    try:
        wanted = [TopicPartition(topics.ACTIVITY, partition) for partition in PARTITIONS]
        found = consumer.committed(wanted, timeout=10)
        return all(one.offset == log.end(topics.ACTIVITY, one.partition) for one in found)
    finally:
        consumer.close()


def metric(shadow: Worker, name: str) -> float:
    (value,) = re.findall(rf"^{name} (\S+)$", shadow.metrics(), re.MULTILINE)
    return float(value)


def test_every_decision_is_derived_again(new_kafka: Callable[[], Broker], tmp_path: Path) -> None:
    bootstrap = new_kafka().bootstrap
    with Roles(bootstrap, tmp_path) as roles:
        make_history(bootstrap, roles)
        many = len({one["transaction_id"] for one in bodies(bootstrap, topics.DECISIONS)})
        check_history(bootstrap, many)
        code, found = run(bootstrap, "verify")
        assert (code, found["checked"], found["mismatches"], found["first"]) == (0, many, 0, None)
        assert found["waiting"] == 0
        check_one_byte(bootstrap, many)
        check_explanation(bootstrap)
        shadow = roles["verify"]
        until(lambda: caught_up(bootstrap), 60, shadow.text)
        assert metric(shadow, "fraud_verify_mismatches_total") == 0, shadow.text()
        check_a_forged_decision(bootstrap, shadow, many)


class Roles(dict[str, Worker]):
    """Hot path, learner and shadow, started together and stopped at the end."""

    def __init__(self, bootstrap: str, home: Path) -> None:
        super().__init__()
        self._start = partial(Worker, bootstrap=bootstrap, home=home)

    def __enter__(self) -> Roles:
        self.start("hot", "learn", "verify")
        return self

    def start(self, *roles: str) -> None:
        self.update({role: self._start(role) for role in roles})
        for role in roles:
            self[role].ready()

    def kill(self, *roles: str) -> None:
        """With -9."""
        for role in roles:
            self[role].kill()

    def __exit__(self, *_: object) -> None:
        for one in self.values():
            one.stop()


def make_history(bootstrap: str, roles: Roles) -> None:
    """Changes of model and rules, late events; the shadow and the hot path killed in the middle."""
    publish(bootstrap, 0, QUIET)
    decided(bootstrap, QUIET)
    until(lambda: metric(roles["verify"], "fraud_verified_total") > 0, 60, "nothing is compared")
    teach(bootstrap)
    await_model(bootstrap, "logistic")
    until(lambda: "model/blend@1999" in published(bootstrap), 90, "no challengers")
    order(bootstrap, "RULES_APPLY", yaml=STRICTER)
    order(bootstrap, "PROMOTE", name="blend", reason="try it")
    publish(bootstrap, QUIET, 4_800)  # while rules and model change
    await_model(bootstrap, "blend", "try it")
    until(lambda: count(bootstrap, topics.DECISIONS) > 3_000, 60, "nothing goes on")
    roles.kill("hot", "verify")
    order(bootstrap, "PROMOTE", name="logistic", version=499)
    roles.start("hot", "verify")
    await_model(bootstrap, "logistic", "promoted logistic@499")
    publish(bootstrap, 4_800, 5_000)
    decided(bootstrap, 5_000)
    until(lambda: distinct(bootstrap) >= 5_000, 90, "not every one is decided")


def distinct(bootstrap: str) -> int:
    return len({record.value for record in read(bootstrap, topics.DECISIONS)})


def check_history(bootstrap: str, many: int) -> None:
    """The log has what it was made for."""
    assert many == 5_000
    decisions = bodies(bootstrap, topics.DECISIONS)
    models = {(one["model"]["name"], one["model"]["version"]) for one in decisions if one["model"]}
    assert {("logistic", 499), ("blend", 1999)} <= models
    assert {one["ruleset"]["name"] for one in decisions} == {"baseline", "stricter"}
    assert sum(one["late"] for one in decisions) > 50


class OneByteAltered(KafkaLog):
    """The log, with one byte of one decision not as it was recorded."""

    at = Place(2, 800)

    def read(
        self, topic: str, partition: int = 0, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        for record in super().read(topic, partition, start, stop):
            if (topic, partition, record.offset) == (topics.DECISIONS, *self.at):
                value = bytearray(record.value or b"")
                value[200] ^= 1
                yield record._replace(value=bytes(value))
            else:
                yield record


def check_one_byte(bootstrap: str, many: int) -> None:
    """It is found, and named."""
    (victim,) = KafkaLog(bootstrap).read(
        topics.DECISIONS, *OneByteAltered.at, OneByteAltered.at.offset + 1
    )
    found = verify(OneByteAltered(bootstrap))
    assert (found.checked, found.mismatches) == (many, 1)
    assert found.first is not None
    assert found.first.place == OneByteAltered.at
    assert found.first.transaction_id == codec.decode(victim.value or b"")[1]["transaction_id"]
    assert found.first.kind in ("altered", "unreadable")


def check_explanation(bootstrap: str) -> None:
    """A late decision of a blend is taken apart, and comes out whole."""
    decision = next(
        one for one in reversed(bodies(bootstrap, topics.DECISIONS))
        if one["late"] and one["model"] and one["model"]["name"] == "blend"
    )  # fmt: skip
    found = explain(KafkaLog(bootstrap), decision["transaction_id"])
    assert found["rederived"] == {"card": True, "terminal": True}
    parts = found["model_parts"]
    total = parts["bias"] + parts["held"] + math.fsum(c["log_odds"] for c in parts["contributions"])
    score = decision["score"]
    assert parts["score"] == score
    assert total == pytest.approx(math.log(score / (1.0 - score)), abs=1e-9)
    assert len(parts["members"]) > 1
    assert found["outcomes"] == []


def check_a_forged_decision(bootstrap: str, shadow: Worker, many: int) -> None:
    """A second record of a decision, with a fingerprint of its own, is found by both."""
    record = read(bootstrap, topics.DECISIONS)[-1]
    body = codec.decode(record.value or b"")[1] | {"decision": "DECLINE"}
    del body["fingerprint"]
    produce(bootstrap, topics.DECISIONS, [(record.key, codec.encode_decision(body))])
    code, found = run(bootstrap, "verify")
    assert (code, found["checked"], found["mismatches"]) == (1, many, 1)
    assert found["first"]["transaction_id"] == body["transaction_id"]
    assert found["first"]["fields"]["decision"]["recorded"] == "DECLINE"
    publish(bootstrap, 5_000, 5_100)  # what comes next is compared, and all read before it
    until(lambda: metric(shadow, "fraud_verify_mismatches_total") == 1, 60, shadow.text)
    assert body["transaction_id"] in shadow.text()
