"""A model of your own: edit it, then see what it is worth.

    fraud replay FILE --models logistic,model:make

`model:make` names this file and the function at its end. A replay asks a model to learn one
outcome at a time, when its label has arrived, and to score rows in between; everything else is
yours. Any classifier of River (https://riverml.xyz) can stand where the pipeline is; one that is to
compete live as well is returned from `make` by itself, and is given inputs of the stream's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from river import linear_model, optim, preprocessing

Row = Sequence[float | None]
"""A transaction's features in the order of the names; None is a missing value."""


class Mine:
    """Logarithms of the chosen features, standardised, into a logistic regression."""

    name = "mine"

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self.seed = seed  # for a pipeline with chance in it: pass it on, and runs are repeatable
        kept = set(chosen() or names)
        if unknown := kept.difference(names):
            raise ValueError(f"features.yaml: no such features: {', '.join(sorted(unknown))}")
        self.columns = [(at, name) for at, name in enumerate(names) if name in kept]
        # Any: River is partly untyped. The intercept is the log-odds of 1 % fraud, the learning
        # rate small because frauds are rare: one label should not turn the weights.
        self.pipeline: Any = preprocessing.StandardScaler() | linear_model.LogisticRegression(
            optimizer=optim.SGD(0.01), intercept_init=-4.6
        )

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome; `weight` is how many it stands for."""
        self.pipeline.learn_one(self.inputs(row), fraud, w=weight)

    def score(self, row: Row) -> float:
        """The probability of fraud, in [0, 1]; it must not change the model."""
        found: float = self.pipeline.predict_proba_one(self.inputs(row)).get(True, 0.0)
        return found

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        return [self.score(row) for row in rows]

    def inputs(self, row: Row) -> dict[str, float]:
        """What the pipeline sees: signed logarithms, so that one huge amount decides nothing.

        A missing value is left out: to a standardised linear model it stands at the mean.
        """
        found = {}
        for at, name in self.columns:
            value = row[at]
            if value is not None:
                found[name] = math.copysign(math.log1p(abs(value)), value)
        return found


def chosen() -> list[str]:
    """The names in features.yaml beside this file; none where there is no such file."""
    file = Path(__file__).with_name("features.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    return list((content or {}).get("features") or [])


def make(names: Sequence[str], seed: int) -> Mine:
    """The factory: a fresh model over the features `names`, chance seeded by `seed`."""
    return Mine(names, seed)
