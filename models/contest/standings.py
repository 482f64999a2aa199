"""How the competitors did on the outcomes remembered, each with the score it had in force.

A day's alerts are the cards with the highest scores whose weight fits the analysts' budget. A
fraudulent card among them is detected and is gone from the days after, as in the Handbook's card
precision. Thinned outcomes carry their weight: a clean card that stands for twenty takes twenty
places of the budget.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.evaluation import average_precision, roc_auc

DAY_MS = 86_400_000
_EDGE = 1e-6
_BINS = 10

Floats = NDArray[np.float64]
Table = NDArray[Any]


class Alerts(NamedTuple):
    """What a daily budget of alerts would have found: detected cards, places, fraud's value."""

    detected: set[int]
    places: float
    value_caught: float | None


def measures(table: Table, place: int, per_1000: float) -> dict[str, float]:
    """Prequential metrics of the competitor at `place` over the rows that it scored.

    What is undefined (no fraud yet) is left out. `window` counts outcomes, `window_frauds` frauds.
    """
    rows = scored(table, place)
    labels, scores, weights = rows["fraud"] == 1, rows["scores"][:, place], rows["weight"]
    found: dict[str, float | None] = {
        "window": float(len(rows)),
        "window_frauds": float(labels.sum()),
    }
    if len(rows):
        alerts = daily_alerts(rows, place, per_1000)
        found |= {
            "auc_roc": roc_auc(labels, scores, weights),
            "average_precision": average_precision(labels, scores, weights),
            "log_loss": loss(labels, scores, weights),
            "card_precision": len(alerts.detected) / alerts.places if alerts.places else None,
            "value_caught": alerts.value_caught,
            "calibration": calibration(labels, scores, weights),
            "ece": calibration_error(labels, scores, weights),
        }
    return {name: float(value) for name, value in found.items() if value is not None}


def scored(table: Table, *places: int) -> Table:
    """The rows that every one of these competitors scored."""
    found: Table = table[~np.isnan(table["scores"][:, places]).any(axis=1)]
    return found


def daily_alerts(rows: Table, place: int, per_1000: float) -> Alerts:
    """The alerts of each day of event time in turn, `per_1000` of its weight in transactions."""
    detected: set[int] = set()
    places = caught = 0.0
    days = rows["time"] // DAY_MS
    for day in np.unique(days):
        today = rows[days == day]
        budget = per_1000 / 1000.0 * float(today["weight"].sum())
        found = _detected(today, today["scores"][:, place], budget, detected)
        mine = np.isin(today["card"], list(found)) & (today["fraud"] == 1)
        caught += float(today["amount"][mine].sum())
        detected |= found
        places += budget
    value = float(rows["amount"][rows["fraud"] == 1].sum())
    return Alerts(detected, places, caught / value if value else None)


def _detected(today: Table, scores: Floats, budget: float, gone: set[int]) -> set[int]:
    """The fraudulent cards among a day's alerts, without those `gone` before."""
    order = np.lexsort((today["card"], -scores))
    if gone:
        order = order[~np.isin(today["card"][order], list(gone))]
    cards = today["card"][order]
    _, first = np.unique(cards, return_index=True)
    first.sort()
    weights = today["weight"][order][first]
    alerted = cards[first][np.cumsum(weights) - weights / 2.0 <= budget]  # half of it must fit
    return set(np.intersect1d(alerted, today["card"][today["fraud"] == 1]).tolist())


def loss(labels: NDArray[np.bool_], scores: Floats, weights: Floats) -> float:
    """Weighted mean of -log(probability of what happened), held within 1e-6 of 0 and 1."""
    given = np.clip(np.where(labels, scores, 1.0 - scores), _EDGE, 1.0 - _EDGE)
    return float((-weights * np.log(given)).sum() / weights.sum())


def calibration(labels: NDArray[np.bool_], scores: Floats, weights: Floats) -> float | None:
    """Frauds expected by the scores over those that came; 1 is calibrated, None without fraud."""
    frauds = float(weights[labels].sum())
    return float((weights * scores).sum()) / frauds if frauds else None


def calibration_error(labels: NDArray[np.bool_], scores: Floats, weights: Floats) -> float:
    """Mean distance of score and rate over ten bins of equal count (frauds are too rare for bins
    of equal width)."""
    gaps = 0.0
    for part in np.array_split(np.argsort(scores, kind="stable"), _BINS):
        gaps += abs(float((weights[part] * (scores[part] - labels[part])).sum()))
    return gaps / float(weights.sum())
