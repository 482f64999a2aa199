"""A blend's weights over its members' compiled scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.portfolio.compiled_inputs import InputScorer
from models.portfolio.compiled_splines import sigmoid
from models.portfolio.imbalance import corrected, log_odds
from models.portfolio.inputs import Floats, Row
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
        if not len(rows):
            return []
        found = columns(self.members, rows)
        return [self._combine(scores) for scores in zip(*found, strict=True)]

    def _combine(self, scores: Sequence[float]) -> float:
        total = self.intercept
        for weight, score in zip(self.weights, scores, strict=True):
            total += weight * (log_odds(score) + self.back)
        return corrected(sigmoid(total), self.keep)


def columns(members: Sequence[RowScorer], rows: Sequence[Row]) -> list[list[float]]:
    """The scores of each member; members with the same inputs have them derived once."""
    derived: dict[object, Floats] = {}
    found = []
    for member in members:
        if not isinstance(member, InputScorer):
            found.append(member.score_many(rows))
            continue
        key = (member.inputs.features, member.inputs.declared)
        if key not in derived:
            derived[key] = member.inputs.columns(rows)
        found.append(member.score_inputs(derived[key]))
    return found
