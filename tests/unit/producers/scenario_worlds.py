"""Small worlds with the Handbook's density, drawn once: 24 days, changed from day 16 on."""

from __future__ import annotations

from functools import cache

from producers.handbook import World, generate
from producers.handbook_world import START_SECONDS, WorldSpec
from producers.scenarios.tables import Tables, tables

DAY_MS = 86_400_000
START_MS = START_SECONDS * 1_000
DAYS, ONSET_DAY = 24, 16
ONSET = START_MS + ONSET_DAY * DAY_MS


def spec(days: int = DAYS, seed: int = 0, customers: int = 300) -> WorldSpec:
    """A world of few cards; as many terminals within reach of each as in the Handbook's."""
    return WorldSpec(days=days, seed=seed, customers=customers, terminals=600, radius=20.0)


@cache
def plain(days: int = DAYS, seed: int = 0) -> World:
    """The world without any change."""
    return generate(spec(days, seed))


@cache
def drifted(name: str, days: int = DAYS, seed: int = 0) -> Tables:
    """The world of a scenario; not to be changed in place."""
    return tables(name, spec(days, seed), onset_day=ONSET_DAY, world=plain(days, seed))
