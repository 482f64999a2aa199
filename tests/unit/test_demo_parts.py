"""World, tally and summary of the demo, each by itself."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from producers.handbook import DAY_MS
from schemas import topics
from schemas.validation import validate_label, validate_transaction
from streams.demo.alert_line import alert_line
from streams.demo.lag import sources
from streams.demo.summary import summary
from streams.demo.tally import Tally, refused_id
from streams.demo.view import Figures
from streams.demo.world import START_MS, WorldDoesNotFit, WorldRequest
from streams.wire import codec

SMALL = WorldRequest(400, customers=100, terminals=200, label_delay_days=1)


def test_records_are_what_the_contract_asks_for() -> None:
    arrivals = list(SMALL.arrivals())
    transactions = [a.record for a in arrivals if a.event == "transaction"]
    labels = [a.record for a in arrivals if a.event == "label"]
    assert len(transactions) == len(labels) == 400
    for record in transactions:
        validate_transaction(record)
        assert codec.decode(codec.encode("transaction", record))[1] == record
    for record in labels:
        validate_label(record)
        assert codec.decode(codec.encode("label", record))[1] == record


def test_everything_comes_in_the_order_of_arrival() -> None:
    times = [arrival.at for arrival in SMALL.arrivals()]
    assert times == sorted(times)
    events = [arrival.event for arrival in SMALL.arrivals()]
    assert events.index("label") < 400 - events[::-1].index("transaction")


def test_a_world_after_another_begins_after_it_with_ids_of_its_own() -> None:
    first = list(SMALL.arrivals())
    last = max(a.record["event_time"] for a in first)
    second = SMALL.after(last, now=START_MS + 400 * DAY_MS)
    later = next(iter(second.arrivals()))
    assert later.at > last
    assert later.record["transaction_id"] not in {a.record["transaction_id"] for a in first}
    assert later.record["card_id"] == first[0].record["card_id"]


def test_a_world_in_the_future_is_refused() -> None:
    with pytest.raises(WorldDoesNotFit, match="fraud down --wipe"):
        SMALL.after(START_MS + 10 * DAY_MS, now=START_MS + 11 * DAY_MS)


def test_an_empty_log_or_an_older_one_moves_nothing() -> None:
    assert SMALL.after(None, now=0) is SMALL
    assert SMALL.after(START_MS - 1, now=0) is SMALL


def decision(transaction_id: str, score: float = 0.5, model: dict[str, Any] | None = None) -> bytes:
    body = {
        "transaction_id": transaction_id, "card_id": "c", "terminal_id": "m", "event_time": 1,
        "amount_minor": 1, "currency": "EUR", "channel": None,
        "country": None, "mcc": None, "decision": "APPROVE", "score": score,
        "threshold": 0.5, "model": model, "ruleset": {"name": "r", "version": 1},
        "logic_version": 1, "feature_spec": "s", "reasons": [], "features": {},
        "incomplete": False, "late": False, "src": {"stage": "score", "partition": 0, "offset": 0},
    }  # fmt: skip
    return codec.encode_decision(body)


def test_repeats_are_one_and_differing_bytes_are_counted() -> None:
    tally = Tally()
    tally.published("t1")
    for value in (decision("t1"), decision("t1"), decision("t1", score=0.6), decision("foreign")):
        tally.take(topics.DECISIONS, value)
    found = summary("kafka", tally, tally.sent["t1"])
    assert (found.decisions, found.repeated_decisions, found.duplicate_decisions) == (1, 2, 1)
    assert not found.whole
    assert tally.undecided == 0


def refused(record: dict[str, Any]) -> bytes:
    letter = {
        "code": "FUTURE", "cause": "", "stage": "profile", "topic": topics.TRANSACTIONS,
        "partition": 0, "offset": 0, "key": None, "truncated": False, "original_sha256": "",
        "original": codec.encode("transaction", record),
    }  # fmt: skip
    return codec.encode("dead_letter", letter)


def test_what_was_refused_is_not_missing() -> None:
    tally = Tally()
    record = next(iter(SMALL.arrivals())).record
    tally.published(record["transaction_id"])
    tally.published("lost")
    tally.take(topics.DEAD_LETTERS, refused(record))
    assert tally.undecided == 1
    assert tally.missing == ["lost"]
    assert tally.dead_letters == {"FUTURE": 1}


def test_who_is_somebody_elses_or_decided_is_not_waited_for_less() -> None:
    tally = Tally()
    record = next(iter(SMALL.arrivals())).record
    tally.published("lost")
    tally.take(topics.DEAD_LETTERS, refused(record))
    assert tally.undecided == 1, "nobody announced it"
    tally.published(record["transaction_id"])
    for _ in range(2):  # a repeat of it, later than its day
        tally.take(topics.DECISIONS, decision(record["transaction_id"]))
        tally.take(topics.DEAD_LETTERS, refused(record))
    assert tally.undecided == 1


def test_garbage_names_no_transaction() -> None:
    assert refused_id(b"garbage") is None
    rules = {"name": "", "version": 1, "yaml": "", "sha256": ""}
    assert refused_id(codec.encode("ruleset", rules)) is None


def test_latency_is_from_publication_to_receipt() -> None:
    ticks = iter([10.0, 10.25, 11.0])
    tally = Tally(clock=lambda: next(ticks))
    tally.published("t1")
    tally.take(topics.DECISIONS, decision("t1"))
    found = summary("embedded", tally, 10.0)
    assert found.latency_ms == {"p50": 250.0, "p99": 250.0}
    assert (found.seconds, found.decisions_per_second) == (1.0, 4.0)
    assert found.average_precision is None


def test_competitors_are_shown_as_their_last_versions_say() -> None:
    tally = Tally()
    tally.published("t1")
    tally.take(topics.DECISIONS, decision("t1", model={"name": "logistic", "version": 7}))
    metrics = {"learned": 9.0, "window": 8.0, "average_precision": 0.51234, "auc_roc": 0.75}
    for name, version, measured in (
        ("logistic", 7, {}), ("logistic", 8, metrics), ("blend", 8, {"learned": 9.0}),
    ):  # fmt: skip
        snapshot = {
            "name": name, "version": version, "parent": None, "kind": "k", "feature_spec": "s",
            "river_version": "0", "offset": version, "metrics": measured, "payload": b"",
            "sha256": "", "trained_from": 0, "threshold": 0.5, "part": 0, "parts": 1,
        }  # fmt: skip
        tally.take(topics.MODELS, codec.encode("model_snapshot", snapshot))
    found = summary("embedded", tally, 0.0)
    assert found.competitors == {
        "blend": {"version": 8.0, "decides": 0.0, "learned": 9.0},
        "logistic": {"version": 8.0, "decides": 1.0, **metrics, "average_precision": 0.5123},
    }
    assert "  logistic             version 8.0, decides 1.0" in found.text()
    rows = dict(Figures(tally).rows())
    assert rows["logistic (decides)"].startswith("AP 0.512, AUC 0.750")
    assert rows["blend"] == "@8, not judged yet"


def test_an_alert_line_has_every_reason() -> None:
    alert = {
        "severity": "LOW", "event_time": START_MS, "card_id": "c", "transaction_id": "t",
        "decision": "REVIEW", "score": 0.1,
        "reasons": [{"code": "A", "text": "1"}, {"code": "B", "text": "2"}],
    }  # fmt: skip
    assert alert_line(alert).endswith("score 0.1000  A: 1; B: 2")


def test_every_source_has_a_group() -> None:
    read = set().union(*sources().values())
    assert read == {
        topics.TRANSACTIONS, topics.ACTIVITY, topics.DECISIONS, topics.LABELS, topics.OUTCOMES,
        topics.DRIFT_COUNTS, topics.DRIFT,
    }  # fmt: skip


def test_a_big_enough_world_is_found_for_any_number() -> None:
    arrivals = WorldRequest(2_000, customers=3, terminals=9_000).arrivals()
    assert len(list(islice((a for a in arrivals if a.event == "transaction"), 3_000))) == 2_000
