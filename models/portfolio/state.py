"""A River model's learned state as bytes: typed, canonical, and no pickle.

A value is a tag and its content. Objects are of the classes in `river_kinds`, named by a code, or
of those that `river_classes` allows by rule, named by module and name; what is referred to twice is
written once, so that a generator shared by ten trees is shared again after reading. Sets are
sorted, so the same state gives the same bytes in every process, whatever its PYTHONHASHSEED.
Reading makes objects of the allowed classes and calls nothing else. Neither way recurses: a
Mondrian tree may be hundreds of nodes deep.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from models.portfolio import river_classes
from models.portfolio.interface import PayloadError
from models.portfolio.river_kinds import BY_CLASS, BY_CODE

_FLOAT = struct.Struct("<d")
_INT = struct.Struct("<q")
_SIZE = struct.Struct("<I")
_CONSTANTS: dict[Any, bytes] = {None: b"N", True: b"T", False: b"F"}
_READ = {b"N": None, b"T": True, b"F": False}
_FACTORIES: dict[Any, int] = {int: 0, float: 1}
_EMPTY: dict[bytes, Any] = {b"l": list, b"m": dict, b"e": set, b"f": defaultdict}
_OPENING = frozenset((b"t", b"l", b"m", b"e", b"f", b"o", b"n"))
_SORTABLE = (str, bool, int, float, bytes, tuple, type(None))
_NOTHING: tuple[Any, ...] = ()
_PENDING = object()
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
    reader = _Reader(data)
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
        elif river_classes.is_named(value):
            self.parts.append(b"c")
            self._text(river_classes.name_of(value))
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
        if kind is defaultdict and value.default_factory in _FACTORIES:
            self.parts += (b"f", bytes([_FACTORIES[value.default_factory]]))
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
        allowed = river_classes.kind_of(kind)
        self.parts.append(b"n")
        self._text(river_classes.name_of(kind))
        return (allowed.take(value),)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.seen: list[Any] = []
        self.texts: list[str] = []

    def read(self) -> Any:
        """One value: what is open waits on a stack until all inside it was read."""
        waiting: list[tuple[int, list[Any], Callable[[list[Any]], Any]]] = []
        value: Any
        while True:
            tag = self.data[self.at : self.at + 1]
            self.at += 1
            if tag in _READ:
                value = _READ[tag]
            elif tag == b"d":
                (value,) = _FLOAT.unpack_from(self.data, self.at)
                self.at += 8
            elif tag == b"k":
                value = self.texts[self._size()]
            elif tag in _OPENING:
                count, finish = self._opened(tag)
                if count:
                    waiting.append((count, [], finish))
                    continue
                value = finish([])
            else:
                value = self._whole(tag)
            while waiting:
                count, held, finish = waiting[-1]
                held.append(value)
                if len(held) < count:
                    break
                waiting.pop()
                value = finish(held)
            else:
                return value

    def _whole(self, tag: bytes) -> Any:
        """A value with nothing inside."""
        if tag == b"i":
            return _INT.unpack(self._bytes(8))[0]
        if tag == b"r":
            return self._again(self._size())
        if tag in (b"k", b"s"):
            return self._text(tag)
        if tag == b"b":
            return self._bytes(self._size())
        if tag == b"j":
            return int.from_bytes(self._bytes(self._size()), "little", signed=True)
        if tag == b"c":
            return river_classes.named(self._text(self._bytes(1)))
        raise LookupError(f"tag {tag!r}")

    def _again(self, number: int) -> Any:
        found = self.seen[number]
        if found is _PENDING:
            raise ValueError("an object that holds itself before it is made")
        return found

    def _text(self, tag: bytes) -> str:
        if tag == b"k":
            return self.texts[self._size()]
        if tag != b"s":
            raise ValueError(f"a text expected, not tag {tag!r}")
        self.texts.append(self._bytes(self._size()).decode())
        return self.texts[-1]

    def _opened(self, tag: bytes) -> tuple[int, Callable[[list[Any]], Any]]:
        """How many values are inside, and what makes the whole of them."""
        if tag == b"t":
            return self._size(), tuple
        if tag == b"o":
            listed = BY_CODE[self._bytes(1)[0]]
            return 1, self._filled(listed.make(), listed.fill)
        if tag == b"n":
            allowed = river_classes.kind_of(river_classes.named_class(self._text(self._bytes(1))))
            made = allowed.make() if allowed.make else _PENDING
            return 1, self._filled(made, allowed.fill)
        return self._container(tag)

    def _filled(self, made: Any, fill: Callable[[Any, Any], Any]) -> Callable[[list[Any]], Any]:
        place = len(self.seen)
        self.seen.append(made)

        def finish(held: list[Any]) -> Any:
            self.seen[place] = fill(made, held[0])
            return self.seen[place]

        return finish

    def _container(self, tag: bytes) -> tuple[int, Callable[[list[Any]], Any]]:
        made = _EMPTY[tag]()
        self.seen.append(made)
        if tag == b"f":
            made.default_factory = [*_FACTORIES][self._bytes(1)[0]]
            tag = self._bytes(1)

        def finish(held: list[Any]) -> Any:
            if tag == b"l":
                made.extend(held)
            elif tag == b"e":
                made.update(held)
            else:
                made.update(zip(held[::2], held[1::2], strict=True))
            return made

        return self._size(), finish

    def _size(self) -> int:
        size: int = _SIZE.unpack_from(self.data, self.at)[0]
        self.at += 4
        return size

    def _bytes(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        if len(found) != size:
            raise struct.error(f"expected {size} bytes, got {len(found)}")
        self.at += size
        return found


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
