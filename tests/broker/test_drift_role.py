"""The drift role on a real Kafka: killed in the middle, it signals what one quiet run signals."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from infra.kafka.broker import Broker
from schemas import topics
from streams.agents.drift import stages
from streams.in_process import InProcess, InProcessLog
from streams.settings import Settings
from streams.wire import codec
from tests.broker.running import Worker, bodies, count, produce, read, until, worker
from tests.contract.contract_records import EXAMPLES

DAY_MS = 86_400_000
DAYS, ONSET, A_DAY = 22, 18, 720
LUMP_DAYS = 5  # what is published at once: partitions may not drift apart by a week of event time
SETTINGS: dict[str, Any] = {
    "drift_warm_up_days": 0, "drift_reference_days": 14, "barrier_ms": 50,
    "drift_actions": json.dumps({"amount": "FREEZE"}),
}  # fmt: skip


def decisions() -> list[tuple[bytes | None, bytes]]:
    """A decision every two minutes; amounts are three times as large in the end."""
    rng, made = np.random.default_rng(4), []
    for number in range(DAYS * A_DAY):
        grown = 3.0 if number >= ONSET * A_DAY else 1.0
        one = EXAMPLES["decision"] | {
            "event_time": number * DAY_MS // A_DAY, "score": 0.01, "decision": "APPROVE",
            "features": {"amount": float(rng.lognormal(3.0, 0.7)) * grown, "night": None},
            "src": {"stage": "score", "partition": 0, "offset": number}, "fingerprint": "",
        }  # fmt: skip
        made.append((f"card-{number % 50}".encode(), codec.encode("decision", one)))
    return made


def expected(made: list[tuple[bytes | None, bytes]]) -> set[str]:
    """The signals of one quiet run in process."""
    log = InProcessLog(clock=lambda: 0)
    plain = {"drift_warm_up_days": 0, "drift_reference_days": 14}
    given = Settings(**plain, drift_actions={"amount": "FREEZE"})
    run = InProcess(stages(given.drift(), given.rates()), log)
    for at in range(0, len(made), A_DAY):
        for key, value in made[at : at + A_DAY]:
            log.append(topics.DECISIONS, key, value)
        run.run()
    return {codec.decode(one.value or b"")[1]["signal_id"] for one in log.read(topics.DRIFT)}


def publish(bootstrap: str, made: list[tuple[bytes | None, bytes]], first: int, last: int) -> None:
    for day in range(first, last, LUMP_DAYS):
        until_day = min(day + LUMP_DAYS, last)
        produce(bootstrap, topics.DECISIONS, made[day * A_DAY : until_day * A_DAY])
        counted = 4 * (until_day - 1)
        until(
            partial(_holds, bootstrap, counted), 60, f"{counted} days of partitions are not counted"
        )


def _holds(bootstrap: str, least: int) -> bool:
    """Whether so many days of partitions are counted; after a crash some come once more."""
    found = bodies(bootstrap, topics.DRIFT_COUNTS)
    return len({(one["src"]["partition"], one["below"]) for one in found}) >= least


def test_a_killed_drift_role_signals_once_and_freezes_once(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    bootstrap, made = new_kafka().bootstrap, decisions()
    killed = Worker("drift", bootstrap, tmp_path, **SETTINGS).ready()
    try:
        publish(bootstrap, made, 0, 9)
    finally:
        killed.kill()
    wanted = expected(made)
    with worker("drift", bootstrap, tmp_path, **SETTINGS):
        publish(bootstrap, made, 9, DAYS)
        until(lambda: count(bootstrap, topics.DRIFT) >= len(wanted), 60, "signals are missing")
        until(lambda: count(bootstrap, topics.OUTCOMES) >= 1, 30, "no command")
    found = bodies(bootstrap, topics.DRIFT)
    assert {one["signal_id"] for one in found} == wanted
    assert {(one["detector"], one["subject"]) for one in found} >= {("PSI_DAY", "amount")}
    commands = [codec.decode(one.value or b"")[1] for one in read(bootstrap, topics.OUTCOMES)]
    assert [one["kind"] for one in commands] == ["FREEZE"]
    assert commands[0]["actor"] == "drift"
    assert bodies(bootstrap, topics.DEAD_LETTERS) == []
