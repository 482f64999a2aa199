"""Bytes from anywhere: a record or a declared error, never anything else."""

import re
import time

import pytest
from contract_records import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro_schemas import NAMES, plain, rabin, text
from schemas.codec import compiled, decode, encode, encode_decision, encoder
from schemas.errors import SchemaInvalid, UnknownFingerprint

MANY = settings(max_examples=300, deadline=None)
GOOD = {name: encode(name, EXAMPLES[name]) for name in NAMES}


def read_or_refuse(data: bytes) -> None:
    try:
        name, record = decode(data)
    except (SchemaInvalid, UnknownFingerprint):
        return
    assert decode(encode(name, record))[0] == name


@MANY
@given(data=st.binary(max_size=200))
def test_noise(data: bytes) -> None:
    read_or_refuse(data)


@MANY
@given(name=st.sampled_from(NAMES), body=st.binary(max_size=300))
def test_noise_behind_a_known_fingerprint(name: str, body: bytes) -> None:
    read_or_refuse(GOOD[name][:10] + body)


@MANY
@given(name=st.sampled_from(NAMES), data=st.data())
def test_changed_bytes(name: str, data: st.DataObject) -> None:
    changed = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(10, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    read_or_refuse(bytes(changed))


@pytest.mark.parametrize("name", NAMES)
def test_cut_off_anywhere(name: str) -> None:
    for end in range(len(GOOD[name])):
        with pytest.raises(SchemaInvalid):
            decode(GOOD[name][:end])


@pytest.mark.parametrize("name", NAMES)
def test_trailing_bytes(name: str) -> None:
    for tail in (b"\x00", b"garbage", GOOD[name]):
        with pytest.raises(SchemaInvalid, match="SCHEMA_INVALID"):
            decode(GOOD[name] + tail)


def test_nothing_at_all() -> None:
    for nothing in (b"", None):
        with pytest.raises(SchemaInvalid, match="got 'nothing'"):
            decode(nothing)  # type: ignore[arg-type]


def test_unknown_fingerprint() -> None:
    with pytest.raises(UnknownFingerprint, match="0102030405060708"):
        decode(b"\xc3\x01" + bytes(range(1, 9)) + GOOD["label"][10:])


@pytest.mark.parametrize("garbage", [b"\x00", b"\xff", b"\xc3\x01", b"4111 ", b"{}"])
def test_a_megabyte_of_garbage_is_refused_quickly(garbage: bytes) -> None:
    data = garbage * (1_000_000 // len(garbage))
    started = time.perf_counter()
    for candidate in (data, *(good[:10] + data for good in GOOD.values())):
        read_or_refuse(candidate)
    assert time.perf_counter() - started < 10


def test_lengths_that_lie() -> None:
    start = GOOD["ruleset"][:10]
    for length in (b"\xfe" + b"\xff" * 8 + b"\x01", b"\x01", b"\xff" * 9 + b"\x01", b"\xff" * 20):
        with pytest.raises(SchemaInvalid):
            decode(start + length + b"baseline")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("transaction", {"card_id": None}),
        ("transaction", {"card_id": 7}),
        ("transaction", {"event_time": 1.5}),
        ("transaction", {"amount_minor": float("nan")}),
        ("transaction", {"amount_minor": 2**63}),
        ("transaction", {"attributes": {"x": "y"}}),
        ("transaction", {"card_present": "yes"}),
        ("activity", {"card_features": [1.0, "x"]}),
        ("activity", {"src": None}),
        ("decision", {"decision": "MAYBE"}),
        ("decision", {"logic_version": 2**31}),
        ("dead_letter", {"original": "text"}),
        ("model_snapshot", {"metrics": {"auc": None}}),
    ],
)
def test_records_that_do_not_fit(name: str, change: dict[str, object]) -> None:
    with pytest.raises(SchemaInvalid, match=next(iter(change))):
        encode(name, {**EXAMPLES[name], **change})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(SchemaInvalid, match="score"):
        encode_decision({k: v for k, v in EXAMPLES["decision"].items() if k != "score"})


def test_names_outside_the_contract_are_the_callers_fault() -> None:
    for call in (encoder, compiled):
        with pytest.raises(KeyError):
            call("invoice")


def test_fingerprints_are_the_rabin_fingerprints_of_avro() -> None:
    # Published with Avro: the fingerprint of "int" is 0x7275d51a3f395c8f.
    assert rabin("int") == (0x7275D51A3F395C8F).to_bytes(8, "little")  # type: ignore[arg-type]
    for name in NAMES:
        assert GOOD[name][:10] == b"\xc3\x01" + rabin(plain(text(name)))
        assert re.fullmatch("[a-z_]+", name)
