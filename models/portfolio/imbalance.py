"""Fraud at 0.8 %: negatives are thinned at a fixed rate, and the score is corrected once.

A Hoeffding tree that sees every negative never splits usefully: the majority is past its
`max_share_to_split` everywhere. A fixed share of the negatives, chosen by a hash, lets it; the
odds are then too high by exactly 1 / share, which `corrected` takes back (Elkan 2001; Dal Pozzolo
et al. 2015). A sampler that adapts its rate would leave nothing to correct by.
"""

from __future__ import annotations

import math

_MASK = 2**64 - 1
EDGE = 1e-9
"""Probabilities are held this far from 0 and 1: trees often claim certainty."""


def hashed(number: int, seed: int) -> float:
    """A number in [0, 1) that depends on these two alone (splitmix64; Steele et al. 2014).

    >>> hashed(1, 0) == hashed(1, 0) != hashed(2, 0)
    True
    """
    state = (number * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return (state ^ (state >> 31)) / 2.0**64


def thinned(weight: float, keep: float, draw: float) -> float:
    """The weight at which a negative is learned; 0.0 leaves it out.

    On average `keep * weight`: one that already stands for twenty is kept twenty times as often.

    >>> thinned(1.0, 0.05, 0.04), thinned(1.0, 0.05, 0.06), thinned(40.0, 0.05, 0.99)
    (1.0, 0.0, 2.0)
    """
    expected = keep * weight
    if expected >= 1.0:
        return expected
    return 1.0 if draw < expected else 0.0


def corrected(score: float, keep: float) -> float:
    """The probability under all negatives, from one under a share `keep` of them.

    >>> round(corrected(0.5, 0.05), 4), corrected(0.0, 0.05) > 0
    (0.0476, True)
    """
    held = min(max(score, EDGE), 1.0 - EDGE)
    return held / (held + (1.0 - held) / keep)


def log_odds(score: float) -> float:
    """log(p / (1 - p)) of a probability, held off the edges."""
    held = min(max(score, EDGE), 1.0 - EDGE)
    return math.log(held) - math.log1p(-held)
