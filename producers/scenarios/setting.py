"""Where and when a change happens, and the dice it may use."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from producers.handbook_world import (
    DAY_SECONDS,
    START_SECONDS,
    Customer,
    WorldSpec,
    customers_of,
    terminals_of,
)
from producers.scenarios.catalogue import Scenario

DAY_MS = DAY_SECONDS * 1_000
HANDBOOK_CARDS = 5_000
ONLINE = 0.20


@dataclass(frozen=True)
class Setting:
    """The plain world of `spec`, and the day (from 0) at whose midnight `scenario` begins.

    Raises `ValueError` where the world ends before that.
    """

    scenario: Scenario
    spec: WorldSpec
    onset_day: int

    def __post_init__(self) -> None:
        if not 1 <= self.onset_day < self.spec.days:
            raise ValueError(
                f"onset_day: expected 1 to {self.spec.days - 1}, so that the world of "
                f"{self.spec.days} days is plain before it and changed after, got {self.onset_day}"
            )

    @property
    def onset(self) -> int:
        """The first changed moment, in UTC milliseconds."""
        return self.midnight(self.onset_day)

    @property
    def end(self) -> int | None:
        """The first moment that is as before again, in UTC milliseconds; None where there is none.

        It may lie after the world's last day.
        """
        lasts = self.scenario.lasts_days
        return None if lasts is None else self.midnight(self.onset_day + lasts)

    def midnight(self, day: int) -> int:
        """Return the beginning of a day in UTC milliseconds; day 0 is the world's first."""
        return START_SECONDS * 1_000 + day * DAY_MS

    def dice(self, *stream: int) -> np.random.Generator:
        """Return a generator of this scenario alone: the Handbook's draws stay as they are.

        One stream a day lets a shorter world be the beginning of a longer one.
        """
        name = zlib.crc32(self.scenario.name.encode())
        return np.random.default_rng([self.spec.seed, name, *stream])

    def rate(self, of_handbook: float) -> int:
        """Return how many of something a day, given how many the Handbook's 5,000 cards have."""
        return max(1, round(of_handbook * self.spec.customers / HANDBOOK_CARDS))

    @cached_property
    def customers(self) -> list[Customer]:
        """Every customer's habits."""
        return customers_of(self.spec)

    @cached_property
    def mean_amounts(self) -> NDArray[np.float64]:
        """What each customer usually spends, in major units."""
        return np.array([customer.mean_amount for customer in self.customers])

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """Every terminal's place, shape (2, terminals)."""
        return terminals_of(self.spec)

    @cached_property
    def online(self) -> NDArray[np.bool_]:
        """Whether each terminal is a shop on the net: one in five, in scenarios with channels."""
        return self.dice(0, 2).random(self.spec.terminals) < ONLINE
