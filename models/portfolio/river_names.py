"""The names of classes and functions that a model's state may hold: River's own, by rule.

Names are looked up in the listed parts of River alone, which neither read files nor talk to a
network, and a name must lead to the class that says so of itself. Functions are of a list: reading
a state calls none of them, but a model may, as the factory of a `defaultdict`.
"""

from __future__ import annotations

import copy
import re
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from functools import lru_cache, partial
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
from river import _river_rust, naive_bayes
from river.utils import vectordict

from models.portfolio.interface import PayloadError

PARTS = (
    "active", "anomaly", "base", "compose", "covariance", "drift", "dummy", "ensemble", "facto",
    "feature_extraction", "feature_selection", "forest", "imblearn", "linear_model", "metrics",
    "model_selection", "multiclass", "naive_bayes", "neighbors", "optim", "preprocessing", "proba",
    "rules", "sketch", "stats", "tree", "utils",
)  # fmt: skip
"""The parts of River whose classes may be named. Not: `datasets`, `stream`, `compat`, `checks`."""
_NAME = re.compile(r"river\.(\w+)(\.\w+)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
COMPILED = {
    f"river._river_rust.{part}:{name}": found
    for part in ("drift", "stats", "vectordict")
    for name, found in vars(getattr(_river_rust, part)).items()
    if isinstance(found, type)
}
_BUILTIN: dict[str, Any] = {
    **{f"builtins:{kind.__name__}": kind for kind in (int, float, bool, str, list, dict, set)},
    **{f"collections:{kind.__name__}": kind for kind in (Counter, OrderedDict, defaultdict, deque)},
}
_FUNCTIONS: dict[str, Any] = {
    "copy:deepcopy": copy.deepcopy,
    "river.naive_bayes.gaussian:GaussianNB._make_gaussian": naive_bayes.GaussianNB._make_gaussian,
    "river._river_rust.vectordict:euclidean_distance_dict": vectordict.euclidean_distance_dict,
    "river._river_rust.vectordict:euclidean_distance_tuple": vectordict.euclidean_distance_tuple,
}
CONTAINERS: tuple[type, ...] = (
    Counter, OrderedDict, defaultdict, deque, frozenset, partial, MethodType, vectordict.VectorDict,
    np.ndarray, np.random.RandomState, np.bool_, np.int64, np.int32, np.float64, np.float32,
)  # fmt: skip
"""Classes outside River whose objects a state may hold."""


def is_named(value: Any) -> bool:
    """Whether a value is a class or a function, which a state holds by name."""
    return isinstance(value, type | FunctionType | BuiltinFunctionType)


def name_of(value: Any) -> str:
    """The name of a class or listed function; raises `PayloadError` for what may not be named.

    >>> name_of(naive_bayes.GaussianNB)
    'river.naive_bayes.gaussian:GaussianNB'
    """
    for name, known in (*_FUNCTIONS.items(), *_BUILTIN.items()):
        if known is value:
            return name
    own = own_name(value)
    if not isinstance(value, type) or (value not in CONTAINERS and named_class(own) is not value):
        raise refused(own)
    return own


def own_name(value: Any) -> str:
    """What a class or function calls itself: its module and its name there."""
    return f"{value.__module__}:{value.__qualname__}"


def named(name: str) -> Any:
    """What `name_of` named; raises `PayloadError`."""
    found = _FUNCTIONS.get(name) or _BUILTIN.get(name)
    return named_class(name) if found is None else found


@lru_cache(maxsize=1024)
def named_class(name: str) -> type:
    """The class of that name; raises `PayloadError` for one that is not allowed.

    >>> named_class("os:system")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    models.portfolio.interface.PayloadError: model state: expected ...
    """
    for known in CONTAINERS:
        if name == own_name(known):
            return known
    if name in COMPILED:
        return COMPILED[name]
    matched = _NAME.fullmatch(name)
    if matched is None or matched[1] not in PARTS:
        raise refused(name)
    found = _looked_up(*name.split(":"))
    if not isinstance(found, type) or own_name(found) != name:
        raise refused(name)
    return found


def _looked_up(module: str, path: str) -> Any:
    """What stands there, None for nothing; imports modules of River alone."""
    try:
        found: Any = sys.modules.get(module) or import_module(module)
    except ImportError:
        return None
    for part in path.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found


def refused(name: str) -> PayloadError:
    """What is said of a class or function that a state may not hold."""
    expected = "numbers, texts, containers and classes of River"
    return PayloadError("model state", expected=expected, came=name)


def is_rivers(cls: type) -> bool:
    """Whether a class is of a listed part of River."""
    matched = _NAME.fullmatch(own_name(cls))
    return matched is not None and matched[1] in PARTS
