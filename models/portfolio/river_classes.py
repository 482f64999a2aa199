"""Which classes a model's state may hold beyond those with a code: River's own, by rule.

```text
 river.PART.module:Class    made by its `__new__`, its attributes set: no constructor runs
 river._river_rust.…        compiled: made by its `__new__`, then `__setstate__` of its bytes
 containers and numbers     Counter, deque, OrderedDict, frozenset, defaultdict, partial, numpy
```

Names are looked up in the listed parts of River alone, which neither read files nor talk to a
network, and a name must lead to the class that says so of itself. Functions are of a list, methods
are those that such classes define: reading a state calls none of them, but a model may, as the
factory of a `defaultdict`.
"""

from __future__ import annotations

import copy
import re
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType
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
_DTYPE = re.compile(r"[<>|=]?[biuf]\d{1,2}")
_COMPILED = {
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
Fill = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class NamedKind:
    """How one class is written (`take` gives plain data) and made: `make`, then `fill`, which
    returns it; without `make` it is made by `fill` alone."""

    take: Callable[[Any], Any]
    make: Callable[[], Any] | None
    fill: Fill


# -- names ------------------------------------------------------------------------------------


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
    own = _own_name(value)
    if not isinstance(value, type) or (value not in _KINDS and named_class(own) is not value):
        raise refused(own)
    return own


def _own_name(value: Any) -> str:
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
    for known in _KINDS:
        if name == _own_name(known):
            return known
    if name in _COMPILED:
        return _COMPILED[name]
    matched = _NAME.fullmatch(name)
    if matched is None or matched[1] not in PARTS:
        raise refused(name)
    found = _looked_up(*name.split(":"))
    if not isinstance(found, type) or _own_name(found) != name:
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


# -- kinds ------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def kind_of(cls: type) -> NamedKind:
    """How objects of a class are written and made; raises `PayloadError`."""
    if cls in _KINDS:
        return _KINDS[cls]
    own = _own_name(cls)
    if named_class(own) is not cls:
        raise refused(own)
    if own in _COMPILED:
        return _compiled(cls)
    constructor: Any = cls.__new__
    if constructor is not object.__new__:  # a tuple or a list at heart: attributes are not all
        raise refused(own)
    return _attributes(cls)


def _attributes(cls: Any) -> NamedKind:
    slots = {
        name: slot
        for one in cls.__mro__
        for name, slot in vars(one).items()
        if isinstance(slot, MemberDescriptorType)
    }

    def take(made: Any) -> dict[str, Any]:
        held = {name: slot.__get__(made) for name, slot in slots.items() if _has(slot, made)}
        return dict(sorted({**held, **getattr(made, "__dict__", {})}.items()))

    def fill(made: Any, data: dict[str, Any]) -> Any:
        for name, value in data.items():
            if name in slots:
                slots[name].__set__(made, value)
            else:
                made.__dict__[name] = value
        return made

    return NamedKind(take, lambda: cls.__new__(cls), fill)


def _has(slot: Any, made: Any) -> bool:
    try:
        slot.__get__(made)
    except AttributeError:
        return False
    return True


def _compiled(cls: Any) -> NamedKind:
    def take(made: Any) -> tuple[Any, bytes]:
        arguments = made.__getnewargs__() if hasattr(made, "__getnewargs__") else ()
        return arguments, made.__getstate__()

    def fill(_: Any, data: tuple[Any, bytes]) -> Any:
        try:
            made = cls.__new__(cls, *data[0])
            made.__setstate__(data[1])
        except BaseException as error:
            if isinstance(error, Exception) or type(error).__name__ != "PanicException":
                raise
            raise ValueError(str(error)) from None  # Rust's panic is no Exception
        return made

    return NamedKind(take, None, fill)


def _fill_default(made: Any, data: Any) -> Any:
    made.default_factory = data[0]
    made.update(data[1])
    return made


def _updated(made: Any, data: Any) -> Any:
    made.update(data)
    return made


def _fill_partial(_: Any, data: Any) -> Any:
    function, arguments, named_ones = data
    if not is_named(function):
        called: Any = type(function)
        kind_of(called)  # an initializer of River: an object that can be called
    return partial(function, *arguments, **named_ones)


def _take_method(made: Any) -> tuple[Any, str]:
    owner, name = made.__self__, made.__func__.__name__
    if _method(type(owner), name) is not made.__func__:
        raise refused(f"{_own_name(type(owner))}.{name}")
    return owner, name


def _fill_method(_: Any, data: Any) -> Any:
    function = _method(type(data[0]), data[1])
    if function is None:
        raise refused(f"{_own_name(type(data[0]))}.{data[1]}")
    return MethodType(function, data[0])


def _method(cls: type, name: str) -> FunctionType | None:
    """The method that a class of River, or one that it inherits from, defines by that name."""
    kind_of(cls)
    for one in cls.__mro__:
        found = vars(one).get(name)
        if isinstance(found, FunctionType):
            return found if _NAME.fullmatch(_own_name(one)) else None
    return None


def _fill_array(_: Any, data: Any) -> Any:
    dtype, shape, raw = data
    return np.frombuffer(raw, dtype=_number(dtype)).reshape(shape).copy()


def _number(dtype: str) -> np.dtype[Any]:
    if not _DTYPE.fullmatch(dtype):
        raise ValueError(f"numbers expected, not {dtype!r}")
    return np.dtype(dtype)


def _take_array(made: Any) -> tuple[str, tuple[int, ...], bytes]:
    return _number(made.dtype.str).str, made.shape, np.ascontiguousarray(made).tobytes()


def _scalar(cls: Any) -> NamedKind:
    return NamedKind(
        lambda made: (np.dtype(cls).str, made.tobytes()), None,
        lambda _, data: np.frombuffer(data[1], dtype=_number(data[0]))[0],
    )  # fmt: skip


def _take_random(made: Any) -> tuple[Any, ...]:
    name, keys, at, has_gauss, cached = made.get_state(legacy=True)
    return name, keys.tobytes(), at, has_gauss, cached


def _fill_random(made: Any, data: Any) -> Any:
    made.set_state((data[0], np.frombuffer(data[1], dtype=np.uint32), *data[2:]))
    return made


_vector: Any = vectordict.VectorDict  # its stub lacks what its constructor takes
_KINDS: dict[type, NamedKind] = {
    Counter: NamedKind(dict, Counter, _updated),
    OrderedDict: NamedKind(dict, OrderedDict, _updated),
    defaultdict: NamedKind(
        lambda made: (made.default_factory, dict(made)), defaultdict, _fill_default
    ),
    deque: NamedKind(
        lambda made: (made.maxlen, list(made)), None, lambda _, data: deque(data[1], data[0])
    ),
    frozenset: NamedKind(set, None, lambda _, data: frozenset(data)),
    partial: NamedKind(
        lambda made: (made.func, made.args, dict(sorted(made.keywords.items()))), None,
        _fill_partial,
    ),
    MethodType: NamedKind(_take_method, None, _fill_method),
    vectordict.VectorDict: NamedKind(
        lambda made: made.__reduce__()[1][:3], None,
        lambda _, data: _vector(*data, copy=True),
    ),
    np.ndarray: NamedKind(_take_array, None, _fill_array),
    np.random.RandomState: NamedKind(
        _take_random, lambda: np.random.RandomState(0), _fill_random
    ),
    **{cls: _scalar(cls) for cls in (np.bool_, np.int64, np.int32, np.float64, np.float32)},
}  # fmt: skip
