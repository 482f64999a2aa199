"""A fixed stream of outcomes, and a log around the learner's fold: all follows from the numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from models.announcement import Announcement
from models.learn import Learner
from models.learn_control import boot, react
from models.learn_policy import LearnPolicy
from models.scorer import ModelScorer
from models.shelf import Shelf

NAMES = ("amount", "count", "risk")
MINUTE = 60_000
DAY = 86_400_000


def outcome(number: int, fraud: bool | None = None, **more: Any) -> dict[str, Any]:
    """The `number`-th outcome: a transaction a minute, labelled a week later."""
    rng = random.Random(number)
    fraud = rng.random() < 0.05 if fraud is None else fraud
    return {
        "outcome_id": f"o{number}", "label_id": f"l{number}", "transaction_id": f"t{number}",
        "card_id": f"c{number % 300}", "terminal_id": "m1", "source": "ISSUER",
        "label": "FRAUD" if fraud else "LEGITIMATE",
        "event_time": number * MINUTE, "observed_at": number * MINUTE + 7 * DAY,
        "amount_minor": 1_000, "currency": "EUR", "presumed": False,
        "score": min(max(rng.gauss(0.6 if fraud else 0.3, 0.2), 0.0), 1.0),
        "threshold": 0.5, "decision": "APPROVE", "model": None, "feature_spec": "f00d",
        "weight": 1.0, "decided_src": {"stage": "score", "partition": 0, "offset": number},
        "features": {
            "amount": rng.expovariate(0.02) * (4 if fraud else 1),
            "count": rng.choice([None, math.nan, 1.0, 2.0]),
            "risk": rng.random(),
        },
        **more,
    }  # fmt: skip


def command(kind: str, payload: str = "{}", **more: Any) -> dict[str, Any]:
    """An operator's command."""
    return {"command_id": "k1", "kind": kind, "payload": payload, "actor": "ana", "issued_at": 0,
            **more}  # fmt: skip


class World:
    """A learner, the log it folds, and what it published."""

    def __init__(self, learner: Learner | None = None, **policy: Any) -> None:
        self.learner = learner or Learner(NAMES, "f00d", LearnPolicy(**policy))
        if learner is None:
            boot(self.learner)
        self.shelf = Shelf()
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.said: list[tuple[int, Announcement]] = []

    def scorer(self, name: str, version: int) -> ModelScorer:
        return self.shelf.scorer(name, version)

    def outcomes(self, first: int, stop: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
        return ((at, *self.log[at]) for at in range(first, min(stop, len(self.log))))

    def add(self, name: str, body: dict[str, Any]) -> list[Announcement]:
        """Append a record and fold it."""
        self.log.append((name, body))
        offset = len(self.log) - 1
        said = react(self.learner, name, body, offset, self)
        for one in said:
            if one.kind == "model_snapshot" and one.record is not None:
                self.shelf.add(one.record)
            self.said.append((offset, one))
        return said

    def teach(self, start: int, stop: int, **more: Any) -> World:
        """Outcomes decided by what is in force when they are folded."""
        for number in range(start, stop):
            self.add("outcome", outcome(number, **{"model": self.learner.model} | more))
        return self

    @property
    def snapshots(self) -> dict[str, str]:
        """The sha256 of every version said."""
        return {
            one.key: one.record["sha256"]
            for _, one in self.said
            if one.kind == "model_snapshot" and one.record is not None
        }

    @property
    def markers(self) -> list[dict[str, Any]]:
        """Every marker said, in order."""
        return [one.marker for _, one in self.said if one.marker is not None]
