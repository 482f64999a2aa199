"""A regression over splines as two tables: where the hats lie, and what each weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from models.portfolio.arrays import unpack_floats
from models.portfolio.basis import read_basis
from models.portfolio.compiled_inputs import InputScorer
from models.portfolio.imbalance import corrected
from models.portfolio.inputs import Floats


class CompiledSplines(InputScorer):
    """A spline regression. Build it with `compile_payload`."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(payload)
        self.basis = read_basis(payload["basis"])
        self.weights = unpack_floats(payload["weights"])
        self.intercept = float.fromhex(payload["intercept"])
        if len(self.weights) != self.basis.size:
            raise ValueError(f"expected {self.basis.size} weights, got {len(self.weights)}")

    def score_inputs(self, x: Floats) -> list[float]:
        """The probability of fraud of each column."""
        sums = self.basis.sums(x, self.weights)
        sums += self.intercept
        return [corrected(sigmoid(one), self.keep) for one in sums.tolist()]


def sigmoid(log_odds: float) -> float:
    """Logistic function without overflow at either end."""
    power = math.exp(-abs(log_odds))
    return (1.0 if log_odds >= 0 else power) / (1.0 + power)
