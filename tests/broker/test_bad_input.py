"""Whatever is published: it ends as a dead letter with its code, and nothing else is lost."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.kafka.broker import Broker
from schemas import topics
from streams.wire import codec
from tests.broker.checks import assert_whole
from tests.broker.running import bodies, count, keyed, produce, transaction, until, worker

TEN_YEARS_MS = 10 * 365 * 86_400_000
Raw = tuple[bytes | None, bytes]


def bad_records() -> list[tuple[str, Raw]]:
    """(expected code, record), in the order they are published."""
    good = codec.encode("transaction", transaction(1))
    garbage = random.Random(7).randbytes(900_000)
    changed: list[tuple[str, dict[str, Any]]] = [
        ("MISSING_REQUIRED_FIELD", {"card_id": ""}),
        ("MISSING_REQUIRED_FIELD", {"terminal_id": ""}),
        ("INVALID_AMOUNT", {"amount_minor": -1}),
        ("INVALID_AMOUNT", {"amount_minor": 2**62}),
        ("UNKNOWN_CURRENCY", {"currency": "XXZ"}),
        ("INVALID_FIELD", {"attributes": {"device_score": math.nan}}),
        ("INVALID_FIELD", {"attributes": {"device_score": math.inf}}),
        ("FUTURE", {"event_time": transaction(3)["event_time"] + TEN_YEARS_MS}),
        ("FUTURE", {"event_time": 4_100_000_000_000, "arrival": 4_100_000_000_000}),
        ("TOO_LATE", {"event_time": transaction(3)["event_time"] - TEN_YEARS_MS}),
        ("PAN_DETECTED", {"card_id": "4111111111111111"}),
        ("PAN_DETECTED", {"merchant_id": "shop 4111 1111 1111 1111"}),
    ]
    records = [
        (code, keyed(transaction(3, transaction_id=f"bad-{i}", **change)))
        for i, (code, change) in enumerate(changed)
    ]
    return [
        *records,
        ("SCHEMA_INVALID", (b"card-1", b"not avro at all")),
        ("SCHEMA_INVALID", (b"card-1", b"")),
        ("SCHEMA_INVALID", (b"card-1", good[:-3])),
        ("SCHEMA_INVALID", (b"card-1", good + b"\x00")),
        ("SCHEMA_INVALID", (b"card-1", garbage)),
        ("UNKNOWN_FINGERPRINT", (b"card-1", good[:2] + struct.pack("<Q", 42) + good[10:])),
        ("KEY_MISMATCH", (b"another", good)),
        ("KEY_MISMATCH", (None, good)),
        ("CONFLICTING_DUPLICATE", keyed(transaction(0, amount_minor=1))),
    ]


def test_each_bad_input_is_a_dead_letter(new_kafka: Callable[[], Broker], tmp_path: Path) -> None:
    bootstrap = new_kafka().bootstrap
    bad = bad_records()
    good = [transaction(number) for number in range(3_000)]
    records = [keyed(record) for record in good]
    for number, (_, record) in enumerate(bad):
        records.insert(100 + number * 97, record)
    with worker("hot", bootstrap, tmp_path) as running:
        produce(bootstrap, topics.TRANSACTIONS, records)
        until(lambda: count(bootstrap, topics.DEAD_LETTERS) >= len(bad), 60, running.text())
        until(lambda: count(bootstrap, topics.DECISIONS) >= len(good), 60, running.text())
        metrics = running.metrics()
    letters = bodies(bootstrap, topics.DEAD_LETTERS)
    assert sorted(letter["code"] for letter in letters) == sorted(code for code, _ in bad)
    assert_whole(bootstrap, {record["transaction_id"] for record in good})
    assert 'fraud_dead_letters_total{code="PAN_DETECTED"} 2.0' in metrics
    for letter in letters:
        assert letter["topic"] == topics.TRANSACTIONS
        assert letter["stage"] == "profile"
        assert b"4111111111111111" not in letter["original"] + (letter["key"] or b"")
        assert "4111111111111111" not in letter["cause"]


def test_a_dead_letter_keeps_the_original_bytes(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    garbage = random.Random(11).randbytes(1_000_000)
    produce(bootstrap, topics.TRANSACTIONS, [(b"card", garbage)])
    with worker("hot", bootstrap, tmp_path) as running:
        until(lambda: count(bootstrap, topics.DEAD_LETTERS) >= 1, 60, running.text())
    (letter,) = bodies(bootstrap, topics.DEAD_LETTERS)
    assert letter["original"] == garbage
    assert not letter["truncated"]
