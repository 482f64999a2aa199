"""What the compiled models over derived inputs share: rows become inputs once, for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.portfolio.inputs import Floats, Inputs, Row, read_input


class InputScorer:
    """A scorer over derived inputs."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.inputs = Inputs(payload["features"], [read_input(one) for one in payload["inputs"]])
        self.keep = float.fromhex(payload["keep"])

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1]."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        return self.score_inputs(self.inputs.columns(rows)) if len(rows) else []

    def score_inputs(self, x: Floats) -> list[float]:
        """`score` of each column of `Inputs.columns`; a column's bits depend on no other."""
        raise NotImplementedError
