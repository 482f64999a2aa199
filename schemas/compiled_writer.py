"""Generates writers: every kind is an expression of its pieces, see `schemas.compiled`."""

from collections.abc import Callable, Collection, Mapping
from itertools import groupby
from typing import Any

from schemas.compiled_kinds import NUMBER, Kind, Source, indented, optional, short, symbols
from schemas.numbers import NumberMap

Pieces = list[str]
"""Expressions of bytes, in order; the first one evaluates the value, once."""

_PIECES = {
    "string": ("LENGTHS[len(q := {v}.encode())]", "q"),
    "bytes": ("LENGTHS[len(q := {v})]", "q"),
    "long": ("pack_long({v})",),
    "int": ("pack_int({v})",),
    "double": ("pack_double({v})",),
    "boolean": ("(b'\\0', b'\\1')[{v}]",),
}


class WriterSource(Source):
    """The source of one writer; `ready` and `fixed` as `compile_writer` has them."""

    def __init__(self, ready: Collection[str], fixed: Mapping[str, Any]) -> None:
        super().__init__()
        self._ready = ready
        self._fixed = fixed

    def function(self, schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bytes]:
        """`write(record) -> bytes` of a record schema."""
        schema = self.resolved(schema)
        lines: Pieces = []
        for fixed, run in groupby(schema["fields"], lambda field: field["name"] in self._fixed):
            pieces = [", ".join(self._field(field, "r")) for field in run]
            lines += [self.keep(self._now(pieces))] if fixed else pieces
        write: Callable[[Mapping[str, Any]], bytes]
        write = self._joined(f"write_{short(schema['name'])}(r)", lines)
        return write

    def _now(self, lines: Pieces) -> bytes:
        """The bytes of fixed fields; fields after them know the types that they define."""
        made: bytes = self._joined(f"{self.fresh('write_fixed')}(r)", lines)(self._fixed)
        return made

    def _joined(self, head: str, lines: list[str]) -> Any:
        pieces = [f"{line}," for line in lines]
        return self.define(head, ["return b''.join((", *indented(pieces), "))"])

    def _field(self, field: Mapping[str, Any], record: str) -> Pieces:
        value, kind = self._lookup(field, record), self.resolved(field["type"])
        if record == "r" and field["name"] in self._ready:
            write = self._writer(kind)
            return [f"v if (v := {value}).__class__ is bytes else {write}(v)"]
        return self._pieces(kind, value)

    def _lookup(self, field: Mapping[str, Any], record: str) -> str:
        name = field["name"]
        if "default" not in field:
            return f"{record}[{name!r}]"
        if field["default"] is None:
            return f"{record}.get({name!r})"
        return f"{record}.get({name!r}, {self.keep(field['default'])})"

    def _pieces(self, kind: Kind, value: str) -> Pieces:
        kind = self.resolved(kind)
        if isinstance(kind, str):
            return [piece.format(v=value) for piece in _PIECES[kind]]
        if isinstance(kind, list):
            return [self._optional(kind, value)]
        match kind["type"]:
            case "record":
                return self._record(kind, value)
            case "enum":
                table = {symbol: bytes([2 * at]) for at, symbol in enumerate(symbols(kind))}
                return [f"{self.keep(table)}[{value}]"]
        return [self._many(kind, value)]

    def _record(self, kind: Mapping[str, Any], value: str) -> Pieces:
        """The fields in line; the first look-up is where the record is evaluated."""
        name = self.fresh("r")
        first, *rest = [piece for field in kind["fields"] for piece in self._field(field, name)]
        return [first.replace(name, f"({name} := {value})", 1), *rest]

    def _optional(self, kind: list[Kind], value: str) -> str:
        null, other, branch = optional(kind)
        name = self.fresh("v")
        pieces = " + ".join([repr(branch), *self._pieces(other, name)])
        return f"({null!r} if ({name} := {value}) is None else {pieces})"

    def _many(self, kind: Mapping[str, Any], value: str) -> str:
        if kind["type"] == "array":
            if kind["items"] == NUMBER:
                return f"pack_row({value})"
            return f"{self._block(self._writer(kind['items']), 'for v in r', '')}({value})"
        if kind["values"] == NUMBER:
            return f"{self.keep(NumberMap().pack)}({value})"
        key = "LENGTHS[len(q := n.encode())] + q + "
        return f"{self._block(self._writer(kind['values']), 'for n, v in r.items()', key)}({value})"

    def _block(self, write: str, loop: str, key: str) -> str:
        name = self.fresh("write_many")
        parts = f"b''.join([{key}{write}(v) {loop}])"
        self.define(f"{name}(r)", [f"return pack_long(len(r)) + {parts} + b'\\0' if r else b'\\0'"])
        return name

    def _writer(self, kind: Kind) -> str:
        """The name of a function that writes one value of this kind."""
        name = self.fresh("write_one")
        self._joined(f"{name}(v)", [", ".join(self._pieces(kind, "v"))])
        return name
