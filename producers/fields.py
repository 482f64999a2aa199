"""The fields of an event, read from its Avro schema, so that files need no second list of them."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from schemas import avro_schemas

Kind = Literal["text", "time", "integer", "flag"]

_KINDS: dict[str, Kind] = {"long": "integer", "boolean": "flag"}


@dataclass(frozen=True)
class FieldSpec:
    """A field of an event: `symbols` are the only values allowed, where there are any."""

    name: str
    kind: Kind
    required: bool
    default: str | int | None = None
    symbols: tuple[str, ...] = ()


@cache
def fields_of(event: str) -> tuple[FieldSpec, ...]:
    """Return the fields of an event in the schema's order, maps left out.

    >>> [field.name for field in fields_of("label")][:2]
    ['label_id', 'transaction_id']
    """
    found = json.loads(avro_schemas.text(event))["fields"]
    return tuple(spec for spec in map(_field, found) if spec is not None)


def _field(found: dict[str, Any]) -> FieldSpec | None:
    declared = found["type"]
    if isinstance(declared, list):
        declared = next(branch for branch in declared if branch != "null")
    detail = declared if isinstance(declared, dict) else {"type": declared}
    if detail["type"] == "map":
        return None
    kind = "time" if "logicalType" in detail else _KINDS.get(detail["type"], "text")
    symbols = tuple(detail.get("symbols", ()))
    return FieldSpec(found["name"], kind, "default" not in found, found.get("default"), symbols)
