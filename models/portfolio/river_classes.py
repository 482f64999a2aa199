"""How objects of classes without a code are written and made again.

```text
 river.PART.module:Class    made by its `__new__`, its attributes set: no constructor runs
 river._river_rust.…        compiled: made by its `__new__`, then `__setstate__` of its bytes
 containers and numbers     Counter, deque, OrderedDict, frozenset, defaultdict, partial, numpy
 methods                    those that such a class defines, of an object of the state
```

Which classes these are: `models.portfolio.river_names`.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from types import FunctionType, MemberDescriptorType, MethodType
from typing import Any

import numpy as np
from river.utils import vectordict

from models.portfolio.river_names import (
    COMPILED,
    is_named,
    is_rivers,
    named_class,
    own_name,
    refused,
)  # fmt: skip

_DTYPE = re.compile(r"[<>|=]?[biuf]\d{1,2}")
Fill = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class NamedKind:
    """How one class is written (`take` gives plain data) and made: `make`, then `fill`, which
    returns it; without `make` it is made by `fill` alone."""

    take: Callable[[Any], Any]
    make: Callable[[], Any] | None
    fill: Fill


@lru_cache(maxsize=1024)
def kind_of(cls: type) -> NamedKind:
    """How objects of a class are written and made; raises `PayloadError`."""
    if cls in _KINDS:
        return _KINDS[cls]
    own = own_name(cls)
    if named_class(own) is not cls:
        raise refused(own)
    if own in COMPILED:
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
        raise refused(f"{own_name(type(owner))}.{name}")
    return owner, name


def _fill_method(_: Any, data: Any) -> Any:
    function = _method(type(data[0]), data[1])
    if function is None:
        raise refused(f"{own_name(type(data[0]))}.{data[1]}")
    return MethodType(function, data[0])


def _method(cls: type, name: str) -> FunctionType | None:
    """The method that a class of River, or one that it inherits from, defines by that name."""
    kind_of(cls)
    for one in cls.__mro__:
        found = vars(one).get(name)
        if isinstance(found, FunctionType):
            return found if is_rivers(one) else None
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
