"""Small worlds of arrivals for the tests of the replay."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from models.replay_track import Row

DAY = 86_400_000
START = 1_700_000_000_000


def transaction(number: int, at: int, **changes: Any) -> dict[str, Any]:
    """A transaction of card `number % 5` at terminal `number % 3`."""
    return {
        "transaction_id": f"t{number}", "card_id": f"c{number % 5}",
        "terminal_id": f"m{number % 3}", "event_time": at, "arrival": at,
        "amount_minor": 1_000 + number * 37 % 900, "currency": "EUR", "message_type": "0100",
        "attributes": {},
    } | changes  # fmt: skip


def label(of: dict[str, Any], verdict: str, at: int, **changes: Any) -> dict[str, Any]:
    """A label of a transaction, observed at `at`."""
    return {
        "label_id": f"{of['transaction_id']}/{verdict}/{at}",
        "transaction_id": of["transaction_id"], "card_id": of["card_id"],
        "terminal_id": of["terminal_id"], "label": verdict, "source": "ISSUER",
        "reason_code": None, "event_time": of["event_time"], "observed_at": at, "supersedes": None,
    } | changes  # fmt: skip


def arrivals(many: int, seed: int, delay: int = DAY) -> list[tuple[str, int, dict[str, Any]]]:
    """Transactions about an hour apart, a tenth of them fraud; every label `delay` later."""
    rng, at, found = random.Random(seed), START, []
    for number in range(many):
        at += rng.randrange(2 * 3_600_000)
        event = transaction(number, at, amount_minor=rng.randrange(1, 50_000))
        verdict = "FRAUD" if rng.random() < 0.1 else "LEGITIMATE"
        found.append(("transaction", at, event))
        found.append(("label", at + delay, label(event, verdict, at + delay)))
    return sorted(found, key=lambda arrival: (arrival[1], arrival[0] == "transaction"))


class Counting:
    """A model whose score tells exactly what it has learned: a number below one an outcome."""

    name = "counting"

    def __init__(self) -> None:
        self.learned: list[tuple[Row, bool]] = []

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Remember the outcome."""
        assert weight == 1.0
        self.learned.append((row, fraud))

    def score(self, row: Row) -> float:
        """How many outcomes of how many frauds, as a fraction."""
        frauds = sum(fraud for _, fraud in self.learned)
        return (len(self.learned) * 1_000 + frauds + (row[0] or 0.0) / 1e6) / 1e7

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each."""
        return [self.score(row) for row in rows]
