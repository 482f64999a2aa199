"""River's logistic regression over splines: a curve for each input, a surface for each pair."""

from __future__ import annotations

from typing import Any, ClassVar

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


class Splines(RiverModel):
    """`LogisticRegression(AdaGrad)` over the hat functions of `models.portfolio.basis`.

    A weight's step shrinks with what it has learned, so that a rarely touched knot still learns
    fast. Nothing is random but which negatives are left out.

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
        rate: float = self.of["rate"]
        made: Any = linear_model.LogisticRegression(
            optimizer=optim.AdaGrad(rate, eps=EPS), intercept_lr=rate / 20, intercept_init=-2.0
        )
        made._weights = utils.VectorDict(dict.fromkeys(range(self.basis.size), 0.0))
        return made

    def state(self) -> dict[str, Any]:
        """Weights and their summed squares by number of hat; what was never touched is zero."""
        squares = self.model.optimizer.g2
        return {
            "weights": self._weights(),
            "squares": [squares.get(at, 0.0) for at in range(self.basis.size)],
            "intercept": float(self.model.intercept),
            "steps": self.model.optimizer.n_iterations,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.model._weights = utils.VectorDict(dict(enumerate(state["weights"])))
        self.model.optimizer.g2.clear()
        self.model.optimizer.g2.update(enumerate(state["squares"]))
        self.model.intercept = state["intercept"]
        self.model.optimizer.n_iterations = state["steps"]

    def compiled(self) -> dict[str, Any]:
        """The weights, with what they belong to."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "features": list(self.inputs.features),
            "inputs": self.inputs.data(),
            "keep": self.keep.hex(),
            "basis": self.basis.data(),
            "weights": pack_floats(self._weights()),
            "intercept": float(self.model.intercept).hex(),
        }

    def example(self, row: Row) -> dict[Any, float]:
        """The hats that a row touches."""
        return self.basis.hats(self.inputs.derive(row))

    def _weights(self) -> list[float]:
        weights = self.model._weights
        return [weights[at] for at in range(self.basis.size)]
