"""What the pure core makes fits the contract: every record survives the wire, value for value."""

from collections.abc import Mapping
from typing import Any

import pytest

from models.alerts import AlertState, alert
from models.decision import Control, decide
from models.drift.collecting import ArrivalCollector, Closed
from models.drift.consequences import Consequences
from models.drift.counts import DAY_MS
from models.drift.policy import DriftPolicy
from models.drift.readings import FIRED, Reading, signal
from models.features import FEATURES
from models.join import outcome, terminal_outcome
from models.learn import Learner
from models.learn_control import boot, publish
from models.rules import baseline
from models.scorer import compile_snapshot
from schemas.codec import decode, encode, encode_decision
from streams.agents.drift import counts_event

SRC = {"stage": "score", "partition": 1, "offset": 5}
TRANSACTION: dict[str, Any] = {
    "transaction_id": "t1", "card_id": "c1", "terminal_id": "T1", "event_time": 1_000,
    "amount_minor": 999, "currency": "EUR", "attributes": {},
}  # fmt: skip
LABEL = {
    "label_id": "l1", "transaction_id": "t1", "card_id": "c1", "terminal_id": None,
    "label": "FRAUD", "source": "TC40", "reason_code": None, "event_time": 1_000,
    "observed_at": 2_000, "supersedes": None,
}  # fmt: skip


def decided() -> dict[str, Any]:
    """A decision with a model over its threshold, a rule's reason and missing features."""
    learner = Learner()
    boot(learner)
    announced = publish(learner, ["logistic"], 7)[-1]
    scorer = compile_snapshot(announced.record)
    row: list[float | None] = [None] * len(FEATURES.names)
    hits = baseline().evaluate(row, TRANSACTION)
    control = Control.of({**announced.marker, "threshold": 0.001})
    return decide(TRANSACTION, row, scorer.score(row), hits, control, src=SRC, scorer=scorer)


def fired() -> dict[str, Any]:
    reading = Reading("PSI_DAY", "amount", 0.5, 0.1, "features@1", "2018-06-11", DAY_MS)
    return signal(reading, FIRED, SRC)


def frozen() -> dict[str, Any]:
    command = Consequences(DriftPolicy(actions=(("amount", "FREEZE"),))).command(fired())
    assert command is not None
    return command


def counted() -> dict[str, Any]:
    collector = ArrivalCollector()
    for day in (0, 2):
        closed = collector.add({"transaction": {**TRANSACTION, "event_time": day * DAY_MS}})
    assert isinstance(closed, Closed)
    return counts_event(closed, SRC)


def records() -> list[tuple[str, Mapping[str, Any]]]:
    learner, decision = Learner(), decided()
    raised, found = alert(AlertState(), decision), outcome(decision, LABEL)
    assert raised is not None
    first, model = boot(learner), publish(learner, ["logistic"], 7)[-1]
    return [
        ("alert", raised), ("outcome", found), ("terminal_outcome", terminal_outcome(found, SRC)),
        ("ruleset", first.record), ("control_marker", first.marker),
        ("model_snapshot", model.record), ("control_marker", model.marker),
        ("drift_signal", fired()), ("command", frozen()), ("drift_counts", counted()),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "record"), records())
def test_a_record_survives_the_wire(name: str, record: Mapping[str, Any]) -> None:
    assert decode(encode(name, record)) == (name, record)


def test_a_decision_survives_the_wire_with_its_fingerprint() -> None:
    name, record = decode(encode_decision(decided()))
    fingerprint = record.pop("fingerprint")
    assert (name, record) == ("decision", decided())
    assert len(fingerprint) == 64
    assert encode_decision(decided()) == encode_decision(decided())


def test_a_scorer_from_the_wire_is_the_same_scorer() -> None:
    learner = Learner()
    boot(learner)
    record = publish(learner, ["logistic"], 7)[-1].record
    assert compile_snapshot(decode(encode("model_snapshot", record))[1]) == compile_snapshot(record)
