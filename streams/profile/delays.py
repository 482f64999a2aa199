"""How long labels take, where the file ends before the last of them came.

A label is in the file only if it came before the file's end: of recent transactions the quick
labels alone are seen, and quantiles of what is seen are too short. The estimate here corrects for
that by comparing each delay only with the labels that could have been seen at that delay, the
product-limit estimator in reversed time (Lynden-Bell 1971; Lagakos, Barraj and De Gruttola,
Nonparametric analysis of truncated survival data, Biometrika 75, 1988). It cannot see beyond the
oldest transaction's age.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
AT_RISK = 20
"""Delays that fewer labels than this could have shown are left out: one label there would decide
the whole curve below it."""


class Distribution(NamedTuple):
    """`shares[i]` of all labels come within `delays[i]` days; both ascend, the last share is 1."""

    delays: Days
    shares: Days

    def quantile(self, share: float) -> float:
        """The least delay within which `share` of the labels come; NaN without any label."""
        if not len(self.delays):
            return float("nan")
        at = int(np.searchsorted(self.shares, share - 1e-12))
        return float(self.delays[min(at, len(self.delays) - 1)])

    def within(self, days: float) -> float:
        """The share of the labels that come within so many days."""
        at = int(np.searchsorted(self.delays, days, side="right"))
        return float(self.shares[at - 1]) if at else 0.0


def seen(delays: Days) -> Distribution:
    """The distribution of the delays as they stand in the file.

    >>> seen(np.array([1.0, 1.0, 3.0])).quantile(0.5)
    1.0
    """
    values, counts = np.unique(delays, return_counts=True)
    return Distribution(values, np.cumsum(counts) / max(len(delays), 1))


def corrected(delays: Days, ages: Days, at_risk: int = AT_RISK) -> Distribution:
    """The same, corrected for labels that had not come yet.

    `ages` are the transactions' at the end of the file, each at least its delay. With transactions
    old enough nothing changes. Below, five of six quick labels are of transactions too young to
    have shown a slow one; of the two that could, one took three days:

    >>> delays, ages = np.array([1.0] * 6 + [3.0]), np.array([2.0] * 5 + [9.0] * 2)
    >>> corrected(delays, ages, at_risk=1).shares.tolist()
    [0.5, 1.0]
    >>> corrected(delays, ages + 9.0, at_risk=1).shares.round(3).tolist()
    [0.857, 1.0]
    """
    values, counts = np.unique(delays, return_counts=True)
    too_young = np.searchsorted(np.sort(ages), values, side="left")
    comparable = np.cumsum(counts) - too_young  # came by then, of transactions that old
    enough = np.flatnonzero(comparable >= min(at_risk, len(delays)))
    if not len(enough):
        return seen(delays)
    end = int(enough[-1]) + 1
    values, below = values[:end], 1.0 - counts[:end] / comparable[:end].clip(min=1)
    shares = np.ones(end)
    shares[:-1] = np.cumprod(below[:0:-1])[::-1]
    return Distribution(values, shares)


def labelled_by(days: Days, delays: Days, ages: Days) -> Days:
    """The share of the transactions at least so old that were labelled within so many days.

    `delays` are NaN for transactions without a label. NaN where no transaction is so old.

    >>> labelled_by(np.array([1.0, 5.0]), np.array([1.0, np.nan, 2.0]), np.array([9.0, 9.0, 3.0]))
    array([0.33333333, 0.5       ])
    """
    known = ~np.isnan(delays)
    old = len(ages) - np.searchsorted(np.sort(ages), days, side="left")
    came = np.searchsorted(np.sort(delays[known]), days, side="right")
    young = np.searchsorted(np.sort(ages[known]), days, side="left")  # their delays are shorter
    return np.where(old > 0, (came - young) / np.maximum(old, 1), np.nan)
