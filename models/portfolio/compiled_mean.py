"""The mean of the scores of several compiled models."""

from __future__ import annotations

import math
from collections.abc import Sequence

from models.portfolio.compiled_blend import columns
from models.portfolio.inputs import Row
from models.portfolio.interface import RowScorer


class CompiledMean:
    """Members of equal weight; of one, its own scores. Build it with `compile_payload`."""

    def __init__(self, members: Sequence[RowScorer]) -> None:
        if not members:
            raise ValueError("expected a member or more, got none")
        self.members = members

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1]."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row; its bits do not depend on its neighbours."""
        if not len(rows):
            return []
        return [mean(scores) for scores in zip(*columns(self.members, rows), strict=True)]


def mean(scores: Sequence[float]) -> float:
    """The mean, rounded once, so that the order of the scores does not matter.

    >>> mean([0.1]), mean([0.25, 0.75])
    (0.1, 0.5)
    """
    return math.fsum(scores) / len(scores)
