"""River's logistic regression over splines: a curve for each input, a surface for each pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from river import linear_model, optim, utils

from models.portfolio.arrays import pack_floats
from models.portfolio.inputs import Row
from models.portfolio.river_model import RiverModel
from models.portfolio.settings import CHOSEN, Settings
from models.portfolio.spans import basis_for

KIND = "river.splines"
FORMAT = 1
EPS = 1e-3
"""Added to the sum of squared gradients: the first step of a weight is not the whole rate."""
AVERAGED_EVERY = 500
"""Outcomes between two looks at the weights for their average: 15,000 numbers are 1 ms."""


class Average:
    """An exponential average of vectors, unbiased from the first one on.

    >>> average = Average(decay=0.5, size=1)
    >>> average.take([4.0]); average.take([1.0]); average.mean()
    [2.0]
    """

    def __init__(self, decay: float, size: int) -> None:
        self.decay = decay
        self.sums, self.mass = np.zeros(size), 0.0

    def take(self, vector: Sequence[float]) -> None:
        """Count one more vector; those before count `decay` of what they did."""
        self.sums = self.sums * self.decay + np.array(vector)
        self.mass = self.mass * self.decay + 1.0

    def mean(self) -> list[float]:
        """The average so far."""
        found: list[float] = (self.sums / self.mass).tolist()
        return found


class Splines(RiverModel):
    """`LogisticRegression(AdaGrad)` over the hat functions of `models.portfolio.basis`.

    A weight's step shrinks with what it has learned, so that a rarely touched knot still learns
    fast. It scores with an exponential average of its weights, in which the noise of single
    examples cancels (Polyak, Juditsky 1992); until the first 500 outcomes, with the weights
    themselves. Nothing is random but which negatives are left out.

    >>> model = Splines(("amount",), 1)
    >>> before = model.score([12.5])
    >>> model.learn([12.5], True, 1.0)
    >>> model.score([12.5]) > before
    True
    """

    name = "splines"
    settings: ClassVar[Settings] = CHOSEN["splines"]

    def build(self) -> Any:
        """River's regression with every weight in its place: sums follow their order."""
        self.basis = basis_for(self.inputs.names, coarse=self.of["coarse"])
        self.average = Average(self.of["average"], self.basis.size + 1)
        self.settled = self._regression(self.basis.size * [0.0])
        return self._regression(self.basis.size * [0.0])

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome; every `AVERAGED_EVERY` the average takes a look."""
        super().learn(row, fraud, weight)
        if self.of["average"] and self.outcomes % AVERAGED_EVERY == 0:
            self.average.take([*self._weights(self.model), float(self.model.intercept)])
            self._settle()

    def scorer(self) -> Any:
        """River's regression with the average of the weights, or with the weights themselves."""
        return self.settled if self.average.mass else self.model

    def state(self) -> dict[str, Any]:
        """Weights and their summed squares by number of hat; what was never touched is zero."""
        squares = self.model.optimizer.g2
        return {
            "weights": self._weights(self.model),
            "squares": [squares.get(at, 0.0) for at in range(self.basis.size)],
            "intercept": float(self.model.intercept),
            "steps": self.model.optimizer.n_iterations,
            "average": self.average.sums.tolist(),
            "mass": self.average.mass,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.model._weights = utils.VectorDict(dict(enumerate(state["weights"])))
        self.model.optimizer.g2.clear()
        self.model.optimizer.g2.update(enumerate(state["squares"]))
        self.model.intercept = state["intercept"]
        self.model.optimizer.n_iterations = state["steps"]
        self.average.sums, self.average.mass = np.array(state["average"]), state["mass"]
        if self.average.mass:
            self._settle()

    def compiled(self) -> dict[str, Any]:
        """The weights, with what they belong to."""
        return {
            **self.head(KIND, FORMAT),
            "basis": self.basis.data(),
            "weights": pack_floats(self._weights(self.scorer())),
            "intercept": float(self.scorer().intercept).hex(),
        }

    def example(self, row: Row) -> dict[Any, float]:
        """The hats that a row touches."""
        return self.basis.hats(self.inputs.derive(row))

    def _regression(self, weights: list[float]) -> Any:
        rate: float = self.of["rate"]
        made: Any = linear_model.LogisticRegression(
            optimizer=optim.AdaGrad(rate, eps=EPS), intercept_lr=rate / 20, intercept_init=-2.0
        )
        made._weights = utils.VectorDict(dict(enumerate(weights)))
        return made

    def _settle(self) -> None:
        *weights, intercept = self.average.mean()
        self.settled._weights = utils.VectorDict(dict(enumerate(weights)))
        self.settled.intercept = intercept

    def _weights(self, model: Any) -> list[float]:
        return [model._weights[at] for at in range(self.basis.size)]
