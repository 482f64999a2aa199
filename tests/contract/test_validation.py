"""Every bad input of the contract has its code, from a dictionary and from the model."""

import math
from typing import Any

import pytest
from contract_records import EXAMPLES, TRANSACTION, valid_records_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.codec import decode, encode
from schemas.errors import EventError, PanDetected
from schemas.events import Transaction
from schemas.validation import validate_command, validate_label, validate_transaction

MANY = settings(max_examples=60, deadline=None)
PAN = "4111111111111111"
NAN, INF = math.nan, math.inf

BAD: list[tuple[str, dict[str, Any]]] = [
    *[("INVALID_AMOUNT", {"amount_minor": v}) for v in (NAN, INF, -INF, -1, -(2**63))],
    *[("INVALID_AMOUNT", {"amount_minor": v}) for v in (10**12 + 1, 2**63, 12.5, 12.0, "12", True)],
    *[
        ("UNKNOWN_CURRENCY", {"currency": v})
        for v in ("EUX", "eur", "978", "€", "EURO", " EUR", 978)
    ],
    *[
        ("MISSING_REQUIRED_FIELD", {key: empty})
        for key in ("transaction_id", "card_id", "terminal_id", "currency")
        for empty in (None,)
    ],
    *[
        ("MISSING_REQUIRED_FIELD", {key: ""})
        for key in ("transaction_id", "card_id", "terminal_id")
    ],
    *[("MISSING_REQUIRED_FIELD", {key: None}) for key in ("event_time", "amount_minor")],
    *[("INVALID_FIELD", {"attributes": {"x": v}}) for v in (NAN, INF, -INF, "1", True)],
    ("INVALID_FIELD", {"attributes": None}),
    ("INVALID_FIELD", {"attributes": {f"a{i}": 1.0 for i in range(2000)}}),
    *[("INVALID_FIELD", {"event_time": v}) for v in (2**63, -(2**63), 1.5, NAN, "now", 10**15)],
    *[("INVALID_FIELD", {"mcc": v}) for v in ("541", "54111", "abcd", "٥٤١١", "5411\n", 5411)],
    *[("INVALID_FIELD", {"country": v}) for v in ("FRA", "fr", "")],
    *[("INVALID_FIELD", {"message_type": v}) for v in (None, "", "100")],
    ("INVALID_FIELD", {"card_present": "yes"}),
    ("INVALID_FIELD", {"card_id": 4961}),
    ("INVALID_FIELD", {"card_id": "x" * 1_000_000}),
    ("INVALID_FIELD", {"channel": "x" * 257}),
    *[
        ("PAN_DETECTED", {key: PAN})
        for key in EXAMPLES["transaction"]
        if key.endswith("_id") or key in ("entry_mode", "channel", "stan", "rrn")
    ],
    ("PAN_DETECTED", {"channel": "card 4111-1111 1111-1111!"}),
    ("PAN_DETECTED", {"attributes": {PAN: 1.0}}),
    ("PAN_DETECTED", {"attributes": {"score of " + PAN: None}}),
    ("PAN_DETECTED", {"attributes": {"number": float(PAN)}}),
]


def code_of(validate: Any, record: Any) -> str:
    with pytest.raises(EventError) as caught:
        validate(record)
    assert PAN not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert not caught.value.retriable
    return caught.value.code


@pytest.mark.parametrize(("code", "change"), BAD, ids=lambda value: str(value)[:40])
def test_bad_transactions(code: str, change: dict[str, Any]) -> None:
    assert code_of(validate_transaction, {**TRANSACTION, **change}) == code


@pytest.mark.parametrize(("code", "change"), BAD, ids=lambda value: str(value)[:40])
def test_the_model_refuses_the_same(code: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Transaction.model_validate({**TRANSACTION, **change}, strict=True)
    assert PAN not in str(caught.value), code


@pytest.mark.parametrize("key", [k for k, f in Transaction.model_fields.items() if f.is_required()])
def test_missing_fields(key: str) -> None:
    record = {k: v for k, v in TRANSACTION.items() if k != key}
    assert code_of(validate_transaction, record) == "MISSING_REQUIRED_FIELD"


@pytest.mark.parametrize(
    "key", [k for k, f in Transaction.model_fields.items() if not f.is_required()]
)
def test_optional_fields_may_be_missing(key: str) -> None:
    validate_transaction({k: v for k, v in TRANSACTION.items() if k != key})


def test_what_is_missing_goes_before_what_is_wrong() -> None:
    record = {**TRANSACTION, "transaction_id": 7, "card_id": None, "amount_minor": -1}
    assert code_of(validate_transaction, record) == "MISSING_REQUIRED_FIELD"


def test_what_is_no_record() -> None:
    for thing in (None, [], "text", 7):
        assert code_of(validate_transaction, thing) == "SCHEMA_INVALID"


def test_the_edges_are_good() -> None:
    for change in (
        {"amount_minor": 0},
        {"amount_minor": 10**12},
        {"event_time": 0},
        {"event_time": -1},
        {"event_time": 4_070_908_800_000},
        {"attributes": {}},
        {"attributes": {"x": None, "y": 1, "z": -1.7e308}},
        {"attributes": {"seen_at": 1_522_540_831_000.0}},
        {"unknown": "field"},
        {"message_type": "0420"},
    ):
        validate_transaction({**TRANSACTION, **change})


@MANY
@given(record=valid_records_of("transaction"))
def test_good_transactions(record: dict[str, Any]) -> None:
    before = dict(record)
    validate_transaction(record)
    assert record == before
    validate_transaction(decode(encode("transaction", record))[1])


@MANY
@given(record=valid_records_of("label"))
def test_good_labels(record: dict[str, Any]) -> None:
    validate_label(record)


@MANY
@given(change=st.fixed_dictionaries({}, optional={k: st.from_type(object) for k in TRANSACTION}))
def test_anything_is_good_or_refused_with_a_code(change: dict[str, Any]) -> None:
    try:
        validate_transaction({**TRANSACTION, **change})
    except EventError as error:
        assert str(error).endswith(f"[{error.code}]")  # noqa: PT017


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("MISSING_REQUIRED_FIELD", {"label_id": ""}),
        ("MISSING_REQUIRED_FIELD", {"label": None}),
        ("INVALID_FIELD", {"label": "MAYBE"}),
        ("INVALID_FIELD", {"source": "RUMOUR"}),
        ("INVALID_FIELD", {"observed_at": "today"}),
        ("PAN_DETECTED", {"card_id": PAN}),
        ("PAN_DETECTED", {"reason_code": "10.4 " + PAN}),
    ],
)
def test_bad_labels(code: str, change: dict[str, Any]) -> None:
    assert code_of(validate_label, {**EXAMPLES["label"], **change}) == code


def test_commands() -> None:
    validate_command(EXAMPLES["command"])
    assert code_of(validate_command, {**EXAMPLES["command"], "kind": "STOP"}) == "INVALID_FIELD"
    spilled = {**EXAMPLES["command"], "payload": f'{{"card": "{PAN}"}}'}
    assert code_of(validate_command, spilled) == "PAN_DETECTED"


def test_the_error_names_the_field_that_holds_the_pan() -> None:
    with pytest.raises(PanDetected, match="'stan'"):
        validate_transaction({**TRANSACTION, "stan": PAN})
