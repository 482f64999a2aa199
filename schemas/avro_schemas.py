"""The committed Avro schemas: today's, and every earlier version that may still lie in a topic."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

Schema = dict[str, Any]

_FOLDER = files("schemas") / "avro"
_VERSION = re.compile(r"(?P<name>\w+)\.v(?P<version>\d+)\.avsc")

NAMES = (
    "transaction",
    "activity",
    "terminal_outcome",
    "control_marker",
    "decision",
    "alert",
    "label",
    "outcome",
    "command",
    "model_snapshot",
    "ruleset",
    "audit_entry",
    "drift_counts",
    "drift_signal",
    "dead_letter",
)


@cache
def text(name: str) -> str:
    """Today's schema as committed, logical types and documentation included.

    >>> json.loads(text("transaction"))["name"]
    'transaction'
    """
    return (_FOLDER / f"{name}.avsc").read_text(encoding="utf-8")


@cache
def history(name: str) -> dict[int, str]:
    """Every committed version by number; the last one is today's.

    >>> sorted(history("transaction"))[0]
    1
    """
    found = [_VERSION.fullmatch(entry.name) for entry in (_FOLDER / "history").iterdir()]
    versions = sorted(int(m["version"]) for m in found if m and m["name"] == name)
    read = (_FOLDER / "history").joinpath
    return {v: read(f"{name}.v{v}.avsc").read_text(encoding="utf-8") for v in versions}


def plain(source: str) -> Schema:
    """A schema without its logical types, parsed: times are read and written as plain integers."""
    parsed = parse_schema(_without_logical(json.loads(source)))
    assert isinstance(parsed, dict)
    return parsed


def rabin(schema: Schema) -> bytes:
    """The CRC-64-AVRO fingerprint as single-object encoding has it: 8 bytes, little-endian.

    >>> len(rabin(plain(text("alert"))))
    8
    """
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def _without_logical(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_logical(v) for k, v in node.items() if k != "logicalType"}
    return [_without_logical(item) for item in node] if isinstance(node, list) else node
