"""What is encoded once and used again gives the very bytes of encoding it each time."""

import io
from typing import Any

import fastavro
import pytest
from contract_records import EXAMPLES, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import DEFAULT, decode, encode, encode_decision
from schemas.compiled import compile_schema
from schemas.errors import SchemaInvalid
from schemas.named_row import NamedRow

SOME = settings(max_examples=60, deadline=None)
COMMON = ("threshold", "model", "ruleset", "logic_version", "feature_spec")
DECISION = {k: v for k, v in EXAMPLES["decision"].items() if k != "fingerprint"}
encode_activity = DEFAULT.encoder("activity", ready=("transaction",))


@SOME
@given(activity=records_of("activity"))
def test_a_transactions_body_is_spliced_into_its_activity(activity: dict[str, Any]) -> None:
    published = encode("transaction", activity["transaction"])
    body = DEFAULT.body_of("transaction", published)
    assert encode_activity({**activity, "transaction": body}) == encode("activity", activity)
    assert encode_activity(activity) == encode("activity", activity)


def test_bodies_of_other_schemas_are_not_given() -> None:
    data = bytearray(encode("transaction", EXAMPLES["transaction"]))
    assert DEFAULT.body_of("activity", bytes(data)) is None
    data[5] ^= 1  # as an earlier version of the schema
    assert DEFAULT.body_of("transaction", bytes(data)) is None
    assert DEFAULT.body_of("transaction", b"") is None


def test_only_what_is_declared_may_be_ready() -> None:
    for change in ({"src": b"\x00"}, {"late": b"\x00"}, {"transaction": "text"}):
        with pytest.raises(SchemaInvalid):
            encode_activity({**EXAMPLES["activity"], **change})


@SOME
@given(one=records_of("decision"), other=records_of("decision"))
def test_common_values_of_decisions(one: dict[str, Any], other: dict[str, Any]) -> None:
    run = DEFAULT.decision_encoder({name: one[name] for name in COMMON})
    del one["fingerprint"], other["fingerprint"]
    for record in (one, other, {**other, "threshold": one["threshold"]}, one):
        assert run(record) == encode_decision(record)


def test_any_fields_may_be_common() -> None:
    for names in (["src"], ["transaction_id", "late"], ["model"], list(DECISION)):
        run = DEFAULT.decision_encoder({name: DECISION[name] for name in names})
        assert run(DECISION) == encode_decision(DECISION)
        assert run({**DECISION, "card_id": "other"}) == encode_decision(
            {**DECISION, "card_id": "other"}
        )


def test_common_values_that_do_not_fit_and_records_without_them() -> None:
    with pytest.raises(SchemaInvalid, match="threshold"):
        DEFAULT.decision_encoder({**DECISION, "threshold": "high"})
    run = DEFAULT.decision_encoder({name: DECISION[name] for name in COMMON})
    for missing in ("ruleset", "score"):
        with pytest.raises(SchemaInvalid, match=missing):
            run({k: v for k, v in DECISION.items() if k != missing})
    with pytest.raises(SchemaInvalid, match="threshold"):
        run({**DECISION, "threshold": None})


def test_a_decision_with_a_named_row() -> None:
    features = DECISION["features"]
    row = NamedRow(tuple(features), list(features.values()))
    data = encode_decision({**DECISION, "features": row})
    assert data == encode_decision(DECISION)
    assert decode(data)[1]["features"] == row == features


_INNER = {"type": "record", "name": "inner", "fields": [
    {"name": "a", "type": ["null", "string"]},
    {"name": "b", "type": ["null", "long"]},
    {"name": "c", "type": ["double", "null"]},
]}  # fmt: skip
_OUTER = {"type": "record", "name": "outer", "fields": [
    {"name": "one", "type": ["null", _INNER]},
    {"name": "two", "type": "inner"},
    {"name": "many", "type": {"type": "array", "items": ["null", "inner"]}},
    {"name": "named", "type": {"type": "map", "values": "inner"}},
]}  # fmt: skip
_INSIDE = st.fixed_dictionaries({
    "a": st.none() | st.text(max_size=3), "b": st.none() | st.integers(-9, 9),
    "c": st.none() | st.floats(allow_nan=False),
})  # fmt: skip


@SOME
@given(
    record=st.fixed_dictionaries(
        {
            "one": st.none() | _INSIDE,
            "two": _INSIDE,
            "many": st.lists(st.none() | _INSIDE, max_size=3),
            "named": st.dictionaries(st.text(max_size=3), _INSIDE, max_size=3),
        }
    )
)
def test_optional_fields_within_optional_records(record: dict[str, Any]) -> None:
    pair, reference = compile_schema(_OUTER), io.BytesIO()
    fastavro.schemaless_writer(reference, fastavro.parse_schema(_OUTER), record)
    assert pair.write(record) == reference.getvalue()
    assert pair.read(b"??" + reference.getvalue(), 2) == (record, 2 + len(reference.getvalue()))
