"""Schemas read their past; what would not is caught; older records arrive in today's fields."""

import copy
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest
from contract_records import EXAMPLES
from fastavro.read import SchemaResolutionError

from schemas.avro_schemas import NAMES, history, plain, rabin, text
from schemas.codec import SingleObjectCodec, decode, encode
from schemas.errors import IncompatibleSchema
from schemas.evolution import backward_problems, check_history

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", NAMES)
def test_today_reads_every_committed_version(name: str) -> None:
    check_history(name)


@pytest.mark.parametrize("name", NAMES)
def test_versions_succeed_one_another(name: str) -> None:
    versions = history(name)
    assert list(versions) == list(range(1, len(versions) + 1))
    assert versions[len(versions)] == text(name), "copy the schema to history as a new version"
    for older, newer in itertools.pairwise(versions.values()):
        assert not backward_problems(json.loads(newer), json.loads(older))


@pytest.mark.parametrize("version", sorted(history("decision")))
def test_a_decisions_last_field_is_its_fingerprint(version: int) -> None:
    assert json.loads(history("decision")[version])["fields"][-1]["name"] == "fingerprint"


def field_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in schema["fields"] if f["name"] == name)
    return found


def set_type(name: str, kind: object) -> Change:
    return lambda schema: field_of(schema, name).update(type=kind)


def add(**field: object) -> Change:
    return lambda schema: schema["fields"].append(field)


def symbols(change: Callable[[list[str]], object], name: str = "label") -> Change:
    return lambda schema: change(field_of(schema, name)["type"]["symbols"])


BREAKING: list[tuple[str, str, Change]] = [
    ("a field without default", "label", add(name="note", type="string")),
    ("a removed symbol", "label", symbols(lambda all_: all_.remove("FRAUD"))),
    ("another type", "label", set_type("event_time", "string")),
    ("a narrower type", "label", set_type("event_time", "int")),
    (
        "no null any more",
        "label",
        lambda schema: (
            field_of(schema, "supersedes").update(type="string"),
            field_of(schema, "supersedes").pop("default"),
        ),
    ),
    ("another branch", "label", set_type("reason_code", ["null", "long"])),
    ("a renamed field", "label", lambda schema: field_of(schema, "card_id").update(name="card")),
    ("a renamed record", "label", lambda schema: schema.update(name="verdict")),
    ("other values", "transaction", set_type("attributes", {"type": "map", "values": "string"})),
    ("other items", "activity", set_type("card_features", {"type": "array", "items": "double"})),
    (
        "deep inside",
        "activity",
        lambda schema: field_of(schema, "src")["type"]["fields"].append(
            {"name": "epoch", "type": "int"}
        ),
    ),
]
HARMLESS: list[tuple[str, str, Change]] = [
    ("a field with default", "label", add(name="note", type=["null", "string"], default=None)),
    (
        "a removed field",
        "label",
        lambda schema: schema["fields"].remove(field_of(schema, "source")),
    ),
    ("another symbol", "label", symbols(lambda all_: all_.append("SUSPECTED"))),
    ("a wider type", "label", set_type("event_time", "double")),
    ("null as well", "label", set_type("card_id", ["null", "string"])),
    (
        "a renamed field with alias",
        "label",
        lambda schema: field_of(schema, "card_id").update(name="card", aliases=["card_id"]),
    ),
    ("another order", "label", lambda schema: schema["fields"].reverse()),
    ("other words", "label", lambda schema: schema.update(doc="Better said.")),
    (
        "a removed symbol with default",
        "label",
        lambda schema: (
            field_of(schema, "label")["type"]["symbols"].remove("FRAUD"),
            field_of(schema, "label")["type"].update(default="INCONCLUSIVE"),
        ),
    ),
]


def changed(name: str, change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    old = json.loads(text(name))
    new = copy.deepcopy(old)
    change(new)
    return new, old


def reference_reads(new: dict[str, Any], old: dict[str, Any], record: dict[str, Any]) -> bool:
    """Whether fastavro can read one record: the naive check."""
    data = io.BytesIO()
    fastavro.schemaless_writer(data, plain(json.dumps(old)), record)
    data.seek(0)
    try:
        fastavro.schemaless_reader(data, plain(json.dumps(old)), plain(json.dumps(new)))
    except (SchemaResolutionError, TypeError):
        return False
    return True


@pytest.mark.parametrize(("what", "name", "change"), BREAKING, ids=[row[0] for row in BREAKING])
def test_breaking_changes_are_caught(what: str, name: str, change: Change) -> None:
    new, old = changed(name, change)
    assert backward_problems(new, old), what
    if what != "a renamed record":  # fastavro does not compare the outermost names
        assert not reference_reads(new, old, EXAMPLES[name])


@pytest.mark.parametrize(("what", "name", "change"), HARMLESS, ids=[row[0] for row in HARMLESS])
def test_harmless_changes_pass(what: str, name: str, change: Change) -> None:
    new, old = changed(name, change)
    assert backward_problems(new, old) == [], what
    assert reference_reads(new, old, EXAMPLES[name])


def test_problems_name_the_place() -> None:
    new, old = changed("activity", BREAKING[-1][2])
    assert backward_problems(new, old) == ["schema.src.epoch: was not written and has no default"]


def test_the_error_tells_what_to_do() -> None:
    error = IncompatibleSchema("label against v1", expected="BACKWARD", came="x")
    assert "default" in str(error)
    assert error.code == "INCOMPATIBLE_SCHEMA"


@pytest.mark.parametrize("name", ["decision", "drift_counts"])
def test_what_a_first_version_did_not_say_is_read_as_nothing(name: str) -> None:
    path = Path(__file__).parent / "golden" / f"{name}.v1.hex"
    _, found = decode(bytes.fromhex(path.read_text()))
    if name == "decision":
        assert [found[word] for word in ("channel", "country", "mcc")] == [None, None, None]
    else:
        assert [day["segment"] for day in found["days"]] == [""]


def older_transaction() -> str:
    schema = json.loads(text("transaction"))
    gone = ("attributes", "message_type", "rrn")
    schema["fields"] = [field for field in schema["fields"] if field["name"] not in gone]
    field_of(schema, "amount_minor")["type"] = "int"
    return json.dumps(schema)


def test_an_older_version_is_read_into_todays_fields() -> None:
    source = older_transaction()
    codec = SingleObjectCodec(
        lambda name: history(name) | ({0: source} if name == "transaction" else {})
    )
    body = io.BytesIO()
    fastavro.schemaless_writer(body, plain(source), EXAMPLES["transaction"])
    data = b"\xc3\x01" + rabin(plain(source)) + body.getvalue()
    expected = {**EXAMPLES["transaction"], "attributes": {}, "message_type": "0100", "rrn": None}
    assert codec.decode(data) == ("transaction", expected)
    assert (
        codec.decode(encode("transaction", EXAMPLES["transaction"]))[1] == EXAMPLES["transaction"]
    )
