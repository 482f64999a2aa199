"""What is written is read, by the codec, by fastavro, and through the pydantic models."""

import io
import json

import fastavro
import pytest
from contract_records import EXAMPLES, records_of, valid_records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro_schemas import NAMES, text
from schemas.codec import compiled, decode, encode, encoder, today
from schemas.events import EVENTS

FEW = settings(max_examples=15, deadline=None)


def test_every_schema_has_an_event_and_an_example() -> None:
    assert set(NAMES) == set(EVENTS) == set(EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(data=st.data())
def test_dict_round_trip(name: str, data: st.DataObject) -> None:
    record = data.draw(records_of(name))
    encoded = encode(name, record)
    assert decode(encoded) == (name, record)
    assert encoder(name)(record) == encoded


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(data=st.data())
def test_bytes_are_those_of_fastavro(name: str, data: st.DataObject) -> None:
    record = data.draw(records_of(name))
    reference = io.BytesIO()
    fastavro.schemaless_writer(reference, today(name), record)
    assert compiled(name).write(record) == reference.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_pydantic_round_trip_of_examples(name: str) -> None:
    event = EVENTS[name].of(EXAMPLES[name])
    assert EVENTS[name].of(decode(encode(name, event.record()))[1]) == event
    assert event.record() == EXAMPLES[name]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"transaction", "activity", "label"}))
@FEW
@given(data=st.data())
def test_pydantic_round_trip(name: str, data: st.DataObject) -> None:
    record = data.draw(valid_records_of(name) if name == "command" else records_of(name))
    event = EVENTS[name].of(record)
    assert encode(name, event.record()) == encode(name, record)


@pytest.mark.parametrize("name", ["transaction", "label"])
@FEW
@given(data=st.data())
def test_pydantic_round_trip_of_published_events(name: str, data: st.DataObject) -> None:
    record = data.draw(valid_records_of(name))
    event = EVENTS[name].of(record)
    assert EVENTS[name].of(decode(encode(name, event.record()))[1]) == event


@FEW
@given(record=valid_records_of("transaction"))
def test_pydantic_round_trip_of_activity(record: dict[str, object]) -> None:
    activity = {**EXAMPLES["activity"], "transaction": record}
    assert EVENTS["activity"].of(activity).record() == activity


@pytest.mark.parametrize("name", NAMES)
def test_models_and_schemas_agree(name: str) -> None:
    fields = json.loads(text(name))["fields"]
    model = EVENTS[name].model_fields
    assert list(model) == [field["name"] for field in fields]
    for field in fields:
        assert model[field["name"]].is_required() == ("default" not in field), field["name"]
        if "default" in field:
            default = model[field["name"]].get_default(call_default_factory=True)
            assert default == field["default"]


def test_maps_keep_the_order_of_the_dictionary() -> None:
    one = {**EXAMPLES["decision"], "features": {"b": 1.0, "a": 2.0}}
    other = {**EXAMPLES["decision"], "features": {"a": 2.0, "b": 1.0}}
    assert encode("decision", one) != encode("decision", other)
    assert list(decode(encode("decision", one))[1]["features"]) == ["b", "a"]


def test_optional_fields_may_be_left_out() -> None:
    needed = {k: v for k, v in EXAMPLES["transaction"].items() if v is not None}
    del needed["arrival"], needed["message_type"], needed["attributes"]
    read = decode(encode("transaction", needed))[1]
    assert (read["arrival"], read["message_type"], read["attributes"]) == (None, "0100", {})


def test_times_are_plain_integers() -> None:
    assert decode(encode("transaction", EXAMPLES["transaction"]))[1]["event_time"].__class__ is int


def test_one_definition_of_each_named_type() -> None:
    found: dict[str, str] = {}
    for name in NAMES:
        for kind in _named(json.loads(text(name))):
            definition = json.dumps(kind)
            assert found.setdefault(kind["name"], definition) == definition, kind["name"]


def _named(node: object) -> list[dict[str, object]]:
    if isinstance(node, list):
        return [kind for item in node for kind in _named(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") in ("record", "enum") else []
    return own + [kind for value in node.values() for kind in _named(value)]
