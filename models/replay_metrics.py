"""How good scores were over time, at an alert budget, and as probabilities.

An alert is a transaction here. The causal alerts of a day are those at or above the score that the
budget would have bought on the seven days before: what a live threshold would have raised. The
hindsight alerts are the day's own top k: the best anyone could do with these scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation import CardDay, average_precision, mean_card_precision_at_k, roc_auc
from models.replay_history import UNKNOWN, Recorded

Scores = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAYS_A_WEEK = 7
_BINS = 10
UNLABELLED = 0.01
"""Share of a day that may be unlabelled: about what frauds are, so that they stay the few."""


def over_time(
    recorded: Recorded, scores: Scores, alerts_per_day: int = 100, *,
    probabilities: bool = True, before: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Every measure over all rows of known truth with a score (`overall`), and by week (`weeks`).

    Days from `before` on (since 1970, UTC; see `unlabelled_from`) are left out.
    `probabilities` says whether the scores are meant as such; if not, calibration is None. Card
    precision at k (k: the alerts a day) looks at a card again in a new week; overall it is the
    mean over all days.
    """
    mask = (recorded.truth >= 0) & ~np.isnan(scores)
    if before is not None:
        mask &= recorded.day < before
    rows, found = recorded.take(mask), scores[mask]
    causal = causal_alerts(rows.day, found, alerts_per_day)
    hindsight = hindsight_alerts(rows.day, found, alerts_per_day)
    week = (rows.day - rows.day.min()) // DAYS_A_WEEK if len(found) else rows.day

    def measured(chosen: Mask) -> dict[str, Any]:
        part, values = rows.take(chosen), found[chosen]
        return {
            **ranking(part.truth == 1, values),
            "causal": budget(part, causal[chosen]),
            "hindsight": budget(part, hindsight[chosen]),
            "calibration": calibration(part.truth == 1, values) if probabilities else None,
        }

    def of_week(one: int) -> dict[str, Any]:
        chosen = week == one
        part = rows.take(chosen)
        precision = card_precision(part, found[chosen], alerts_per_day)
        head = {"week": one, "from_day": int(part.day.min()), "days": len(np.unique(part.day))}
        return {**head, **measured(chosen), "card_precision_at_k": precision}

    weeks = [of_week(one) for one in np.unique(week).tolist()]
    overall = measured(np.ones(len(found), dtype=bool))
    return {"overall": overall | {"card_precision_at_k": _mean_of_days(weeks)}, "weeks": weeks}


def unlabelled_from(recorded: Recorded) -> int | None:
    """The first day (since 1970, UTC) of which more than one in a hundred are of unknown truth.

    Where silence is presumed legitimate that is the end less the maturity, or later: of the days
    from there on little but frauds may be known, and whoever is judged by them alone finds them all
    and alerts on nobody else. None where every day is labelled.
    """
    days, row = np.unique(recorded.day, return_inverse=True)
    unknown = np.bincount(row, weights=recorded.truth == UNKNOWN, minlength=len(days))
    found = days[unknown > UNLABELLED * np.bincount(row, minlength=len(days))]
    return int(found[0]) if len(found) else None


def _mean_of_days(weeks: Sequence[dict[str, Any]]) -> float | None:
    days = sum(week["days"] for week in weeks)
    total = sum(week["days"] * week["card_precision_at_k"] for week in weeks)
    return total / days if days else None


def card_precision(rows: Recorded, scores: Scores, k: int) -> float | None:
    """Mean of the days' card precision at k; a detected card is gone for the rest of these rows."""
    fraud = (rows.truth == 1).tolist()
    days = map(CardDay, rows.day.tolist(), rows.card.tolist(), scores.tolist(), fraud)
    return mean_card_precision_at_k(days, k)


def ranking(fraud: Mask, scores: Scores) -> dict[str, Any]:
    """AUC ROC, average precision, recall at the first decile of scores."""
    return {
        "transactions": len(scores),
        "frauds": int(fraud.sum()),
        "auc_roc": roc_auc(fraud, scores),
        "average_precision": average_precision(fraud, scores),
        "recall_first_decile": recall_at(fraud, scores, 0.1),
    }


def recall_at(fraud: Mask, scores: Scores, share: float) -> float | None:
    """Share of the frauds among the `share` of transactions that score highest.

    Ties are broken by order of arrival. None without fraud.

    >>> recall_at(np.array([True, False]), np.array([0.9, 0.1]), 0.5)
    1.0
    """
    if not fraud.any():
        return None
    top = np.argsort(-scores, kind="stable")[: int(np.ceil(share * len(scores)))]
    return float(fraud[top].sum() / fraud.sum())


def budget(rows: Recorded, alerted: Mask) -> dict[str, float | None]:
    """Precision, recall, share of the frauds' value caught, and alerts a day."""
    fraud = rows.truth == 1
    caught, value = fraud & alerted, rows.amount[fraud].sum()
    days = len(np.unique(rows.day))
    return {
        "alerts_per_day": float(alerted.sum() / days) if days else None,
        "precision": float(caught.sum() / alerted.sum()) if alerted.any() else None,
        "recall": float(caught.sum() / fraud.sum()) if fraud.any() else None,
        "value_caught": float(rows.amount[caught].sum() / value) if value else None,
    }


def causal_alerts(day: NDArray[np.int64], scores: Scores, k: int) -> Mask:
    """Alerts by a threshold of the seven days before; none on the first day.

    >>> causal_alerts(np.array([0, 0, 1, 1]), np.array([0.1, 0.8, 0.9, 0.2]), 1).tolist()
    [False, False, True, False]
    """
    alerted = np.zeros(len(scores), dtype=bool)
    by_day = {int(one): np.flatnonzero(day == one) for one in np.unique(day)}
    for today, rows in by_day.items():
        past = [by_day[d] for d in range(today - DAYS_A_WEEK, today) if d in by_day]
        if past:
            threshold = budget_threshold(scores[np.concatenate(past)], k * len(past))
            alerted[rows] = scores[rows] >= threshold
    return alerted


def budget_threshold(scores: Scores, allowed: int) -> float:
    """The lowest score that at most `allowed` of the scores reach; above all where ties forbid it.

    >>> budget_threshold(np.array([0.1, 0.5, 0.5, 0.9]), 2)
    0.9
    """
    if allowed >= len(scores):
        return float(scores.min())
    falling = -np.sort(-scores)
    beyond = falling[allowed]  # the first score that the budget has no room for
    room = falling[:allowed][falling[:allowed] > beyond]
    return float(room[-1]) if len(room) else float(np.nextafter(falling[0], np.inf))


def hindsight_alerts(day: NDArray[np.int64], scores: Scores, k: int) -> Mask:
    """The k highest of each day, ties by order of arrival."""
    alerted = np.zeros(len(scores), dtype=bool)
    for one in np.unique(day):
        rows = np.flatnonzero(day == one)
        alerted[rows[np.argsort(-scores[rows], kind="stable")[:k]]] = True
    return alerted


def calibration(fraud: Mask, scores: Scores) -> dict[str, float | None]:
    """Brier score; expected calibration error; mean score and rate of fraud in the top 1 %.

    The error is the mean distance of score and rate over ten bins of equal count: frauds are so
    rare that bins of equal width would hold almost everything in the first.
    """
    if not len(scores):
        return dict.fromkeys(("brier", "ece", "top_score", "top_rate"))
    order = np.argsort(scores, kind="stable")
    bins = np.array_split(order, _BINS)
    gaps = [abs(scores[b].mean() - fraud[b].mean()) * len(b) for b in bins if len(b)]
    top = order[-max(1, len(order) // 100) :]
    return {
        "brier": float(np.mean((scores - fraud) ** 2)),
        "ece": float(sum(gaps) / len(scores)),
        "top_score": float(scores[top].mean()),
        "top_rate": float(fraud[top].mean()),
    }
