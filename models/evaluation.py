"""How good scores are: AUC ROC, average precision, log loss, and card precision at k. Exact.

Tied scores are one threshold, as in scikit-learn, whose functions are the tests' reference.
Labels are truthy for fraud. Weights are positive; without them every example weighs 1.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def roc_auc(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float | None:
    """Chance that a fraud scores above a legitimate transaction, ties counted half; in [0, 1].

    None where one of the two classes is missing. Source: Hanley and McNeil 1982.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    frauds, clean = _steps(labels, scores, weights)
    if not frauds.size or not frauds.sum() or not clean.sum():
        return None
    below = clean.sum() - np.cumsum(clean)
    return float((frauds * (below + clean / 2)).sum() / (frauds.sum() * clean.sum()))


def average_precision(
    labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None
) -> float | None:
    """Mean precision over the recall steps, without interpolation; in (0, 1], None without fraud.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    frauds, clean = _steps(labels, scores, weights)
    if not frauds.size or not frauds.sum():
        return None
    caught, seen = np.cumsum(frauds), np.cumsum(frauds + clean)
    return float((frauds / frauds.sum() * (caught / seen)).sum())


def log_loss(
    labels: Sequence[object], scores: Sequence[float], weights: Sequence[float] | None = None
) -> float | None:
    """Weighted mean of -log(probability of what happened), scores kept within 1e-6 of 0 and 1.

    >>> log_loss([1, 0], [0.5, 0.5]) == math.log(2)
    True
    """
    weights = [1.0] * len(scores) if weights is None else weights
    if not scores:
        return None
    losses = (
        -w * math.log(min(max(p if y else 1.0 - p, 1e-6), 1.0 - 1e-6))
        for y, p, w in zip(labels, scores, weights, strict=True)
    )
    return math.fsum(losses) / math.fsum(weights)


class CardDay(NamedTuple):
    """One transaction as card precision sees it; `day` counts from anywhere, in order."""

    day: int
    card_id: Hashable
    score: float
    fraud: bool


def card_precision_at_k(transactions: Iterable[CardDay], k: int = 100) -> list[tuple[int, float]]:
    """(day, detected cards / k) for each day: the Handbook's card precision top-k.

    A day's card has its transactions' highest score and counts as fraud if any of them is. The k
    highest are looked at (ties by card); a fraudulent card among them is detected and is gone from
    all later days. Raises ValueError for k below 1.
    Source: Le Borgne et al., Fraud Detection Handbook (ULB 2022), chapter 4.

    >>> card_precision_at_k([CardDay(0, "a", .9, True), CardDay(1, "a", .9, True)], k=1)
    [(0, 1.0), (1, 0.0)]
    """
    if k < 1:
        raise ValueError(f"card_precision_at_k: expected k >= 1, got {k}; ask for a budget")
    detected: set[Hashable] = set()
    by_day = groupby(sorted(transactions, key=lambda t: t.day), key=lambda t: t.day)
    return [(day, _one_day(list(rows), k, detected)) for day, rows in by_day]


def mean_card_precision_at_k(transactions: Iterable[CardDay], k: int = 100) -> float | None:
    """The mean of `card_precision_at_k` over the days; None without transactions."""
    days = [precision for _, precision in card_precision_at_k(transactions, k)]
    return math.fsum(days) / len(days) if days else None


def _one_day(rows: Sequence[CardDay], k: int, detected: set[Hashable]) -> float:
    best: dict[Hashable, tuple[float, bool]] = {}
    for row in rows:
        if row.card_id not in detected:
            score, fraud = best.get(row.card_id, (-math.inf, False))
            best[row.card_id] = (max(score, row.score), fraud or bool(row.fraud))
    top = sorted(best, key=lambda card: (-best[card][0], str(card)))[:k]
    hits = {card for card in top if best[card][1]}
    detected |= hits
    return len(hits) / k


def _steps(
    labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats]:
    """Weight of frauds and of clean at each distinct score, highest score first."""
    truth = np.asarray(labels).astype(bool)
    found = np.asarray(scores, dtype=np.float64)
    if truth.shape != found.shape or truth.ndim != 1:
        raise ValueError(
            f"evaluation: expected labels and scores of one length, got {truth.shape} and "
            f"{found.shape}; pass one label a score"
        )
    if not np.isfinite(found).all():
        raise ValueError("evaluation: expected finite scores, got NaN or infinity; a scorer failed")
    weight = np.ones_like(found) if weights is None else np.asarray(weights, dtype=np.float64)
    _, step = np.unique(-found, return_inverse=True)
    size = int(step.max()) + 1 if step.size else 0
    frauds = np.zeros(size)
    clean = np.zeros(size)
    np.add.at(frauds, step, weight * truth)
    np.add.at(clean, step, weight * ~truth)
    return frauds, clean
