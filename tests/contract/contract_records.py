"""Records of every schema: by hand for golden bytes, at random for properties."""

import json
from typing import Any

from hypothesis import strategies as st

from schemas.avro_schemas import text
from schemas.currencies import CURRENCIES

TRANSACTION: dict[str, Any] = {
    "transaction_id": "1754154",
    "card_id": "4961",
    "terminal_id": "3412",
    "merchant_id": None,
    "event_time": 1_522_540_831_000,
    "arrival": 1_522_540_831_250,
    "amount_minor": 5716,
    "currency": "EUR",
    "mcc": "5411",
    "entry_mode": "chip",
    "card_present": True,
    "channel": "pos",
    "country": "FR",
    "acquirer_id": None,
    "message_type": "0100",
    "stan": None,
    "rrn": None,
    "attributes": {"device_risk": 0.25, "ip_risk": None},
}
SOURCE = {"stage": "profile", "partition": 3, "offset": 123_456}
MODEL, RULESET = {"name": "champion", "version": 4711}, {"name": "baseline", "version": 1}
REASONS = [{"code": "CARD_VELOCITY_1H", "text": "9 transactions in 1 h, usually 0.4"}]
_IDS = {key: TRANSACTION[key] for key in ("transaction_id", "card_id", "terminal_id")}
_MONEY = {"event_time": 1_522_540_831_000, "amount_minor": 5716, "currency": "EUR"}
_FEATURES = {"amount": 57.16, "card_count_1d": 2.0, "terminal_risk_7d": None}
_SCORED = {"decision": "DECLINE", "score": 0.875, "threshold": 0.5, "model": MODEL}
_FOUND = {"label": "FRAUD", "event_time": 1_522_540_831_000, "observed_at": 1_523_145_631_000}

EXAMPLES: dict[str, dict[str, Any]] = {
    "transaction": TRANSACTION,
    "activity": {
        "src": SOURCE,
        "transaction": TRANSACTION,
        "feature_spec": "0123456789abcdef",
        "card_features": [2.0, None, None, -0.5],
        "late": False,
    },
    "terminal_outcome": {"src": SOURCE, "outcome_id": "o1", **_IDS, **_FOUND},
    "control_marker": {
        "sequence": 2,
        "model": None,
        "ruleset": RULESET,
        "threshold": 0.5,
        "reason": "first rules",
        "control_share": {"share": 0.02, "seed": 7},
    },
    "decision": {
        **_IDS,
        **_MONEY,
        **{key: TRANSACTION[key] for key in ("channel", "country", "mcc")},
        **_SCORED,
        "ruleset": RULESET,
        "logic_version": 2,
        "feature_spec": "0123456789abcdef",
        "reasons": REASONS,
        "features": _FEATURES,
        "incomplete": False,
        "late": False,
        "src": SOURCE,
        "fingerprint": "6b" * 32,
    },
    "alert": {
        "alert_id": "a1",
        "card_id": "4961",
        "transaction_id": "1754154",
        "severity": "HIGH",
        "status": "OPEN",
        "dedup_key": "card/4961",
        "suppressed_until": 1_522_627_231_000,
        "decision": "DECLINE",
        "score": 0.875,
        "reasons": REASONS,
        "event_time": 1_522_540_831_000,
        "src": SOURCE,
    },
    "label": {
        "label_id": "l1",
        **_IDS,
        **_FOUND,
        "source": "CHARGEBACK",
        "reason_code": "10.4",
        "supersedes": None,
    },
    "outcome": {
        "outcome_id": "o1",
        "label_id": "l1",
        **_IDS,
        **_MONEY,
        **_SCORED,
        **_FOUND,
        "source": "CHARGEBACK",
        "weight": 10.0,
        "presumed": True,
        "corrects": 1.0,
        "feature_spec": "0123456789abcdef",
        "features": _FEATURES,
        "decided_src": SOURCE,
    },
    "command": {
        "command_id": "c1",
        "kind": "PROMOTE",
        "payload": '{"model": "challenger@12"}',
        "actor": "ana",
        "issued_at": 1_523_145_631_000,
    },
    "model_snapshot": {
        "name": "champion",
        "version": 4711,
        "parent": None,
        "kind": "logistic",
        "feature_spec": "0123456789abcdef",
        "river_version": "0.26.1",
        "offset": 4711,
        "metrics": {"auc": 0.875},
        "payload": b'{"weights":[0.5]}',
        "sha256": "5a" * 32,
        "trained_from": 12,
        "threshold": 0.125,
        "part": 0,
        "parts": 1,
        "platform": "CPython 3.11, numpy 2.2.6, Linux x86_64, glibc 2.36",
    },
    "ruleset": {"name": "baseline", "version": 1, "yaml": "rules: []\n", "sha256": "5a" * 32},
    "audit_entry": {
        "number": 12,
        "offset": 4711,
        "kind": "PROMOTE",
        "result": "DONE",
        "actor": "ana",
        "at": 1_523_145_631_000,
        "what": "promoted champion@4711 by ana: drift",
        "command_id": "c1",
        "command_sha256": "5a" * 32,
        "approves": None,
        "model": MODEL,
        "ruleset": RULESET,
        "threshold": 0.5,
        "published": {"model/champion@4711": "5a" * 32},
        "policy": {"publish_every": "1000"},
        "previous": "07" * 32,
        "hash": "e9" * 32,
    },
    "drift_counts": {
        "below": 17_652,
        "days": [{"day": 17_651, "counts": b"\x01\x00\xff", "segment": "country=FR"}],
        "src": SOURCE,
    },
    "drift_signal": {
        "signal_id": "d1",
        "detector": "ADWIN",
        "subject": "score",
        "state": "FIRED",
        "statistic": 0.125,
        "threshold": 0.0625,
        "reference": "mean 0.01",
        "current": "mean 0.135",
        "severity": "MEDIUM",
        "event_time": 1_522_540_831_000,
        "src": SOURCE,
    },
    "dead_letter": {
        "code": "SCHEMA_INVALID",
        "cause": "é is not ASCII",
        "stage": "profile",
        "topic": "fraud.transactions",
        "partition": 3,
        "offset": 123_456,
        "key": None,
        "original": b"\x00\xff garbage",
        "truncated": False,
        "original_sha256": "5a" * 32,
    },
}

_DOUBLES = st.floats(allow_nan=False)
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=90),
    "bytes": st.binary(max_size=300),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1) | st.integers(-100, 10_000),
    "double": _DOUBLES,
    "boolean": st.booleans(),
    "null": st.none(),
}


def records_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Anything that the Avro schema allows."""
    return _strategy(json.loads(text(name)), {})


def _strategy(kind: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(kind, list):
        return st.one_of([_strategy(branch, named) for branch in kind])
    if isinstance(kind, str):
        return _PRIMITIVES[kind] if kind in _PRIMITIVES else named[kind]
    made: st.SearchStrategy[Any]
    match kind["type"]:
        case "record":
            made = st.fixed_dictionaries(
                {f["name"]: _strategy(f["type"], named) for f in kind["fields"]}
            )
        case "enum":
            made = st.sampled_from(kind["symbols"])
        case "array":
            made = st.lists(_strategy(kind["items"], named), max_size=12)
        case "map":
            values = _strategy(kind["values"], named)
            made = st.dictionaries(st.text(max_size=9), values, max_size=9)
        case primitive:
            made = _strategy(primitive, named)
    return named.setdefault(f"fraud.{kind['name']}", made) if "name" in kind else made


_NAME = st.text("abcdefghij_é-", min_size=1, max_size=20)
_MILLIS = st.integers(0, 4_000_000_000_000)
_VALID: dict[str, st.SearchStrategy[Any]] = {
    "event_time": _MILLIS,
    "arrival": st.none() | _MILLIS,
    "observed_at": _MILLIS,
    "issued_at": _MILLIS,
    "amount_minor": st.integers(0, 10**12),
    "currency": st.sampled_from(sorted(CURRENCIES)),
    "mcc": st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
    "message_type": st.sampled_from(["0100", "0120", "0200", "0400"]),
    "country": st.none() | st.sampled_from(["FR", "DE"]),
    "card_present": st.none() | st.booleans(),
    "label": st.sampled_from(["FRAUD", "LEGITIMATE", "INCONCLUSIVE"]),
    "source": st.sampled_from(["ANALYST", "CHARGEBACK", "TC40", "CUSTOMER", "ISSUER"]),
    "kind": st.sampled_from(["RULES_APPLY", "PROMOTE", "FREEZE", "RESUME", "EXCLUDE"]),
    "attributes": st.dictionaries(
        _NAME, st.none() | st.floats(-1e9, 1e9, allow_nan=False), max_size=5
    ),
}


def valid_records_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records of a published event that keep every rule of the contract."""
    keys = EXAMPLES[name]
    return st.fixed_dictionaries({key: _VALID.get(key, _NAME) for key in keys})
