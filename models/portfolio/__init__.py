"""The portfolio: River models that learn online, each in one file, all under one law suite.

`PORTFOLIO` makes one by name from the features' names and a seed. A model's module, and River
with it, is imported when it is first made: scorers read `compile_payload` alone.

>>> sorted(PORTFOLIO)[:2]
['adaptive_random_forest', 'adwin_boosting']
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from models.portfolio.interface import OnlineModel
from models.portfolio.settings import Settings


class Factory(Protocol):
    """Makes a model over features by name, from a seed; `settings` differ from those chosen."""

    def __call__(self, names: Sequence[str], seed: int, *settings: Settings) -> OnlineModel:
        """The model, without any experience."""


def factory(place: str) -> Factory:
    """The factory that stands at `module:name`; a user's own model is named this way.

    Raises ImportError or AttributeError when it is called, where nothing stands there.

    >>> factory("models.portfolio.logistic:Logistic")(("amount",), 1).name
    'logistic'
    """
    module, _, name = place.partition(":")

    def make(names: Sequence[str], seed: int, *settings: Settings) -> OnlineModel:
        made: OnlineModel = getattr(import_module(module), name)(names, seed, *settings)
        return made

    return make


PORTFOLIO: dict[str, Factory] = {
    "logistic": factory("models.portfolio.logistic:Logistic"),
    "splines": factory("models.portfolio.splines:Splines"),
    "leveraging_bagging": factory("models.portfolio.leveraging_bagging:LeveragingBagging"),
    "adaptive_random_forest": factory(
        "models.portfolio.adaptive_random_forest:AdaptiveRandomForest"
    ),
    "adwin_boosting": factory("models.portfolio.adwin_boosting:AdwinBoosting"),
    "blend": factory("models.portfolio.blend:Blend"),
}
