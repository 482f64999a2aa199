"""What is usual: bins, thresholds and hourly levels fixed when a reference window closes.

```text
 warm-up          reference, whole weeks                  watched
 |───────────────|──────────────────────────────────────|──────────────►
                  bins: its quantiles                     a day  ↔ the reference's same weekdays
                  thresholds: from each of its days       7 days ↔ the whole reference
                  against the others
```

A subject's threshold comes from its own reference: what moves by itself, as a score does whose
model learns, must move further. Everything is a function of integer counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.drift.counts import DAY_MS, HOURS, DayCounts
from models.drift.natures import nature
from models.drift.policy import WEEK, DriftPolicy
from models.drift.psi import BINS, Counts, Floats, bin_table, binned, psi, share_off
from models.drift.sketch import CODES

Days = Sequence[tuple[int, DayCounts]]


class Reference(NamedTuple):
    """A closed reference; `table`, `weekdays` (7, subjects, BINS) and the thresholds are arrays.

    `volumes` are events a day by weekday. `levels` has shape (means, 2, 24): mean and standard
    deviation of an hour of the day.
    """

    name: str
    names: tuple[str, ...]
    table: NDArray[np.int64]
    weekdays: Counts
    day_limits: Floats
    week_limits: Floats
    share_limits: Floats
    volumes: Floats
    levels: Floats

    @property
    def whole(self) -> Counts:
        """The bins of the whole window, shape (subjects, BINS)."""
        found: Counts = self.weekdays.sum(axis=0)
        return found


def close(label: str, days: Days, policy: DriftPolicy) -> Reference:
    """The reference of these days; `label` names it with its dates.

    A subject that some days lack was missing on them.
    """
    names = tuple(sorted({name for _, day in days for name in day.names}, key=_order(days)))
    days = [(day, counts.only(names)) for day, counts in days]
    total = sum((day.cells for _, day in days), np.zeros_like(days[0][1].cells))
    table = bin_table(total, [nature(name).words for name in names])
    bins = [(day, binned(counts.cells, table)) for day, counts in days]
    weekdays = np.zeros((WEEK, *bins[0][1].shape), dtype=np.int64)
    for day, found in bins:
        weekdays[day % WEEK] += found
    span = f"{iso(days[0][0])} to {iso(days[-1][0])}"
    return Reference(
        name=f"{label} ({span})",
        names=names,
        table=table,
        weekdays=weekdays,
        day_limits=_limits(_own_days(psi, bins, weekdays), policy.day_floors(names), policy.spread),
        week_limits=_limits(_own_weeks(bins), policy.week_floors(names), policy.spread),
        share_limits=_limits(
            _own_days(share_off, bins, weekdays), policy.share_floors(names), policy.share_spread
        ),
        volumes=_volumes(days),
        levels=_levels([counts for _, counts in days]),
    )


def _order(days: Days) -> Callable[[str], tuple[int, str]]:
    """Subjects as in the first day, then those that came later by name."""
    first = {name: at for at, name in enumerate(days[0][1].names)}
    return lambda name: (first.get(name, len(first)), name)


def _own_days(
    far: Callable[[Counts, Counts], Floats],
    bins: Sequence[tuple[int, Counts]],
    weekdays: Counts,
) -> Floats:
    """How far each day is from the other days of its weekday, shape (days, subjects)."""
    return np.array([far(found, weekdays[day % WEEK] - found) for day, found in bins])


def _own_weeks(bins: Sequence[tuple[int, Counts]]) -> Floats:
    """PSI of each seven days running against all others, shape (windows, subjects)."""
    found = np.array([one for _, one in bins])
    whole = found.sum(axis=0)
    windows = [found[at : at + WEEK].sum(axis=0) for at in range(max(len(found) - WEEK + 1, 1))]
    return np.array([psi(window, whole - window) for window in windows])


def _limits(own: Floats, floors: Sequence[float], spread: float) -> Floats:
    limits: Floats = np.maximum(np.array(floors), spread * own.max(axis=0))
    return limits


def _volumes(days: Days) -> Floats:
    """Events a day, by weekday (days since 1970, modulo seven)."""
    found, known = np.zeros(WEEK), np.zeros(WEEK)
    for day, counts in days:
        found[day % WEEK] += counts.size
        known[day % WEEK] += 1
    return found / np.maximum(known, 1)


def _levels(days: Sequence[DayCounts]) -> Floats:
    """Mean and deviation of each hour's mean over the days, for each of the means."""
    hours = np.array([hourly(day) for day in days])  # (days, means, 24)
    known = ~np.isnan(hours)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, hours, 0.0).sum(axis=0) / count
    square = np.where(known, (hours - mean) ** 2, 0.0).sum(axis=0)
    deviation = np.sqrt(square / np.maximum(count - 1, 1))
    # An hour that was the same on every day must not make any other value infinitely far.
    least = np.maximum(np.abs(mean) * 0.05, 1e-6)
    return np.stack([mean, np.maximum(deviation, least)], axis=1)


def hourly(day: DayCounts) -> Floats:
    """The means of each hour, shape (means, 24); NaN for an empty hour."""
    weight, totals = day.sums[:, 0].astype(np.float64), day.sums[:, 1:].T.astype(np.float64)
    some = weight > 0
    found = np.full(totals.shape, np.nan)
    found[:, some] = totals[:, some] / weight[some]
    return found


def iso(day: int) -> str:
    """A day since 1970 as a date.

    >>> iso(17_652)
    '2018-05-01'
    """
    return datetime.fromtimestamp(day * DAY_MS // 1_000, UTC).date().isoformat()


def data(reference: Reference) -> dict[str, Any]:
    """A reference as plain data."""
    found = reference._asdict()
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in found.items()
        if name != "table"
    } | {"bins": [_runs(row) for row in reference.table]}


def _runs(row: NDArray[np.int64]) -> list[list[int]]:
    """A row of the table as runs of (bin, codes)."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(row)) + 1, [len(row)]])
    return [[int(row[a]), int(b - a)] for a, b in itertools.pairwise(starts.tolist())]


def restored(found: Mapping[str, Any]) -> Reference:
    """What `data` gave."""
    rows = [np.repeat(*np.array(runs, dtype=np.int64).T) for runs in found["bins"]]
    table = np.array(rows, dtype=np.int64).reshape(-1, CODES)
    return Reference(
        found["name"],
        tuple(found["names"]),
        table,
        np.array(found["weekdays"], dtype=np.int64).reshape(WEEK, -1, BINS),
        np.array(found["day_limits"]),
        np.array(found["week_limits"]),
        np.array(found["share_limits"]),
        np.array(found["volumes"]),
        np.array(found["levels"], dtype=np.float64).reshape(-1, 2, HOURS),
    )
