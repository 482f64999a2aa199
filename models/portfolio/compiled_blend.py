"""A blend's weights over its members' compiled scorers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from models.portfolio.imbalance import corrected, log_odds
from models.portfolio.inputs import Row
from models.portfolio.interface import RowScorer


class CompiledBlend:
    """A combination. Build it with `compile_payload`."""

    def __init__(self, payload: Mapping[str, Any], members: Sequence[RowScorer]) -> None:
        self.members = members
        self.keep = float.fromhex(payload["keep"])
        self.back = log_odds(1.0 / (1.0 + self.keep))
        self.weights = [float.fromhex(weight) for weight in payload["weights"]]
        self.intercept = float.fromhex(payload["intercept"])

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1]."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        columns = [member.score_many(rows) for member in self.members]
        return [self._combine(scores) for scores in zip(*columns, strict=True)]

    def _combine(self, scores: Sequence[float]) -> float:
        total = self.intercept
        for weight, score in zip(self.weights, scores, strict=True):
            total += weight * (log_odds(score) + self.back)
        power = math.exp(-abs(total))
        return corrected((1.0 if total >= 0 else power) / (1.0 + power), self.keep)
