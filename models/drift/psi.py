"""How far one histogram is from another: the population stability index, and its bins.

PSI = Σ (p - q) ln(p / q) over bins with shares p (now) and q (reference): both directions of the
Kullback-Leibler divergence (Jeffreys). By convention below 0.1 nothing happened and 0.25 is a
different population (Lewis, An Introduction to Credit Scoring, 1992); what is noise depends on the
sample, so thresholds here are calibrated (`models.drift.reference`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.drift.sketch import CODES, MISSING

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Deciles, and the upper tail by itself: attacks are rare, deciles would dilute them."""
BINS = 16
"""Bins a subject: missing, up to 13 between the quantiles, and room."""
_HALF = 0.5

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def bin_table(cells: Counts, words: Sequence[bool]) -> NDArray[np.int64]:
    """Which bin each code falls into, from a reference's cells, both of shape (subjects, CODES).

    Bin 0 is what is missing. A bin ends with the code that holds a quantile, included, so equal
    values are never parted; a code that was never seen falls between its neighbours. Where `words`
    says that a subject's codes have no order, its most frequent ones have a bin each, and all
    others, those never seen included, share the last.
    """
    rows = [
        _bins_of_words(row) if of_words else _bins_of(row)
        for row, of_words in zip(cells, words, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, CODES)


def _bins_of_words(row: Counts) -> NDArray[np.int64]:
    known = row.copy()
    known[MISSING] = 0
    frequent = [code for code in np.argsort(-known, kind="stable")[: BINS - 2] if known[code]]
    bins = np.full(CODES, BINS - 1, dtype=np.int64)
    bins[frequent] = np.arange(1, len(frequent) + 1)
    bins[MISSING] = 0
    return bins


def _bins_of(row: Counts) -> NDArray[np.int64]:
    known = row.copy()
    known[MISSING] = 0
    reached = np.cumsum(known)
    ends = np.searchsorted(reached, np.array(QUANTILES) * reached[-1], side="left")
    bins = 1 + np.searchsorted(np.unique(ends), np.arange(CODES), side="left")
    bins[MISSING] = 0
    return bins.astype(np.int64)


def binned(cells: Counts, table: NDArray[np.int64]) -> Counts:
    """Cells, shape (subjects, CODES), summed into their bins: shape (subjects, BINS)."""
    places = table + np.arange(len(table))[:, None] * BINS
    found = np.bincount(places.ravel(), weights=cells.ravel(), minlength=len(table) * BINS)
    return found.astype(np.int64).reshape(-1, BINS)


def psi(now: Counts | Floats, reference: Counts) -> Floats:
    """The index of each subject, from bins of shape (subjects, BINS); 0 where either is empty.

    An empty bin counts as half a transaction of the reference, and the sample is drawn towards the
    reference by one transaction a bin: a bin that is empty by chance must not be infinitely far.

    >>> half, tenth = [[50, 50] + [0] * 14], [[90, 10] + [0] * 14]
    >>> psi(np.array(half) * 1000, np.array(half)).round(3).tolist()
    [0.0]
    >>> psi(np.array(half) * 1000, np.array(tenth) * 1000).round(2).tolist()
    [0.88]
    """
    used = (now + reference) > 0
    q = (reference + _HALF) * used
    q = q / np.maximum(q.sum(axis=1, keepdims=True), _HALF)
    bins = used.sum(axis=1, keepdims=True)
    p = (now + bins * q) / np.maximum(now.sum(axis=1, keepdims=True) + bins, 1)
    terms = (p - q) * np.log(np.where(used, p, 1.0) / np.where(used, q, 1.0))
    empty = (now.sum(axis=1) == 0) | (reference.sum(axis=1) == 0)
    return np.where(empty, 0.0, terms.sum(axis=1))


def share_off(now: Counts, reference: Counts) -> Floats:
    """How far the bin that is furthest off its share is, in standard errors, by subject.

    A small attack fills a bin that is nearly empty otherwise: a hundredth of a day's decisions
    hardly moves the whole index and is dozens of errors in that bin. One event is added to the
    variance: what is never seen may be seen once. Two samples' Pearson residual.

    >>> usual, odd = [[9_990, 10] + [0] * 14], [[9_900, 100] + [0] * 14]
    >>> share_off(np.array(odd), np.array(usual) * 100).round(1).tolist()
    [27.0]
    """
    size, known = now.sum(axis=1, keepdims=True), reference.sum(axis=1, keepdims=True)
    expected = size * (reference + _HALF) / (known + _HALF * BINS)
    error = np.sqrt(expected * (1.0 + size / np.maximum(known, 1)) + 1.0)
    found: Floats = (np.abs(now - expected) / error).max(axis=1)
    return found
