"""A River model's learned state as bytes: typed, canonical, and no pickle.

A value is a tag and its content. Objects are of the classes in `river_kinds`, named by a code, or
of those that `river_names` allows by rule, named by module and name; what is referred to twice is
written once, so that a generator shared by ten trees is shared again after reading. Sets are
sorted, so the same state gives the same bytes in every process, whatever its PYTHONHASHSEED.
Reading makes objects of the allowed classes and calls nothing else. Neither way recurses: a
Mondrian tree may be hundreds of nodes deep.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from models.portfolio.interface import PayloadError
from models.portfolio.river_classes import kind_of
from models.portfolio.river_kinds import BY_CLASS
from models.portfolio.river_names import is_named, name_of
from models.portfolio.state_reader import FACTORIES, Reader

_FLOAT = struct.Struct("<d")
_INT = struct.Struct("<q")
_SIZE = struct.Struct("<I")
_CONSTANTS: dict[Any, bytes] = {None: b"N", True: b"T", False: b"F"}
_SORTABLE = (str, bool, int, float, bytes, tuple, type(None))
_NOTHING: tuple[Any, ...] = ()
_DAMAGE = (
    struct.error, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, ImportError,
)  # fmt: skip


def dump(value: Any) -> bytes:
    """The bytes of a state; raises `PayloadError` for a class that is not allowed.

    >>> load(dump({"weights": [0.1, None, (True, "a")]}))
    {'weights': [0.1, None, (True, 'a')]}
    """
    writer = _Writer()
    writer.write(value)
    return b"".join(writer.parts)


def objects(value: Any) -> list[Any]:
    """Everything mutable that a state holds, itself included; raises as `dump` does.

    >>> objects([{"a": 1}, 2.0])
    [[{'a': 1}, 2.0], {'a': 1}]
    """
    writer = _Writer()
    writer.write(value)
    return writer.kept


def load(data: bytes) -> Any:
    """The state that `dump` wrote; raises `PayloadError` for anything else."""
    reader = Reader(data)
    try:
        found = reader.read()
    except _DAMAGE as error:
        raise _damaged(reader.at, error) from error
    if reader.at != len(data):
        raise _damaged(reader.at, f"{len(data) - reader.at} bytes more")
    return found


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # alive until the end, or an id might be given away twice
        self.texts: dict[str, int] = {}

    def write(self, value: Any) -> None:
        """Write heads in the order of reading; what is inside waits on a stack."""
        waiting = [value]
        while waiting:
            inner = self._head(waiting.pop())
            if inner:
                waiting.extend(reversed(inner))

    def _head(self, value: Any) -> Sequence[Any]:
        """Write one value up to what is inside it, which is returned."""
        kind = type(value)
        if kind is float:
            self.parts += (b"d", _FLOAT.pack(value))
        elif value is None or kind is bool:
            self.parts.append(_CONSTANTS[value])
        elif kind is int:
            self._int(value)
        elif kind is str:
            self._text(value)
        elif kind is bytes:
            self.parts += (b"b", _SIZE.pack(len(value)), value)
        elif kind is tuple:
            return self._many(b"t", value)
        elif is_named(value):
            self.parts.append(b"c")
            self._text(name_of(value))
        else:
            return self._shared(kind, value)
        return _NOTHING

    def _int(self, value: int) -> None:
        if -(2**63) <= value < 2**63:
            self.parts += (b"i", _INT.pack(value))
            return
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        self.parts += (b"j", _SIZE.pack(len(raw)), raw)

    def _text(self, value: str) -> None:
        known = self.texts.get(value)
        if known is not None:
            self.parts += (b"k", _SIZE.pack(known))
            return
        self.texts[value] = len(self.texts)
        raw = value.encode()
        self.parts += (b"s", _SIZE.pack(len(raw)), raw)

    def _shared(self, kind: type, value: Any) -> Sequence[Any]:
        known = self.seen.get(id(value))
        if known is not None:
            self.parts += (b"r", _SIZE.pack(known))
            return _NOTHING
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if kind is list:
            return self._many(b"l", value)
        if kind is dict:
            return self._pairs(value)
        if kind is set:
            return self._many(b"e", _in_order(value))
        if kind is defaultdict and value.default_factory in FACTORIES:
            self.parts += (b"f", bytes([FACTORIES[value.default_factory]]))
            return self._pairs(value)
        return self._object(kind, value)

    def _pairs(self, value: Any) -> Sequence[Any]:
        return self._many(b"m", [part for pair in value.items() for part in pair])

    def _many(self, tag: bytes, values: Sequence[Any]) -> Sequence[Any]:
        self.parts += (tag, _SIZE.pack(len(values)))
        return values

    def _object(self, kind: type, value: Any) -> Sequence[Any]:
        listed = BY_CLASS.get(kind)
        if listed is not None:
            self.parts += (b"o", bytes([listed.code]))
            return (listed.take(value),)
        allowed = kind_of(kind)
        self.parts.append(b"n")
        self._text(name_of(kind))
        return (allowed.take(value),)


def _in_order(values: set[Any]) -> list[Any]:
    """The members of a set, the same order in every process."""
    for value in values:
        if not isinstance(value, _SORTABLE):
            raise PayloadError(
                "model state", expected="a set of plain values", came=type(value).__qualname__
            )
    return sorted(values, key=repr)


def _damaged(at: int, why: object) -> PayloadError:
    return PayloadError(f"model state at byte {at}", expected="what `dump` wrote", came=why)
