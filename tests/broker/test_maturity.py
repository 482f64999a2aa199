"""Decisions and labels of frauds alone, through the real join: silence becomes outcomes, once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from infra.kafka.broker import Broker
from schemas import topics
from schemas.errors import OrphanLabel
from streams.decision_log import KafkaDecisionLog
from streams.settings import Settings
from streams.wire import codec
from tests.broker.running import Worker, bodies, count, produce, read, until, worker
from tests.properties.join_run import BASE, HOUR, decision

MANY = 2_400
FRAUDS = range(0, MANY, 40)
DECLINED = range(7, MANY, 30)
SETTINGS: dict[str, Any] = {
    "label_days": json.dumps({"CHARGEBACK": [0.5, 1]}),
    "presumed_keep": 1.0,
    "barrier_ms": 50,
}


def decided(first: int, last: int) -> list[tuple[bytes | None, bytes]]:
    """An hour holds a hundred; sources are numbered by partition as `score` would."""
    records = []
    for number in range(first, last):
        action = "DECLINE" if number in DECLINED else "APPROVE"
        made = decision(number, number // 100, action, card=f"card-{number % 50}")
        records.append((made["card_id"].encode(), codec.encode_decision(made)))
    return records


def label(number: int) -> tuple[bytes, bytes]:
    card = f"card-{number % 50}"
    record = {
        "label_id": f"l{number}", "transaction_id": f"t{number}", "card_id": card,
        "terminal_id": None, "label": "FRAUD", "source": "CHARGEBACK", "reason_code": None,
        "event_time": BASE, "observed_at": BASE + (number // 100 + 12) * HOUR, "supersedes": None,
    }  # fmt: skip
    return card.encode(), codec.encode("label", record)


def expected() -> dict[str, tuple[str, bool]]:
    """What has matured when the last decision is two days after the others."""
    silent = set(range(MANY)) - set(FRAUDS) - set(DECLINED)
    presumed = {f"t{n}": ("LEGITIMATE", True) for n in silent}
    return presumed | {f"t{n}": ("FRAUD", False) for n in FRAUDS}


def end() -> list[tuple[bytes | None, bytes]]:
    """Decisions two days later, in every partition: time passes."""
    records = []
    for number in range(MANY, MANY + 50):
        made = decision(number, MANY // 100 + 48, "DECLINE", card=f"card-{number % 50}")
        records.append((made["card_id"].encode(), codec.encode_decision(made)))
    return records


def outcomes(bootstrap: str) -> Counter[tuple[str, str, bool]]:
    found = bodies(bootstrap, topics.OUTCOMES)
    return Counter((made["transaction_id"], made["label"], made["presumed"]) for made in found)


def test_silence_becomes_outcomes_exactly_once(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    produce(bootstrap, topics.DECISIONS, decided(0, MANY))
    produce(bootstrap, topics.LABELS, [label(number) for number in FRAUDS])
    with worker("join", bootstrap, tmp_path, **SETTINGS) as running:
        until(lambda: count(bootstrap, topics.OUTCOMES) >= len(FRAUDS), 90, "no frauds")
        produce(bootstrap, topics.DECISIONS, end())
        wanted = {(t, *rest): 1 for t, rest in expected().items()}
        until(lambda: count(bootstrap, topics.OUTCOMES) >= len(wanted), 90, "not all presumed")
        page = running.metrics()
    assert outcomes(bootstrap) == wanted
    assert f'fraud_outcomes_total{{label="UNKNOWN"}} {len(set(DECLINED) - set(FRAUDS))}' in page


def test_a_killed_join_presumes_the_same(new_kafka: Callable[[], Broker], tmp_path: Path) -> None:
    """Half of it is durable, all of it was sent: the rest is the same bytes again."""
    bootstrap = new_kafka().bootstrap
    produce(bootstrap, topics.LABELS, [label(number) for number in FRAUDS])
    produce(bootstrap, topics.DECISIONS, decided(0, MANY) + end())
    doomed = Worker("join", bootstrap, tmp_path, fault_point="state.key:20", **SETTINGS)
    try:
        assert doomed.died() == -9
    finally:
        doomed.stop()
    wanted = {(t, *rest) for t, rest in expected().items()}
    with worker("join", bootstrap, tmp_path, **SETTINGS):
        until(lambda: set(outcomes(bootstrap)) >= wanted, 90, "not all presumed")
    assert set(outcomes(bootstrap)) == wanted
    by_id: dict[str, Any] = {}
    for made in bodies(bootstrap, topics.OUTCOMES):
        assert by_id.setdefault(made["outcome_id"], made) == made


def test_what_retention_took_is_not_waited_for(new_kafka: Callable[[], Broker]) -> None:
    bootstrap = new_kafka().bootstrap
    records = [(b"one card", value) for _, value in decided(0, 1_200)]
    produce(bootstrap, topics.DECISIONS, [*records])
    produce(bootstrap, topics.LABELS, [(b"one card", label(n)[1]) for n in (0, 40)])
    partition = next(r.partition for r in read(bootstrap, topics.DECISIONS))
    log = KafkaDecisionLog(Settings(bootstrap=bootstrap))
    assert log.labels_end(partition) == 2
    assert log.read(partition, 3)["transaction_id"] == "t3"

    forget(bootstrap, TopicPartition(topics.DECISIONS, partition, 700))
    forget(bootstrap, TopicPartition(topics.LABELS, partition, 2))
    fresh = KafkaDecisionLog(Settings(bootstrap=bootstrap))
    with pytest.raises(OrphanLabel, match="retention"):
        fresh.read(partition, 3)
    assert fresh.read(partition, 750)["transaction_id"] == "t750"
    assert fresh.labels_end(partition) == 0
    assert followed(fresh, partition, 0)[0] == 700
    assert followed(fresh, partition, 1_199) == [1_199]
    assert followed(fresh, partition, 1_000)[:2] == [1_000, 1_001], "back, as after a restore"


def followed(log: KafkaDecisionLog, partition: int, offset: int) -> list[int]:
    """The offsets that the log hands out, once it has any at hand."""
    found: list[tuple[int, bytes]] = []

    def some() -> bool:
        found[:] = log.following(partition, offset, 10)
        return bool(found)

    until(some, 30, "nothing to follow")
    return [at for at, _ in found]


def forget(bootstrap: str, before: TopicPartition) -> None:
    """Delete a partition's records before an offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_records([before]).values():
        done.result(20)
