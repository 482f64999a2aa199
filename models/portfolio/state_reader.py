"""Reading what `models.portfolio.state` wrote: objects of the allowed classes, and no calls."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from models.portfolio.river_classes import kind_of
from models.portfolio.river_kinds import BY_CODE
from models.portfolio.river_names import named, named_class

_FLOAT = struct.Struct("<d")
_INT = struct.Struct("<q")
_SIZE = struct.Struct("<I")
FACTORIES: dict[Any, int] = {int: 0, float: 1}
"""What a `defaultdict` of the first kind makes, by its byte."""
_READ = {b"N": None, b"T": True, b"F": False}
_EMPTY: dict[bytes, Any] = {b"l": list, b"m": dict, b"e": set, b"f": defaultdict}
_OPENING = frozenset((b"t", b"l", b"m", b"e", b"f", b"o", b"n"))
_PENDING = object()


class Reader:
    """Reads one value; `at` is how far it came. Raises whatever damage leads to."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.seen: list[Any] = []
        self.texts: list[str] = []

    def read(self) -> Any:
        """The next value: what is open waits on a stack until all inside it was read."""
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
            return named(self._text(self._bytes(1)))
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
            allowed = kind_of(named_class(self._text(self._bytes(1))))
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
            made.default_factory = [*FACTORIES][self._bytes(1)[0]]
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
