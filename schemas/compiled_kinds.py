"""What the generators of `schemas.compiled` share: the kinds of a schema, and a scope to run in."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from schemas import binary
from schemas.numbers import pack_row, unpack_row

Kind = Any
"""A type as Avro writes it: a name, a union's list, or a mapping."""
NUMBER = ["double", "null"]


class Source:
    """Functions under construction: their scope, and the named types met so far."""

    def __init__(self) -> None:
        public = {key: value for key, value in vars(binary).items() if not key.startswith("_")}
        self.scope: dict[str, Any] = {**public, "pack_row": pack_row, "unpack_row": unpack_row}
        self._named: dict[str, Mapping[str, Any]] = {}
        self._kept = count()
        self._numbers = count()

    def keep(self, value: object) -> str:
        """A name for a value that the generated code uses."""
        name = f"k{next(self._kept)}"
        self.scope[name] = value
        return name

    def fresh(self, letter: str) -> str:
        """A local name that nothing else has."""
        return f"{letter}{next(self._numbers)}"

    def define(self, head: str, lines: list[str]) -> Any:
        """The function of a head such as `read_alert(d, i)` and its lines."""
        source = "\n    ".join([f"def {head}:", *lines])
        exec(compile(source, f"<avro {head}>", "exec"), self.scope)
        return self.scope[head.partition("(")[0]]

    def resolved(self, kind: Kind) -> Kind:
        """A union or primitive as it is, a named type by its definition; TypeError for others."""
        if isinstance(kind, list) or kind in PRIMITIVES:
            return kind
        if isinstance(kind, str):
            if short(kind) not in self._named:
                raise TypeError(f"no codec for {kind}")
            return self._named[short(kind)]
        if kind["type"] in ("record", "enum"):
            self._named[short(kind["name"])] = kind
            return kind
        if kind["type"] in ("array", "map"):
            return kind
        return self.resolved(kind["type"])


PRIMITIVES = ("string", "bytes", "long", "int", "double", "boolean")


def optional(kinds: list[Kind]) -> tuple[bytes, Kind, bytes]:
    """The bytes of null's branch, the other type, the bytes of its branch."""
    if len(kinds) != 2 or "null" not in kinds:
        raise TypeError(f"no codec for the union {kinds}")
    null = kinds.index("null")
    return bytes([2 * null]), kinds[1 - null], bytes([2 - 2 * null])


def symbols(kind: Mapping[str, Any]) -> list[str]:
    """The symbols of an enum, each one byte on the wire."""
    found: list[str] = kind["symbols"]
    if len(found) > 64:
        raise TypeError(f"no codec for the {len(found)} symbols of {kind['name']}")
    return found


def short(name: str) -> str:
    """A name without its namespace."""
    return name.rsplit(".", 1)[-1]


def indented(lines: list[str]) -> list[str]:
    """The lines of a block."""
    return ["    " + line for line in lines]
