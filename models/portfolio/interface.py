"""What every model of the portfolio is to its callers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from models.portfolio.inputs import Row
from schemas.errors import FraudStreamsError


class PayloadError(FraudStreamsError):
    """A model's data that cannot be read: wrong kind, format or features. No retry helps."""

    code = "MODEL_DATA_INVALID"
    advice = "Build the model with the same names, seed and settings, or rebuild it from the log."


class RowScorer(Protocol):
    """What a compiled payload gives: scores, and nothing that learns."""

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1]; None and NaN are missing."""

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row; a row's bits do not depend on its neighbours."""


class OnlineModel(RowScorer, Protocol):
    """A classifier that learns one outcome at a time. Rows follow the names it was made with."""

    name: str

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome. `weight` is positive: how many outcomes it stands for."""

    def pack(self) -> bytes:
        """Everything learned as bytes, the same in every process; never a pickle."""

    def unpack(self, data: bytes) -> None:
        """Go on bit for bit where `pack` left off; raises `PayloadError` for another model's."""

    def compiled(self) -> dict[str, Any]:
        """The scorer as plain JSON data for `models.portfolio.compiled.compile_payload`."""
