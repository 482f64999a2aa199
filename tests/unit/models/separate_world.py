"""Outcomes of analysts and of others, told to a learner of which a competitor is learned in two."""

from __future__ import annotations

import random
from typing import Any

from models.contest.separate import Separated
from tests.unit.models.learn_world import NAMES, World, command, outcome

NAME = "separate:logistic"
PLAIN: dict[str, Any] = {
    "first": 50, "every": 100, "slow_first": 200, "slow_every": 200, "clean_share": 0.0,
    "competitors": ("logistic",),
}  # fmt: skip
BOTH: dict[str, Any] = {**PLAIN, "separate": ("logistic",)}
TREES: dict[str, Any] = {
    **PLAIN, "competitors": ("logistic", "leveraging_bagging"), "separate": ("leveraging_bagging",),
}  # fmt: skip
SOURCES = ("ANALYST", "CHARGEBACK", "CUSTOMER", "ISSUER")
REBUILD = command("REBUILD", command_id="r")


def told(number: int, **more: Any) -> dict[str, Any]:
    """A quarter is told by analysts, half of that fraud; some of the rest is presumed."""
    source = SOURCES[number % 4]
    fraud = random.Random(number).random() < (0.5 if source == "ANALYST" else 0.05)
    presumed = not fraud and source == "ISSUER"
    weight = 10.0 if presumed else 1.0
    found = outcome(number, fraud, source=source, presumed=presumed, weight=weight)
    return found | more


def teach(world: World, start: int, stop: int, **more: Any) -> World:
    for number in range(start, stop):
        world.add("outcome", told(number, model=world.learner.model, **more))
    return world


def two(world: World, name: str = NAME) -> Separated:
    found = world.learner.competitors[name]
    assert isinstance(found, Separated)
    return found


def row(body: dict[str, Any]) -> list[float | None]:
    return [body["features"].get(name) for name in NAMES]
