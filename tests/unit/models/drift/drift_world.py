"""Days of a small world with a weekday, a night and one change, for the drift agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from models.drift.collecting import MEANS, SCORE, SCORER
from models.drift.counts import DayCounts
from models.drift.merging import Merger
from models.drift.policy import DriftPolicy
from models.drift.readings import Edge

POLICY = DriftPolicy(warm_up_days=2, reference_days=14, least=1_000, least_day=100)
WATCHED_FROM = POLICY.warm_up_days + POLICY.reference_days
FEATURES = ("amount", "weekend", "card_count_7d", "night")
DAYS = 60


@dataclass(frozen=True)
class World:
    """Parameters of a day; a change is another World from a day on."""

    volume: int = 2_000
    amount: float = 1.0
    count: float = 20.0
    missing: float = 0.05
    alerts: float = 0.01
    score: float = 0.01
    scorer: str = "logistic"


def counts(day: int, world: World, seed: int = 0) -> DayCounts:
    """One day of a world, for oneself: who merges into it spoils nobody's."""
    return DayCounts.unpack(_packed(day, world, seed))


@cache
def _packed(day: int, world: World, seed: int) -> bytes:
    rng = np.random.default_rng([seed, day])
    hours = (np.arange(world.volume) * 24 // world.volume).astype(int)
    rows = np.empty((world.volume, len(FEATURES) + 1))
    rows[:, 0] = rng.lognormal(3.0, 1.0, world.volume) * world.amount
    rows[rng.random(world.volume) < world.missing, 0] = np.nan
    rows[:, 1] = float((day + 3) % 7 >= 5)
    rows[:, 2] = rng.poisson(world.count, world.volume)
    rows[:, 3] = hours <= 6
    rows[:, 4] = np.minimum(rng.exponential(world.score, world.volume), 1.0)
    alerted = rng.random(world.volume) < world.alerts * (1.0 + 0.5 * (hours <= 6))
    found = DayCounts((*FEATURES, SCORE), MEANS)
    found.add(rows, hours, np.column_stack([alerted, rows[:, 4]]))  # type: ignore[arg-type]  # arrays are sequences here
    found.say(SCORER, {world.scorer: world.volume})
    return found.pack()


def days(
    changes: dict[int, dict[str, Any]] | None = None, seed: int = 0, until: int = DAYS
) -> Iterator[tuple[int, DayCounts]]:
    """The days from 0; `changes` by the day from which they hold."""
    world = World()
    for day in range(until):
        world = replace(world, **(changes or {}).get(day, {}))
        yield day, counts(day, world, seed)


def watched(
    changes: dict[int, dict[str, Any]] | None = None, seed: int = 0, until: int = DAYS
) -> list[tuple[int, Edge]]:
    """The edges of a world and the day at whose end each came, in one partition."""
    merger = Merger(POLICY, partitions=1)
    return [
        (day, edge)
        for day, one in days(changes, seed, until)
        for edge in merger.take(0, day + 1, [(day, one)])
    ]


def told(edges: list[tuple[int, Edge]]) -> list[tuple[int, str, str, str]]:
    """Day, detector, subject and state of each edge."""
    return [(day, one.detector, one.subject, state) for day, (one, state) in edges]
