"""How a model did on the outcomes of its own decisions: by week, by segment, and the spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.contest.standings import measures
from models.learn_policy import LearnPolicy
from streams.governance.outcomes import Outcomes, Rows
from streams.governance.weeks import day_of, named, starts, weeks_of

Found = dict[str, Any]
LEAST_FRAUDS = 20
"""Of a week or a segment, before its ranking is measured: with fewer, a single fraud moves average
precision by more than what is to be told apart."""
RANKING = ("auc_roc", "average_precision", "card_precision", "value_caught", "log_loss")
RATES = ("alert_rate", "precision", "recall", "calibration", "ece")
MEASURES = (*RANKING, *RATES)
BANDS = ((0, 1_000), (1_000, 10_000), (10_000, 100_000), (100_000, None))
"""Amounts in minor units, from and to."""
MOST_VALUES = 12
"""Values of a field that are shown, the most frequent ones."""
HOUR_MS = 3_600_000
NIGHT_H = 7
"""The UTC hours 0 to 6, as the Handbook has it."""


def measured(rows: Rows) -> Found:
    """Counts and measures of decided transactions with a standing verdict.

    Each weighs as its outcome does. Ranking is left out below `LEAST_FRAUDS` frauds.
    """
    frauds = rows["fraud"] == 1
    found: Found = {
        "transactions": float(rows["weight"].sum()),
        "outcomes": len(rows),
        "frauds": int(frauds.sum()),
    }
    if not len(rows):
        return found
    budget = LearnPolicy().alerts_per_1000
    ranked = measures(rows, 0, budget) if frauds.sum() >= LEAST_FRAUDS else {}
    return found | {name: (_at_threshold(rows) | ranked).get(name) for name in MEASURES}


def _at_threshold(rows: Rows) -> dict[str, float]:
    """What the threshold in force at each decision did."""
    weights, frauds = rows["weight"], rows["fraud"] == 1
    over = rows["scores"][:, 0] >= rows["threshold"]
    alerted, caught = float(weights[over].sum()), float(weights[over & frauds].sum())
    found = {"alert_rate": alerted / float(weights.sum())}
    if alerted:
        found["precision"] = caught / alerted
    if frauds.any():
        found["recall"] = caught / float(weights[frauds].sum())
    return found


def by_week(rows: Rows, version: int) -> list[Found]:
    """Each week of event time; `by_version` counts what this very version had decided."""
    weeks = weeks_of(rows["time"])
    found = []
    for week in np.unique(weeks).tolist():
        mine = rows[weeks == week]
        by_version = int((mine["version"] == version).sum())
        head = {"week": named(week), "monday": day_of(starts(week)), "by_version": by_version}
        found.append(head | measured(mine))
    return found


def spread(weeks: Sequence[Mapping[str, Any]]) -> dict[str, Found]:
    """Mean, standard deviation (n - 1), least and most of each measure over the weeks that can be
    measured: those with `LEAST_FRAUDS` frauds.

    >>> week = {"frauds": 30, "auc_roc": 0.8}
    >>> spread([week, week | {"auc_roc": 0.9}])["auc_roc"]["weeks"]
    2
    """
    enough = [week for week in weeks if week["frauds"] >= LEAST_FRAUDS]
    found = {}
    for name in MEASURES:
        values = [week[name] for week in enough if week.get(name) is not None]
        if values:
            deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
            found[name] = {
                "weeks": len(values), "mean": float(np.mean(values)), "sd": deviation,
                "least": min(values), "most": max(values),
            }  # fmt: skip
    return found


def by_segment(
    rows: Rows, outcomes: Outcomes, fields: Mapping[str, Mapping[int, str]]
) -> list[Found]:
    """Each value of each segment with at least one transaction."""
    parts = [*_of_outcome(rows, outcomes), *_of_fields(rows, fields)]
    return [
        {"segment": name, "value": value} | measured(rows[chosen])
        for name, value, chosen in parts
        if chosen.any()
    ]


Part = tuple[str, str, Any]


def _of_outcome(rows: Rows, outcomes: Outcomes) -> Iterator[Part]:
    """What every outcome says of itself."""
    for number, currency in enumerate(outcomes.currencies):
        yield "currency", currency, rows["currency"] == number
    for low, high in BANDS:
        value = f"from {low:,}" if high is None else f"{low:,} to {high - 1:,}"
        inside = rows["amount"] >= low
        yield (
            "amount, minor units",
            value,
            inside if high is None else inside & (rows["amount"] < high),
        )
    weekend = (rows["time"] // (24 * HOUR_MS) + 3) % 7 >= 5
    night = rows["time"] // HOUR_MS % 24 < NIGHT_H
    for value, chosen in (("weekend", weekend), ("weekday", ~weekend)):
        yield "day, UTC", value, chosen
    for value, chosen in (("night, 0 to 6 h", night), ("day, 7 to 23 h", ~night)):
        yield "hour, UTC", value, chosen


def _of_fields(rows: Rows, fields: Mapping[str, Mapping[int, str]]) -> Iterator[Part]:
    """Fields of the transactions that the log still holds."""
    for name, known in fields.items():
        values = np.array([known.get(key, "") for key in rows["key"].tolist()], dtype=object)
        counts = Counter(value for value in values.tolist() if value)
        for value in sorted(counts, key=lambda one: (-counts[one], one))[:MOST_VALUES]:
            yield name, value, values == value
