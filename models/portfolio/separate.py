"""Two models of one kind, one of them for feedback alone; their probabilities are averaged.

Analysts label what scored highest: few transactions, half of them frauds. Learned with all others
they drown; a model of their own has half of the say (Dal Pozzolo, Adaptive Machine Learning for
Credit Card Fraud Detection, ULB 2015, ch. 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.portfolio import competing
from models.portfolio.compiled_mean import mean
from models.portfolio.inputs import Row
from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.state import dump, load

KIND = "river.mean"
FORMAT = 1
LEAST = 0.1
"""Share of the fast model's first lessons that must be of either class: one that was told of frauds
alone calls everything fraud, and half of the score would be that."""


class Separate:
    """`slow` and `fast` of one `kind`: a name of the portfolio, or `module:factory`.

    The fast one counts from `first` lessons on, a tenth of them of either class; until then the
    score is the slow one's.

    >>> model = Separate("logistic", ("amount",), 1, first=2)
    >>> model.learn([12.5], False, 1.0); model.learn_fast([900.0], True, 1.0)
    >>> model.score([900.0]) == model.slow.score([900.0])
    True
    >>> model.learn_fast([12.5], False, 1.0)
    >>> model.score([900.0]) == (model.slow.score([900.0]) + model.fast.score([900.0])) / 2
    True
    """

    def __init__(self, kind: str, names: Sequence[str], seed: int, first: int) -> None:
        self.name, self.features, self.first = f"separate:{kind}", tuple(names), first
        self.slow, self.fast = competing(kind, names, seed), competing(kind, names, seed)
        self.keep = float(getattr(self.slow, "keep", 1.0))
        self.row_by_row = bool(getattr(self.slow, "row_by_row", False))
        self.told = {True: 0, False: 0}
        """The fast one's lessons by class."""

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Teach the slow one an outcome."""
        self.slow.learn(row, fraud, weight)

    def learn_fast(self, row: Row, fraud: bool, weight: float) -> None:
        """Teach the fast one an outcome."""
        self.fast.learn(row, fraud, weight)
        self.told[fraud] += 1

    @property
    def members(self) -> list[OnlineModel]:
        """Those that count: the slow one, then the fast one."""
        told = self.told.values()
        counts = sum(told) >= self.first and min(told) >= LEAST * self.first
        return [self.slow, self.fast] if counts else [self.slow]

    def score(self, row: Row) -> float:
        """The mean probability of fraud, by River's own arithmetic."""
        return mean([member.score(row) for member in self.members])

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """What both learned; see `models.portfolio.state`."""
        told = [self.told[True], self.told[False]]
        return dump([self.name, told, self.slow.pack(), self.fast.pack()])

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError`."""
        state = load(data)
        if not isinstance(state, list) or state[:1] != [self.name]:
            raise PayloadError(f"state of {self.name}", expected="its own", came=state)
        _, (frauds, clean), slow, fast = state
        self.told = {True: frauds, False: clean}
        self.slow.unpack(slow)
        self.fast.unpack(fast)

    def compiled(self) -> dict[str, Any]:
        """The payloads of those that count."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "features": list(self.features),
            "members": [member.compiled() for member in self.members],
        }
