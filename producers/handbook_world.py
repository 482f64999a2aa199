"""The Handbook's legitimate world: customers, terminals, and what they buy, day by day.

Source: Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud Detection -
Practical Handbook* (2022), chapter 3. The world is defined by its seeds and by the order in which
numbers are drawn, so both are kept to the letter: numpy's legacy generator and the standard
library's, one of each per customer, and never the global ones.
"""

import random
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DAY_SECONDS = 86_400
START_SECONDS = 1_522_540_800  # 2018-04-01 00:00:00 UTC
PUBLIC_DAYS = 183
# Worlds draw from disjoint ranges of seeds. The widest use of a range is one seed a customer, and
# numpy's legacy generator takes seeds below 2**32.
SEEDS_A_WORLD = 1 << 17
LAST_SEED = (1 << 32) // SEEDS_A_WORLD - 1


@dataclass(frozen=True)
class WorldSpec:
    """Everything that defines a world; the defaults are the public data set.

    Raises `ValueError` for a seed outside 0..32767, fewer than one day, or more customers,
    terminals or days than a world has seeds.

    >>> WorldSpec(seed=2).seed_of(7)
    262151
    """

    days: int = PUBLIC_DAYS
    seed: int = 0
    customers: int = 5_000
    terminals: int = 10_000
    radius: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LAST_SEED:
            raise ValueError(f"seed: expected 0 to {LAST_SEED}, got {self.seed}")
        for name in ("days", "customers", "terminals"):
            if not 1 <= getattr(self, name) <= SEEDS_A_WORLD:
                raise ValueError(
                    f"{name}: expected 1 to {SEEDS_A_WORLD}, got {getattr(self, name)}"
                )

    def seed_of(self, stream: int) -> int:
        """Return the generator seed of a numbered stream of this world."""
        return self.seed * SEEDS_A_WORLD + stream


@dataclass(frozen=True)
class Customer:
    """A customer's habits: place in a 100 x 100 square, amounts in major units."""

    x: float
    y: float
    mean_amount: float
    mean_per_day: float


@dataclass(frozen=True)
class Ledger:
    """Transactions as equally long columns, in order of time once `by_time` has run."""

    customer: Ints
    terminal: Ints
    second: Ints  # since the first day's midnight
    cents: Ints

    def __len__(self) -> int:
        return len(self.second)

    def by_time(self) -> "Ledger":
        """Return the ledger sorted by time; equal times keep the customers' order."""
        return self.rows(np.argsort(self.second, kind="stable"))

    def rows(self, chosen: slice | Ints) -> "Ledger":
        """Return the chosen rows, in the order of the choice."""
        return Ledger(*(getattr(self, field.name)[chosen] for field in fields(self)))


def customers_of(spec: WorldSpec) -> list[Customer]:
    """Draw every customer's habits, in order of id."""
    draw = np.random.RandomState(spec.seed_of(0)).uniform
    return [
        Customer(x=draw(0, 100), y=draw(0, 100), mean_amount=draw(5, 100), mean_per_day=draw(0, 4))
        for _ in range(spec.customers)
    ]


def terminals_of(spec: WorldSpec) -> NDArray[np.float64]:
    """Draw every terminal's place: an array of shape (2, terminals), x first."""
    places = np.random.RandomState(spec.seed_of(1)).uniform(0, 100, (spec.terminals, 2))
    return np.ascontiguousarray(places.T)


def reachable(customer: Customer, terminals: NDArray[np.float64], radius: float) -> list[int]:
    """Return the ids of the terminals closer to the customer than `radius`, ascending."""
    x, y = terminals
    distance = np.sqrt((x - customer.x) ** 2 + (y - customer.y) ** 2)
    near: list[int] = np.nonzero(distance < radius)[0].tolist()
    return near


class Dice:
    """The two generators of a customer, seeded anew for each: making new ones costs far more."""

    def __init__(self) -> None:
        self.numbers, self.choices = np.random.RandomState(), random.Random()

    def seeded(self, seed: int) -> "Dice":
        """Return the same dice at the beginning of a seed's streams."""
        self.numbers.seed(seed)
        self.choices.seed(seed)
        return self


def purchases(
    customer: Customer, terminals: list[int], dice: Dice, days: int
) -> list[tuple[int, float, int]]:
    """Draw one customer's purchases: (second, amount in major units, terminal), in drawing order.

    The stream runs over all days in order, so fewer days give a prefix of the same purchases.
    """
    numbers, choose = dice.numbers, dice.choices.choice
    normal, mean = numbers.normal, customer.mean_amount
    bought: list[tuple[int, float, int]] = []
    for midnight in range(0, days * DAY_SECONDS, DAY_SECONDS):
        for _ in range(numbers.poisson(customer.mean_per_day)):
            second = int(normal(DAY_SECONDS / 2, 20_000))
            if not 0 < second < DAY_SECONDS:
                continue  # the Handbook drops it before drawing an amount
            amount = normal(mean, mean / 2)
            if amount < 0:
                amount = numbers.uniform(0, mean * 2)
            bought.append((midnight + second, amount, choose(terminals)))
    return bought


def legitimate(spec: WorldSpec, days: int) -> Ledger:
    """Return the first `days` days of all customers' purchases, before any fraud, by time."""
    places, dice = terminals_of(spec), Dice()
    ledgers = []
    for index, customer in enumerate(customers_of(spec)):
        if terminals := reachable(customer, places, spec.radius):
            bought = purchases(customer, terminals, dice.seeded(spec.seed_of(index)), days)
            ledgers.append(_ledger(index, bought))
    columns = (np.concatenate([getattr(part, f.name) for part in ledgers]) for f in fields(Ledger))
    return Ledger(*columns).by_time()


def _ledger(customer: int, bought: list[tuple[int, float, int]]) -> Ledger:
    rows = np.array(bought, dtype=np.float64).reshape(-1, 3)
    # Rounding to two digits is rint(100 x) / 100, so rint(100 x) is the amount in cents, exactly.
    cents = np.rint(rows[:, 1] * 100).astype(np.int64)
    second, terminal = rows[:, 0].astype(np.int64), rows[:, 2].astype(np.int64)
    return Ledger(np.full(len(rows), customer, np.int64), terminal, second, cents)
