"""The Handbook's three fraud scenarios, laid over a ledger of legitimate purchases.

1. An amount above 220 is fraud.
2. Each day two terminals are compromised: what happens there during 28 days is fraud.
3. Each day three customers' details leak: during 14 days, a third of their transactions are
   made by somebody else, with five times the amount.

A later scenario overwrites the label of an earlier one. Source: as `producers.handbook_world`.
"""

import random

import numpy as np
from numpy.typing import NDArray

from producers.handbook_world import DAY_SECONDS, PUBLIC_DAYS, Ints, Ledger, WorldSpec

LARGE_CENTS = 220_00
TERMINALS_A_DAY, TERMINAL_DAYS = 2, 28
CUSTOMERS_A_DAY, CUSTOMER_DAYS = 3, 14


def last_campaign_day(spec: WorldSpec) -> int:
    """Return the last day on which a campaign starts.

    No campaign starts on a world's last day. A world asked for fewer than 183 days is the start of
    the one of 183 days, so only its 183rd day is its last.
    """
    return max(spec.days, PUBLIC_DAYS) - 2


def days_to_draw(spec: WorldSpec) -> int:
    """Return how many days must be drawn so that the asked days are exact.

    Scenario 3 draws a third of *all* transactions of its 14 days, the days to come included.
    """
    return min(max(spec.days, PUBLIC_DAYS), spec.days + CUSTOMER_DAYS - 1)


def commit_frauds(spec: WorldSpec, ledger: Ledger) -> NDArray[np.int8]:
    """Return the scenario (0 legitimate, 1 to 3) of each transaction of a ledger sorted by time.

    `ledger.cents` is multiplied in place where scenario 3 strikes.
    """
    scenario = (ledger.cents > LARGE_CENTS).astype(np.int8)
    days = range(min(int(ledger.second[-1]) // DAY_SECONDS, last_campaign_day(spec)) + 1)
    for day in days:
        scenario[_at_compromised_terminals(spec, ledger, day)] = 2
    for day in days:
        stolen = _with_leaked_details(spec, ledger, day)
        ledger.cents[stolen] *= 5
        scenario[stolen] = 3
    return scenario


def _at_compromised_terminals(spec: WorldSpec, ledger: Ledger, day: int) -> Ints:
    picked = _sample(spec.terminals, TERMINALS_A_DAY, spec.seed_of(day))
    return _of_days(ledger, ledger.terminal, picked, day, TERMINAL_DAYS)


def _with_leaked_details(spec: WorldSpec, ledger: Ledger, day: int) -> Ints:
    picked = _sample(spec.customers, CUSTOMERS_A_DAY, spec.seed_of(day))
    theirs = _of_days(ledger, ledger.customer, picked, day, CUSTOMER_DAYS)
    chosen = random.Random(spec.seed_of(day)).sample(range(len(theirs)), k=len(theirs) // 3)
    return theirs[np.array(chosen, dtype=np.int64)]


def _sample(population: int, size: int, seed: int) -> Ints:
    """Draw as pandas' `sample(n, random_state)` does."""
    return np.random.RandomState(seed).choice(population, size=size, replace=False)


def _of_days(ledger: Ledger, column: Ints, picked: Ints, day: int, days: int) -> Ints:
    """Return the positions in [day, day + days) whose `column` is one of `picked`."""
    bounds = np.array([day, day + days]) * DAY_SECONDS
    first, end = (int(at) for at in np.searchsorted(ledger.second, bounds))
    return first + np.nonzero(np.isin(column[first:end], picked))[0]
