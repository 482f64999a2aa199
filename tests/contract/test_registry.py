"""Confluent's wire format, against Confluent's own serializers and in-memory registry."""

import json
from typing import Any

import pytest
from contract_records import EXAMPLES

pytest.importorskip("httpx2", reason="the extra `registry` is not installed")

from confluent_kafka.schema_registry import (
    Schema,
    record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from schemas.avro_schemas import NAMES, text
from schemas.codec import encode, encode_decision
from schemas.errors import RegistryUnavailable, SchemaInvalid, UnknownFingerprint
from schemas.registry import RegistryCodec

CONTEXT = SerializationContext("fraud.any", MessageField.VALUE)


@pytest.fixture
def codec() -> RegistryCodec:
    return RegistryCodec("mock://contract")


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(codec: RegistryCodec, name: str) -> None:
    data = codec.encode(name, EXAMPLES[name])
    assert data[0] == 0
    assert data[5:] == encode(name, EXAMPLES[name])[10:]
    assert codec.decode(data) == (name, EXAMPLES[name])


def test_every_schema_has_an_id_and_a_subject_of_its_own(codec: RegistryCodec) -> None:
    assert len({codec.header(name) for name in NAMES}) == len(NAMES)
    assert sorted(codec.client.get_subjects()) == sorted(f"fraud.{name}" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_confluents_deserializer_reads_what_we_write(codec: RegistryCodec, name: str) -> None:
    read = AvroDeserializer(codec.client)(codec.encode(name, EXAMPLES[name]), CONTEXT)
    assert set(read) == set(EXAMPLES[name])
    assert [read[k] for k in read if "id" in k] == [
        v for k, v in EXAMPLES[name].items() if "id" in k
    ]


@pytest.mark.parametrize("name", NAMES)
def test_we_read_what_confluents_serializer_writes(codec: RegistryCodec, name: str) -> None:
    settings = {"subject.name.strategy": record_subject_name_strategy}
    write = AvroSerializer(codec.client, text(name), conf=settings)
    assert codec.decode(write(EXAMPLES[name], CONTEXT)) == (name, EXAMPLES[name])


def test_a_newer_publisher_with_a_field_we_do_not_know(codec: RegistryCodec) -> None:
    schema = json.loads(text("transaction"))
    schema["fields"].insert(0, {"name": "wallet", "type": ["null", "string"], "default": None})
    data = written_by(codec, schema, {**EXAMPLES["transaction"], "wallet": "phone"})
    assert codec.decode(data) == ("transaction", EXAMPLES["transaction"])


def test_an_older_publisher_without_a_field(codec: RegistryCodec) -> None:
    schema = json.loads(text("transaction"))
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "attributes"]
    data = written_by(codec, schema, EXAMPLES["transaction"])
    assert codec.decode(data)[1] == {**EXAMPLES["transaction"], "attributes": {}}


def written_by(codec: RegistryCodec, schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    data: bytes = AvroSerializer(codec.client, json.dumps(schema))(record, CONTEXT)
    return data


def test_the_fingerprint_does_not_depend_on_the_framing(codec: RegistryCodec) -> None:
    decision = {k: v for k, v in EXAMPLES["decision"].items() if k != "fingerprint"}
    assert codec.encode_decision(decision)[5:] == encode_decision(decision)[10:]


def test_an_id_that_is_not_registered(codec: RegistryCodec) -> None:
    with pytest.raises(UnknownFingerprint):
        codec.decode(b"\x00\x00\x00\x30\x39body")


def test_schemas_of_other_people(codec: RegistryCodec) -> None:
    strangers = ['{"type": "record", "name": "invoice", "fields": []}', '"string"', "no Avro"]
    for stranger in strangers:
        number = codec.client.register_schema("invoice", Schema(stranger, "AVRO"))
        with pytest.raises(UnknownFingerprint):
            codec.decode(b"\x00" + number.to_bytes(4, "big") + b"body")


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00\x00", b"\xc3\x01" + bytes(20), None])
def test_bytes_of_another_framing(codec: RegistryCodec, data: bytes) -> None:
    with pytest.raises(SchemaInvalid):
        codec.decode(data)


def test_cut_off_and_trailing(codec: RegistryCodec) -> None:
    data = codec.encode("label", EXAMPLES["label"])
    for broken in (data[:-1], data + b"\x00", data[:5]):
        with pytest.raises(SchemaInvalid):
            codec.decode(broken)


def test_names_outside_the_contract(codec: RegistryCodec) -> None:
    with pytest.raises(KeyError):
        codec.encode("invoice", {})


def test_a_registry_that_does_not_answer() -> None:
    with pytest.raises(RegistryUnavailable) as caught:
        RegistryCodec("http://127.0.0.1:1").encode("label", EXAMPLES["label"])
    assert caught.value.retriable
    assert "may help" in str(caught.value)
