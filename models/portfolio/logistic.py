"""The logistic regression of `models.learn_pipeline` as a model of the portfolio."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from models.learn_pipeline import CLIP, LogisticPipeline
from models.portfolio.inputs import Row
from models.portfolio.interface import PayloadError
from models.provenance import RIVER_VERSION
from models.scorer import canonical

KIND = "river.logistic_pipeline"
FORMAT = 1


class Logistic:
    """Every outcome, every feature; the cheapest member and the quickest to start.

    >>> model = Logistic(("amount",), 1)
    >>> round(model.score([12.5]), 3)
    0.01
    """

    name = "logistic"

    def __init__(
        self, names: Sequence[str], seed: int, learning_rate: float = 0.01, intercept: float = -4.6
    ) -> None:
        self.seed = seed  # nothing here is random
        self.names = tuple(names)
        self.pipeline = LogisticPipeline(names, learning_rate=learning_rate, intercept=intercept)

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome."""
        self.pipeline.learn(dict(zip(self.names, row, strict=True)), fraud, weight)

    def score(self, row: Row) -> float:
        """The probability of fraud by River's own arithmetic."""
        present = {
            name: value
            for name, value in zip(self.names, row, strict=True)
            if value is not None and value - value == 0
        }
        scaled = self.pipeline.scaler.transform_one(present)
        inputs = {name: min(max(z, -CLIP), CLIP) for name, z in scaled.items()}
        inputs |= {f"{name}?": 1.0 for name in self.names if name not in present}
        found: float = self.pipeline.model.predict_proba_one(inputs)[True]
        return found if math.isfinite(found) else 0.5

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """Canonical JSON, floats as hex texts."""
        return canonical({"name": self.name, "river": RIVER_VERSION, "model": self.pipeline.data()})

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError`."""
        try:
            state = json.loads(data)
            if (state["name"], state["river"]) != (self.name, RIVER_VERSION):
                raise PayloadError("state of logistic", expected=RIVER_VERSION, came=state["river"])
            self.pipeline.restore(state["model"])
        except (ValueError, LookupError, TypeError) as error:
            raise PayloadError("state of logistic", expected="its own", came=error) from error

    def compiled(self) -> dict[str, Any]:
        """The payload of `models.scorer`, whose scorer it compiles to."""
        return {"kind": KIND, "format": FORMAT, "features": list(self.names),
                "model": self.pipeline.data()}  # fmt: skip
