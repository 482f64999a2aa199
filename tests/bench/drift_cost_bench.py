"""What the drift role costs: microseconds of CPU a decision and an activity, decoding included.

python -m tests.bench.drift_cost_bench
"""

from __future__ import annotations

import time
from typing import Any

from models.drift.policy import DriftPolicy
from models.features import FEATURES
from models.rule_policy import RatePolicy
from schemas.codec import today
from streams.agents.drift import stages
from streams.in_process import InProcessLog, InProcessOutbox
from streams.wire import codec

MANY = 20_000
BATCH = 500
COUNTRIES = ("FR", "FR", "FR", "DE", "DE", "PL", "BE")
CUT_EVERY = 4
"""Batches between barriers: about what 200 ms hold."""


def decision(number: int) -> bytes:
    """A decision with all features."""
    features = {name: (number * 37 + at * 11) % 997 / 7.0 for at, name in enumerate(FEATURES.names)}
    src = {"stage": "score", "partition": 0, "offset": number}
    return codec.encode("decision", {
        "transaction_id": f"t{number}", "card_id": "c", "terminal_id": "m",
        "event_time": number * 10_000, "amount_minor": 999, "currency": "EUR",
        "channel": ("pos", "ecommerce")[number % 5 == 0], "country": COUNTRIES[number % 7],
        "mcc": f"{number % 23:02}11", "decision": "APPROVE", "score": 0.01, "threshold": 0.5,
        "model": {"name": "logistic", "version": 1}, "ruleset": {"name": "r", "version": 1},
        "logic_version": 2, "feature_spec": FEATURES.spec_hash, "reasons": [],
        "features": features, "incomplete": False, "late": False, "src": src, "fingerprint": "",
    })  # fmt: skip


def activity(number: int) -> bytes:
    """An activity as the Handbook's: no words but its currency."""
    sale: dict[str, Any] = dict.fromkeys(field["name"] for field in today("transaction")["fields"])
    sale |= {
        "transaction_id": f"t{number}", "card_id": "c", "terminal_id": "m",
        "event_time": number * 10_000, "amount_minor": 999, "currency": "EUR",
        "message_type": "0100", "attributes": {"risk": 0.5},
    }  # fmt: skip
    src = {"stage": "profile", "partition": 0, "offset": number}
    return codec.encode("activity", {
        "src": src, "transaction": sale, "feature_spec": FEATURES.spec_hash,
        "card_features": [1.0] * len(FEATURES.card_names), "late": False,
    })  # fmt: skip


def cost(name: str, values: list[bytes]) -> float:
    """Microseconds a record of a stage, barriers included."""
    log = InProcessLog(clock=lambda: 0)
    stage = next(one for one in stages(DriftPolicy(), RatePolicy()) if one.name == name)
    records = [log.append(stage.sources[0], b"k", value, partition=0) for value in values]
    task = stage.task(0, InProcessOutbox(log), lambda: 0)
    started = time.process_time()
    for at in range(0, len(records), BATCH):
        stage.step(task, records[at : at + BATCH])
        if at // BATCH % CUT_EVERY == CUT_EVERY - 1:
            task.cut()
    return (time.process_time() - started) / len(records) * 1e6


def main() -> None:
    """Print both."""
    found = {
        "drift-decisions": cost("drift-decisions", [decision(n) for n in range(MANY)]),
        "drift-arrivals": cost("drift-arrivals", [activity(n) for n in range(MANY)]),
    }
    for name, cpu in found.items():
        print(f"{name}: {cpu:.1f} us a record")


if __name__ == "__main__":
    main()
