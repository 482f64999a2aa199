"""A schema becomes two Python functions, as `dataclasses` does it: their source is generated, once.

`compile_schema(schema)` gives `write(record) -> bytes` and `read(data, at) -> (record, at)`.
Supported is what the schemas of this project use: records, enums of at most 64 symbols, null or one
other type, arrays and maps, the primitives without float and fixed. Reading past the end raises or
leaves `at` beyond the data: callers compare it with the length.

The source is made of committed schemas alone, never of anything that came over the wire.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

from schemas import binary
from schemas.numbers import NumberMap, pack_row, unpack_row

Write = Callable[[Mapping[str, Any]], bytes]
Read = Callable[[bytes, int], tuple[dict[str, Any], int]]
_NUMBER = ["double", "null"]


class Compiled(NamedTuple):
    """The two functions of a schema."""

    write: Write
    read: Read


def compile_schema(schema: Mapping[str, Any]) -> Compiled:
    """The writer and the reader of a record schema; TypeError for what is not supported.

    >>> pair = compile_schema({"type": "record", "name": "p",
    ...                        "fields": [{"name": "x", "type": "long"}]})
    >>> pair.write({"x": 1}), pair.read(bytes([2]), 0)
    (b'\\x02', ({'x': 1}, 1))
    """
    generator = _Generator()
    name = generator.record(schema)
    return Compiled(generator.scope[f"write_{name}"], generator.scope[f"read_{name}"])


class _Generator:
    def __init__(self) -> None:
        self.scope: dict[str, Any] = _runtime()
        self._numbers = count()
        self._named: dict[str, Mapping[str, Any]] = {}

    def record(self, schema: Mapping[str, Any]) -> str:
        name = _short(schema["name"])
        self._named[name] = schema
        writes, reads = [], []
        for at, field in enumerate(schema["fields"]):
            writes += [f"v = {_lookup(field, self)}", *self.write(field["type"], f"p{at}")]
            reads += self.read(field["type"], f"v{at}")
        parts = "".join(f"p{at}, " for at in range(len(schema["fields"])))
        items = ", ".join(f"{f['name']!r}: v{at}" for at, f in enumerate(schema["fields"]))
        self._define(f"write_{name}(r)", [*writes, f"return b''.join(({parts}))"])
        self._define(f"read_{name}(d, i)", [*reads, f"return {{{items}}}, i"])
        return name

    def keep(self, value: object) -> str:
        name = f"k{next(self._numbers)}"
        self.scope[name] = value
        return name

    def _define(self, head: str, lines: list[str]) -> None:
        source = "\n    ".join([f"def {head}:", *lines])
        exec(compile(source, f"<avro {head}>", "exec"), self.scope)

    def write(self, kind: Any, to: str) -> list[str]:
        """Statements that put the bytes of `v` into `to`."""
        if isinstance(kind, list):
            null, other, branch = _optional(kind)
            inner = self.write(other, to)
            return [
                f"if v is None: {to} = {null!r}",
                "else:",
                *_indented([*inner, f"{to} = {branch!r} + {to}"]),
            ]
        if isinstance(kind, str):
            simple = _WRITE.get(kind)
            if simple is None:
                return [f"{to} = write_{self._known(kind)}(v)"]
            return [line.format(to=to) for line in simple]
        return self._write_complex(kind, to)

    def _write_complex(self, kind: Mapping[str, Any], to: str) -> list[str]:
        match kind["type"]:
            case "record":
                return [f"{to} = write_{self.record(kind)}(v)"]
            case "enum":
                table = {symbol: bytes([2 * at]) for at, symbol in enumerate(_symbols(kind))}
                self._named[_short(kind["name"])] = kind
                return [f"{to} = {self.keep(table)}[v]"]
            case "array" | "map":
                return self._write_many(kind, to)
            case str() as primitive:
                return self.write(primitive, to)
        raise TypeError(f"no codec for {kind}")

    def _write_many(self, kind: Mapping[str, Any], to: str) -> list[str]:
        if kind["type"] == "array":
            if kind["items"] == _NUMBER:
                return [f"{to} = pack_row(v)"]
            return self._write_block(kind["items"], to, "for v in v", [])
        if kind["values"] == _NUMBER:
            return [f"{to} = {self.keep(NumberMap().pack)}(v)"]
        name = ["q = n.encode()", "parts.append(LENGTHS[len(q)] + q)"]
        return self._write_block(kind["values"], to, "for n, v in v.items()", name)

    def _write_block(self, item: Any, to: str, loop: str, key: list[str]) -> list[str]:
        body = [*key, *self.write(item, "p"), "parts.append(p)"]
        return [
            "parts = [pack_long(len(v))] if v else []",
            f"{loop}:",
            *_indented(body),
            "parts.append(b'\\0')",
            f"{to} = b''.join(parts)",
        ]

    def read(self, kind: Any, to: str) -> list[str]:
        """Statements that read `to` from data `d` at `i` and move `i`."""
        if isinstance(kind, list):
            null, other, branch = _optional(kind)
            return [
                "b = d[i]; i += 1",
                f"if b == {null[0]}: {to} = None",
                f"elif b == {branch[0]}:",
                *_indented(self.read(other, to)),
                "else: raise ValueError(f'no such branch at byte {i - 1}')",
            ]
        if isinstance(kind, str):
            simple = _READ.get(kind)
            if simple is None:
                return self._read_named(self._known(kind), to)
            return [line.format(to=to) for line in simple]
        return self._read_complex(kind, to)

    def _read_named(self, name: str, to: str) -> list[str]:
        kind = self._named[name]
        if kind["type"] == "enum":
            table = {2 * at: symbol for at, symbol in enumerate(_symbols(kind))}
            return [f"{to} = {self.keep(table)}[d[i]]; i += 1"]
        return [f"{to}, i = read_{name}(d, i)"]

    def _read_complex(self, kind: Mapping[str, Any], to: str) -> list[str]:
        match kind["type"]:
            case "record" | "enum":
                return self._read_named(_short(kind["name"]), to)
            case "array" | "map":
                return self._read_many(kind, to)
            case str() as primitive:
                return self.read(primitive, to)
        raise TypeError(f"no codec for {kind}")

    def _read_many(self, kind: Mapping[str, Any], to: str) -> list[str]:
        if kind["type"] == "array":
            if kind["items"] == _NUMBER:
                return [f"{to}, i = unpack_row(d, i)"]
            return self._read_block(kind["items"], to, "[]", [], f"{to}.append(x)")
        if kind["values"] == _NUMBER:
            return [f"{to}, i = {self.keep(NumberMap().unpack)}(d, i)"]
        key = self.read("string", "n")
        return self._read_block(kind["values"], to, "{}", key, f"{to}[n] = x")

    def _read_block(self, item: Any, to: str, new: str, key: list[str], add: str) -> list[str]:
        body = [*key, *self.read(item, "x"), add]
        return [
            f"{to} = {new}; left, i = unpack_count(d, i)",
            "while left:",
            "    for _ in range(left):",
            *_indented(_indented(body)),
            "    left, i = unpack_count(d, i)",
        ]

    def _known(self, name: str) -> str:
        if _short(name) not in self._named:
            raise TypeError(f"no codec for {name}")
        return _short(name)


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
_READ = {
    "string": (*_STRING, "{to} = d[i:j].decode(); i = j"),
    "bytes": (*_STRING, "{to} = d[i:j]; i = j"),
    "long": _LONG,
    "int": tuple(line.replace("unpack_time", "unpack_int") for line in _LONG),
    "double": ("{to} = unpack_double(d, i)[0]; i += 8",),
    "boolean": ("{to} = (False, True)[d[i]]; i += 1",),
}
_WRITE = {
    "string": ("q = v.encode()", "{to} = LENGTHS[len(q)] + q"),
    "bytes": ("{to} = LENGTHS[len(v)] + v",),
    "long": ("{to} = pack_long(v)",),
    "int": ("{to} = pack_int(v)",),
    "double": ("{to} = pack_double(v)",),
    "boolean": ("{to} = (b'\\0', b'\\1')[v]",),
}


def _runtime() -> dict[str, Any]:
    """What the generated code calls."""
    public = {key: value for key, value in vars(binary).items() if not key.startswith("_")}
    return {**public, "pack_row": pack_row, "unpack_row": unpack_row}


def _lookup(field: Mapping[str, Any], generator: _Generator) -> str:
    name = field["name"]
    if "default" not in field:
        return f"r[{name!r}]"
    if field["default"] is None:
        return f"r.get({name!r})"
    return f"r.get({name!r}, {generator.keep(field['default'])})"


def _optional(kinds: list[Any]) -> tuple[bytes, Any, bytes]:
    """The bytes of null's branch, the other type, the bytes of its branch."""
    if len(kinds) != 2 or "null" not in kinds:
        raise TypeError(f"no codec for the union {kinds}")
    null = kinds.index("null")
    return bytes([2 * null]), kinds[1 - null], bytes([2 - 2 * null])


def _symbols(kind: Mapping[str, Any]) -> list[str]:
    symbols: list[str] = kind["symbols"]
    if len(symbols) > 64:
        raise TypeError(f"no codec for the {len(symbols)} symbols of {kind['name']}")
    return symbols


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
