"""River's StandardScaler and LogisticRegression behind one step, with missing values declared.

What `models.scorer` says of missing values is said here for learning: the scaler sees present
values alone, a missing one is left out (it stands at the mean) and its indicator `<feature>?` is
set. River's own parts do all arithmetic; this module names the columns and carries the state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from river import linear_model, optim, preprocessing, utils

CLIP = 12.0
"""Deviations at which a standardised value is held. Counts of frauds and ratios have long tails:
unbounded, a handful of early outliers throws the weights about; at 5, the tail that tells fraud
from chance is cut off. Of none, 5, 12 and 20, 12 ranked best on April of a simulated world."""


class LogisticPipeline:
    """`StandardScaler | clip | LogisticRegression(SGD)` over the named features.

    >>> pipeline = LogisticPipeline(("amount",), learning_rate=0.01, intercept=-4.6)
    >>> round(pipeline.learn({"amount": 12.5}, True, 1.0), 3)
    0.01
    """

    def __init__(self, names: Sequence[str], *, learning_rate: float, intercept: float) -> None:
        self.names = tuple(names)
        self._indicators = {name: f"{name}?" for name in names}
        self.scaler: Any = preprocessing.StandardScaler()  # Any: River is partly untyped
        self.model: Any = linear_model.LogisticRegression(
            optimizer=optim.SGD(learning_rate),
            intercept_init=intercept,
            intercept_lr=learning_rate,
        )
        self._set_weights(dict.fromkeys(self._columns, 0.0))

    def learn(self, features: Mapping[str, float | None], fraud: bool, weight: float) -> float:
        """Learn one example; returns the score just before, in [0, 1].

        None, NaN, infinite and absent values are missing. `weight` is positive.
        """
        present = {
            name: found
            for name in self.names
            if (found := features.get(name)) is not None and found - found == 0
        }
        self.scaler.learn_one(present)
        inputs = {
            name: -CLIP if z < -CLIP else CLIP if z > CLIP else z
            for name, z in self.scaler.transform_one(present).items()
        }
        if len(present) < len(self.names):
            for name, indicator in self._indicators.items():
                if name not in present:
                    inputs[indicator] = 1.0
        score: float = self.model.predict_proba_one(inputs)[True]
        self.model.learn_one(inputs, fraud, weight)
        return score

    def data(self) -> dict[str, Any]:
        """Everything learned, floats as hex texts, lists in the order of the names."""
        weights, indicators = self.model.weights, self._indicators.values()
        return {
            "names": list(self.names),
            "clip": CLIP.hex(),
            "counts": [self.scaler.counts[name] for name in self.names],
            "means": [self.scaler.means[name].hex() for name in self.names],
            "variances": [self.scaler.vars[name].hex() for name in self.names],
            "weights": [weights[name].hex() for name in self.names],
            "missing": [weights[name].hex() for name in indicators],
            "intercept": float(self.model.intercept).hex(),
            "steps": self.model.optimizer.n_iterations,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on exactly where `data` left off; raises ValueError for other names."""
        if tuple(data["names"]) != self.names:
            raise ValueError(
                f"learner: expected state for features {self.names}, got {tuple(data['names'])}; "
                "rebuild the learner from the log under the new feature set"
            )
        for name, count, mean, variance in zip(
            self.names, data["counts"], data["means"], data["variances"], strict=True
        ):
            self.scaler.counts[name] = count
            self.scaler.means[name] = float.fromhex(mean)
            self.scaler.vars[name] = float.fromhex(variance)
        numbers = map(float.fromhex, (*data["weights"], *data["missing"]))
        self._set_weights(dict(zip(self._columns, numbers, strict=True)))
        self.model.intercept = float.fromhex(data["intercept"])
        self.model.optimizer.n_iterations = data["steps"]

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self.names, *self._indicators.values())

    def _set_weights(self, weights: dict[str, float]) -> None:
        # River offers no public way to place weights; sums follow the order of these columns, so
        # all of them stand there from the start.
        self.model._weights = utils.VectorDict(weights)
