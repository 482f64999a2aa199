"""The models that a replay knows by name, each made anew on request and scored as published."""

from __future__ import annotations

from collections.abc import Sequence

from models.learn_policy import LearnPolicy
from models.portfolio import PORTFOLIO, factory
from models.portfolio.blend import MEMBERS, Blend
from models.portfolio.combination import Combination
from models.portfolio.compiled import compile_payload
from models.portfolio.interface import OnlineModel, RowScorer
from models.replay_blend import BlendTrack
from models.replay_logistic import LogisticModel
from models.replay_track import ALWAYS, Model, Period, Row, Track

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


def tracks(
    names: Sequence[str],
    features: Sequence[str],
    seed: int,
    policy: LearnPolicy,
    *,
    learns: Period = ALWAYS,
    assesses: Period = ALWAYS,
) -> dict[str, Track]:
    """A track a model, and one for each member of a blend that was not asked for itself.

    A blend combines what its members' tracks scored: each member learns and scores once. Give all
    of them to the replay, in the order of the dictionary: a blend asks its members before they
    learn. Raises as `make` does.

    >>> list(tracks(["logistic", "blend"], ("amount",), 1, LearnPolicy()))[0]
    'blend'
    """
    blended = Blend.name in names
    alone = dict.fromkeys((*names, *(MEMBERS if blended else ())))
    alone.pop(Blend.name, None)
    each = {
        name: Track(make(name, features, seed), policy, learns=learns, assesses=assesses)
        for name in alone
    }
    if not blended:
        return each
    members = [each[name] for name in MEMBERS]
    return {Blend.name: BlendTrack(Combination(MEMBERS, seed), members), **each}


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
        """The probability of fraud, in [0, 1], by River: one row is not worth compiling for."""
        return self._model.score(row)

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        if self._compiled is None:
            self._compiled = compile_payload(self._model.compiled())
        return self._compiled.score_many(rows)
