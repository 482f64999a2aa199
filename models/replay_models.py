"""The models that a replay knows by name, each made anew on request and scored as published."""

from __future__ import annotations

from collections.abc import Sequence

from models.portfolio import PORTFOLIO, factory
from models.portfolio.compiled import compile_payload
from models.portfolio.interface import OnlineModel, RowScorer
from models.replay_logistic import LogisticModel
from models.replay_track import Model, Row

NAMES = tuple(PORTFOLIO)
"""Names that need no import path."""


def make(name: str, names: Sequence[str], seed: int) -> Model:
    """A model without any experience: by name, or a user's own as `module:factory`.

    `names` are the row's features. Raises KeyError for a name that nobody registered, ImportError
    or AttributeError for a path where nothing stands.

    >>> make("logistic", ("amount",), seed=1).name
    'logistic'
    """
    if name == LogisticModel.name:
        return LogisticModel(names, seed)
    if ":" in name:
        return factory(name)(names, seed)  # a stranger need not compile
    return Published(PORTFOLIO[name](names, seed))


class Published:
    """A model of the portfolio that scores by its compiled form, as scorers do live."""

    def __init__(self, model: OnlineModel) -> None:
        self.name = model.name
        self._model = model
        self._compiled: RowScorer | None = None

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome."""
        self._model.learn(row, fraud, weight)
        self._compiled = None

    def score(self, row: Row) -> float:
        """The probability of fraud, in [0, 1]."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        if self._compiled is None:
            self._compiled = compile_payload(self._model.compiled())
        return self._compiled.score_many(rows)
