"""BACKWARD compatibility: today's schema must read what every earlier version wrote.

The rules are those of Avro 1.12, "Schema Resolution". A test runs `check_history` over the whole
contract: a change that would strand records in a topic does not pass.
To change a schema: edit `avro/<name>.avsc`, copy it to `avro/history/<name>.v<N+1>.avsc`, never
touch an earlier copy.
"""

import json
from collections.abc import Iterator
from typing import Any

from schemas.avro_schemas import history, text
from schemas.errors import IncompatibleSchema

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def backward_problems(reader: Any, writer: Any) -> list[str]:
    """Why a reader's schema cannot read a writer's (parsed JSON each); empty when it can.

    >>> backward_problems("long", "int"), backward_problems("int", "long")
    ([], ['schema: reads int, was written as long'])
    """
    return list(_Check(_types(reader), _types(writer)).problems(reader, writer, "schema"))


def check_history(name: str) -> None:
    """IncompatibleSchema where today's schema cannot read a committed version of itself."""
    today = json.loads(text(name))
    for version, source in history(name).items():
        problems = backward_problems(today, json.loads(source))
        if problems:
            where = f"schemas/avro/{name}.avsc against v{version}"
            raise IncompatibleSchema(where, expected="BACKWARD", came="; ".join(problems))


class _Check:
    def __init__(self, reader_types: dict[str, Any], writer_types: dict[str, Any]) -> None:
        self._reader_types, self._writer_types = reader_types, writer_types

    def problems(self, reader: Any, writer: Any, at: str) -> Iterator[str]:
        reader = self._reader_types.get(reader, reader) if isinstance(reader, str) else reader
        writer = self._writer_types.get(writer, writer) if isinstance(writer, str) else writer
        if isinstance(writer, list):
            for branch in writer:
                yield from self.problems(reader, branch, at)
        elif isinstance(reader, list):
            if all(any(self.problems(branch, writer, at)) for branch in reader):
                yield f"{at}: no branch of {_kinds(reader)} reads {_kind(writer)}"
        else:
            yield from self._plain(reader, writer, at)

    def _plain(self, reader: Any, writer: Any, at: str) -> Iterator[str]:
        kind, wrote = _kind(reader), _kind(writer)
        if kind != wrote:
            if kind not in _PROMOTIONS.get(wrote, ()):
                yield f"{at}: reads {kind}, was written as {wrote}"
        elif kind in ("record", "enum", "fixed") and not _same_name(reader, writer):
            yield f"{at}: reads {reader['name']}, was written as {writer['name']}"
        elif kind == "record":
            yield from self._record(reader, writer, at)
        elif kind == "enum":
            yield from _enum(reader, writer, at)
        elif kind == "fixed" and reader["size"] != writer["size"]:
            yield f"{at}: reads {reader['size']} bytes, {writer['size']} were written"
        elif kind in ("array", "map"):
            inner = "items" if kind == "array" else "values"
            yield from self.problems(reader[inner], writer[inner], f"{at}.{inner}")

    def _record(self, reader: Any, writer: Any, at: str) -> Iterator[str]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            names = [field["name"], *field.get("aliases", [])]
            match = next((written[name] for name in names if name in written), None)
            if match is not None:
                yield from self.problems(field["type"], match["type"], f"{at}.{field['name']}")
            elif "default" not in field:
                yield f"{at}.{field['name']}: was not written and has no default"


def _enum(reader: Any, writer: Any, at: str) -> Iterator[str]:
    gone = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
    if gone and "default" not in reader:
        yield f"{at}: does not know {', '.join(gone)}"


def _same_name(reader: Any, writer: Any) -> bool:
    names = [reader["name"], *reader.get("aliases", [])]
    return writer["name"].rsplit(".", 1)[-1] in [name.rsplit(".", 1)[-1] for name in names]


def _kind(schema: Any) -> str:
    return _kind(schema["type"]) if isinstance(schema, dict) else str(schema)


def _kinds(union: list[Any]) -> str:
    return "|".join(map(_kind, union))


def _types(schema: Any, space: str = "") -> dict[str, Any]:
    """Every named type by its full name and by its short one."""
    found: dict[str, Any] = {}
    if isinstance(schema, list):
        for branch in schema:
            found |= _types(branch, space)
    elif isinstance(schema, dict):
        space = schema.get("namespace", space)
        if isinstance(schema.get("name"), str) and "type" in schema and schema["type"] in _NAMED:
            found |= {schema["name"]: schema, f"{space}.{schema['name']}": schema}
        for key in ("type", "items", "values", "fields"):
            found |= _types(schema[key], space) if key in schema else {}
    return found


_NAMED = ("record", "enum", "fixed")
