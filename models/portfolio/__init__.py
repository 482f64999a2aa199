"""The portfolio: River models that learn online, each in one file, all under one law suite.

`PORTFOLIO` makes one by name from the features' names and a seed. A model's module, and River
with it, is imported when it is first made: scorers read `compile_payload` alone.

>>> sorted(PORTFOLIO)[:2]
['adaptive_random_forest', 'adwin_boosting']
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, Protocol

from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.settings import Settings


class Factory(Protocol):
    """Makes a model over features by name, from a seed; `settings` differ from those chosen."""

    def __call__(self, names: Sequence[str], seed: int, *settings: Settings) -> OnlineModel:
        """The model, without any experience."""


def factory(place: str) -> Factory:
    """The factory that stands at `module:name`; a user's own model is named this way.

    What stands there is a model, or makes one, or is or makes a classifier of River, which then
    learns and is published as it is (`models.portfolio.brought`). Raises ImportError or
    AttributeError when it is called, where nothing stands there, and `PayloadError` for a
    classifier that cannot be published.

    >>> factory("models.portfolio.logistic:Logistic")(("amount",), 1).name
    'logistic'
    >>> factory("river.naive_bayes:GaussianNB")(("amount",), 1).name
    'river.naive_bayes:GaussianNB'
    """
    module, _, name = place.partition(":")

    def make(names: Sequence[str], seed: int, *settings: Settings) -> OnlineModel:
        found: Any = getattr(import_module(module), name)
        if isinstance(found, type) and hasattr(found, "predict_proba_one"):
            wrapped: OnlineModel = _brought().of_class(place, found, names, seed, *settings)
            return wrapped
        made: OnlineModel = found(names, seed, *settings)
        if hasattr(made, "predict_proba_one"):
            made = _brought().Brought(place, partial(found, names, seed), names, seed, *settings)
        return made

    return make


def _brought() -> Any:
    """What wraps a user's classifier; it imports River."""
    return import_module("models.portfolio.brought")


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

_NEEDED = ("learn", "score", "pack", "unpack", "compiled")


def competing(name: str, names: Sequence[str], seed: int) -> OnlineModel:
    """A model that can be published, by its name in the portfolio or as `module:name`.

    Raises `PayloadError` for one that only a replay can use: it could never be put in force.

    >>> competing("logistic", ("amount",), 1).name
    'logistic'
    """
    made = (factory(name) if ":" in name else PORTFOLIO[name])(names, seed)
    lacks = [one for one in _NEEDED if not hasattr(made, one)]
    if lacks:
        expected = "a classifier of River, or an object with " + ", ".join(_NEEDED)
        raise PayloadError(f"model {name}", expected=expected, came=f"one without {lacks[0]}")
    return made
