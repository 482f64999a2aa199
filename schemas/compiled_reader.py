"""Generates readers: statements that move a place through the data, see `schemas.compiled`."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from schemas.compiled_kinds import NUMBER, Kind, Source, indented, optional, short, symbols
from schemas.numbers import NumberMap

Lines = list[str]
"""Statements that read a value from data `d` at `i` into a name and move `i` behind it."""

_STRING = (
    "m = d[i]",
    "if m & 129: m, i = unpack_length(d, i)",
    "else: i += 1",
    "j = i + (m >> 1)",
)
_LONG = (
    "{to} = d[i]",
    "if {to} > 127: {to}, i = unpack_time(d, i)",
    "else: {to} = {to} >> 1 ^ -({to} & 1); i += 1",
)
_LINES = {
    "string": (*_STRING, "{to} = d[i:j].decode(); i = j"),
    "bytes": (*_STRING, "{to} = d[i:j]; i = j"),
    "long": _LONG,
    "int": tuple(line.replace("unpack_time", "unpack_int") for line in _LONG),
    "double": ("{to} = unpack_double(d, i)[0]; i += 8",),
    "boolean": ("{to} = (False, True)[d[i]]; i += 1",),
}


class ReaderSource(Source):
    """The source of one reader."""

    def function(self, schema: Mapping[str, Any]) -> Any:
        """`read(data, at) -> (record, at)` of a record schema."""
        lines = self._record(self.resolved(schema), "v")
        return self.define(f"read_{short(schema['name'])}(d, i)", [*lines, "return v, i"])

    def _record(self, schema: Mapping[str, Any], to: str) -> Lines:
        fields = [(f["name"], f["type"], self.fresh("v")) for f in schema["fields"]]
        lines: Lines = []
        for null, run in groupby(fields, lambda field: _null_of(field[1])):
            lines += self._run(null, [(kind, name) for _, kind, name in run])
        items = ", ".join(f"{name!r}: {value}" for name, _, value in fields)
        return [*lines, f"{to} = {{{items}}}"]

    def _run(self, null: bytes, run: list[tuple[Kind, str]]) -> Lines:
        """Fields one after another; optional ones are all null more often than not."""
        each = [line for kind, name in run for line in self._value(kind, name)]
        if not null or len(run) < 2:
            return each
        nothing = " = ".join([*[name for _, name in run], "None"])
        test = f"if d.startswith({null * len(run)!r}, i): {nothing}; i += {len(run)}"
        return [test, "else:", *indented(each)]

    def _value(self, kind: Kind, to: str) -> Lines:
        kind = self.resolved(kind)
        if isinstance(kind, str):
            return [line.format(to=to) for line in _LINES[kind]]
        if isinstance(kind, list):
            return self._optional(kind, to)
        match kind["type"]:
            case "record":
                return self._record(kind, to)
            case "enum":
                table = {2 * at: symbol for at, symbol in enumerate(symbols(kind))}
                return [f"{to} = {self.keep(table)}[d[i]]; i += 1"]
        return self._many(kind, to)

    def _optional(self, kind: list[Kind], to: str) -> Lines:
        null, other, branch = optional(kind)
        return [
            "b = d[i]; i += 1",
            f"if b == {null[0]}: {to} = None",
            f"elif b == {branch[0]}:",
            *indented(self._value(other, to)),
            "else: raise ValueError(f'no such branch at byte {i - 1}')",
        ]

    def _many(self, kind: Mapping[str, Any], to: str) -> Lines:
        if kind["type"] == "array":
            if kind["items"] == NUMBER:
                return [f"{to}, i = unpack_row(d, i)"]
            item = self.fresh("v")
            return self._block(self._value(kind["items"], item), to, "[]", f"{to}.append({item})")
        if kind["values"] == NUMBER:
            read = self.keep(NumberMap().unpack)
            return [f"if d[i]: {to}, i = {read}(d, i)", f"else: {to} = {{}}; i += 1"]
        key, item = self.fresh("n"), self.fresh("v")
        lines = [*self._value("string", key), *self._value(kind["values"], item)]
        return self._block(lines, to, "{}", f"{to}[{key}] = {item}")

    def _block(self, lines: Lines, to: str, new: str, add: str) -> Lines:
        left = self.fresh("left")
        return [
            f"{to} = {new}; {left}, i = unpack_count(d, i)",
            f"while {left}:",
            f"    for _ in range({left}):",
            *indented(indented([*lines, add])),
            f"    {left}, i = unpack_count(d, i)",
        ]


def _null_of(kind: Kind) -> bytes:
    return optional(kind)[0] if isinstance(kind, list) else b""
