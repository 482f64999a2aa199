"""A River model's learned state as bytes: typed, canonical, and no pickle.

A value is a tag and its content. Objects are of the classes in `river_kinds`, named by a code;
what is referred to twice is written once, so that a generator shared by ten trees is shared again
after reading. Sets are sorted, so the same state gives the same bytes in every
process, whatever its PYTHONHASHSEED. Reading makes objects of the listed classes and calls nothing
else.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import Any

from models.portfolio.interface import PayloadError
from models.portfolio.river_kinds import BY_CLASS, BY_CODE

_FLOAT = struct.Struct("<d")
_INT = struct.Struct("<q")
_SIZE = struct.Struct("<I")
_CONSTANTS: dict[Any, bytes] = {None: b"N", True: b"T", False: b"F"}
_READ = {b"N": None, b"T": True, b"F": False}
_FACTORIES: dict[Any, int] = {int: 0, float: 1}
_EMPTY: dict[bytes, Any] = {b"l": list, b"m": dict, b"e": set, b"f": defaultdict}


def dump(value: Any) -> bytes:
    """The bytes of a state; raises `PayloadError` for a class that is not listed.

    >>> load(dump({"weights": [0.1, None, (True, "a")]}))
    {'weights': [0.1, None, (True, 'a')]}
    """
    writer = _Writer()
    writer.write(value)
    return b"".join(writer.parts)


def load(data: bytes) -> Any:
    """The state that `dump` wrote; raises `PayloadError` for anything else."""
    reader = _Reader(data)
    try:
        found = reader.read()
    except (struct.error, LookupError, TypeError, ValueError, AttributeError) as error:
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
        kind = type(value)
        if kind is float:
            self.parts += (b"d", _FLOAT.pack(value))
        elif value is None or kind is bool:
            self.parts.append(_CONSTANTS[value])
        elif kind is int:
            self.parts += (b"i", _INT.pack(value))
        elif kind is str:
            self._text(value)
        elif kind is bytes:
            self.parts += (b"b", _SIZE.pack(len(value)), value)
        elif kind is tuple:
            self._many(b"t", value)
        else:
            self._shared(kind, value)

    def _text(self, value: str) -> None:
        known = self.texts.get(value)
        if known is not None:
            self.parts += (b"k", _SIZE.pack(known))
            return
        self.texts[value] = len(self.texts)
        raw = value.encode()
        self.parts += (b"s", _SIZE.pack(len(raw)), raw)

    def _shared(self, kind: type, value: Any) -> None:
        known = self.seen.get(id(value))
        if known is not None:
            self.parts += (b"r", _SIZE.pack(known))
            return
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if kind is list:
            self._many(b"l", value)
        elif kind is dict:
            self._many(b"m", [part for pair in value.items() for part in pair])
        elif kind is set:
            self._many(b"e", sorted(value, key=repr))
        elif kind is defaultdict:
            self.parts += (b"f", bytes([_FACTORIES[value.default_factory]]))
            self._many(b"m", [part for pair in value.items() for part in pair])
        else:
            self._object(kind, value)

    def _many(self, tag: bytes, values: Any) -> None:
        self.parts += (tag, _SIZE.pack(len(values)))
        for value in values:
            self.write(value)

    def _object(self, kind: type, value: Any) -> None:
        listed = BY_CLASS.get(kind)
        if listed is None:
            known = f"one of {len(BY_CLASS)} listed classes"
            raise PayloadError("model state", expected=known, came=kind.__qualname__)
        self.parts += (b"o", bytes([listed.code]))
        self.write(listed.take(value))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.seen: list[Any] = []
        self.texts: list[str] = []

    def read(self) -> Any:
        tag = self._bytes(1)
        if tag in _READ:
            return _READ[tag]
        if tag == b"d":
            return _FLOAT.unpack(self._bytes(8))[0]
        if tag == b"i":
            return _INT.unpack(self._bytes(8))[0]
        if tag == b"r":
            return self.seen[self._size()]
        if tag == b"k":
            return self.texts[self._size()]
        return self._made(tag)

    def _made(self, tag: bytes) -> Any:
        if tag == b"s":
            self.texts.append(self._bytes(self._size()).decode())
            return self.texts[-1]
        if tag == b"b":
            return self._bytes(self._size())
        if tag == b"t":
            return tuple(self.read() for _ in range(self._size()))
        return self._mutable(tag)

    def _mutable(self, tag: bytes) -> Any:
        if tag == b"o":
            return self._object()
        made = _EMPTY[tag]()
        self.seen.append(made)
        if tag == b"f":
            made.default_factory = [*_FACTORIES][self._bytes(1)[0]]
            tag = self._bytes(1)
        for _ in range(self._size() // (2 if tag == b"m" else 1)):
            if tag == b"m":
                key = self.read()
                made[key] = self.read()
            elif tag == b"l":
                made.append(self.read())
            else:
                made.add(self.read())
        return made

    def _object(self) -> Any:
        listed = BY_CODE[self._bytes(1)[0]]
        made = listed.make()
        self.seen.append(made)
        return listed.fill(made, self.read())

    def _size(self) -> int:
        size: int = _SIZE.unpack(self._bytes(4))[0]
        return size

    def _bytes(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        if len(found) != size:
            raise struct.error(f"expected {size} bytes, got {len(found)}")
        self.at += size
        return found


def _damaged(at: int, why: object) -> PayloadError:
    return PayloadError(f"model state at byte {at}", expected="what `dump` wrote", came=why)
