"""The fast world against a naive one: the specification read aloud, with pandas and one loop."""

import random

import numpy as np
import pandas as pd
import pytest

from producers.handbook import generate
from producers.handbook_world import WorldSpec

CUSTOMERS, TERMINALS, RADIUS, DAYS = 30, 200, 15.0, 183


def profiles() -> tuple[pd.DataFrame, pd.DataFrame]:
    np.random.seed(0)
    rows = []
    for customer in range(CUSTOMERS):
        x, y = np.random.uniform(0, 100), np.random.uniform(0, 100)
        rows.append((customer, x, y, np.random.uniform(5, 100), np.random.uniform(0, 4)))
    np.random.seed(1)
    places = [(t, np.random.uniform(0, 100), np.random.uniform(0, 100)) for t in range(TERMINALS)]
    return (
        pd.DataFrame(rows, columns=["customer", "x", "y", "mean", "per_day"]),
        pd.DataFrame(places, columns=["terminal", "x", "y"]),
    )


def bought_by(customer: pd.Series, near: list[int]) -> list[tuple[int, int, int, float]]:
    random.seed(int(customer.customer))
    np.random.seed(int(customer.customer))
    found = []
    for day in range(DAYS):
        for _ in range(np.random.poisson(customer.per_day)):
            time = int(np.random.normal(86400 / 2, 20000))
            if time <= 0 or time >= 86400:
                continue
            amount = np.random.normal(customer["mean"], customer["mean"] / 2)
            if amount < 0:
                amount = np.random.uniform(0, customer["mean"] * 2)
            if near:
                terminal = random.choice(near)
                found.append((int(customer.customer), terminal, day * 86400 + time, amount))
    return found


def with_frauds(
    table: pd.DataFrame, customers: pd.DataFrame, terminals: pd.DataFrame
) -> pd.DataFrame:
    table["day"] = table.second // 86400
    table["scenario"] = 0
    table.loc[table.amount > 220, "scenario"] = 1
    for day in range(table.day.max()):
        picked = terminals.terminal.sample(n=2, random_state=day)
        days = (table.day >= day) & (table.day < day + 28)
        table.loc[days & table.terminal.isin(picked), "scenario"] = 2
    for day in range(table.day.max()):
        leaked = customers.customer.sample(n=3, random_state=day).values
        days = (table.day >= day) & (table.day < day + 14)
        index = list(table[days & table.customer.isin(leaked)].index.values)
        random.seed(day)
        stolen = random.sample(index, k=int(len(index) / 3))
        table.loc[stolen, "amount"] *= 5
        table.loc[stolen, "scenario"] = 3
    return table


@pytest.fixture(scope="module")
def naive() -> pd.DataFrame:
    customers, terminals = profiles()
    rows = []
    for _, customer in customers.iterrows():
        distance = np.hypot(terminals.x - customer.x, terminals.y - customer.y)
        rows += bought_by(customer, terminals.terminal[distance < RADIUS].tolist())
    table = pd.DataFrame(rows, columns=["customer", "terminal", "second", "amount"])
    table["amount"] = np.round(table.amount, 2)
    table = table.sort_values("second", kind="stable").reset_index(drop=True)
    return with_frauds(table, customers, terminals)


@pytest.mark.parametrize("days", [183, 31, 1])
def test_every_row_is_the_naive_one(naive: pd.DataFrame, days: int) -> None:
    world = generate(WorldSpec(days=days, customers=CUSTOMERS, terminals=TERMINALS, radius=RADIUS))
    expected = naive[naive.day < days]
    assert len(world.ledger) == len(expected) > 0
    for column in ("customer", "terminal", "second"):
        assert getattr(world.ledger, column).tolist() == expected[column].tolist()
    assert world.ledger.cents.tolist() == np.rint(expected.amount * 100).astype(int).tolist()
    assert world.scenario.tolist() == expected.scenario.tolist()
    assert days < 31 or set(expected.scenario) >= {0, 2, 3}
