"""The decision: who decides, with what reasons, and always the same record."""

from typing import Any

import pytest

from models.decision import (
    LOGIC_VERSION,
    Control,
    DecisionPolicy,
    decide,
    decline_threshold,
    rules_score,
)
from models.features import FEATURES
from models.rules import Hit
from models.scorer import Scorer, Term

SRC = {"stage": "score", "partition": 2, "offset": 41}
TRANSACTION = {
    "transaction_id": "t1", "card_id": "c1", "terminal_id": "T1", "event_time": 1_000,
    "amount_minor": 999, "currency": "EUR", "attributes": {},
}  # fmt: skip
MARKER: dict[str, Any] = {
    "sequence": 7,
    "model": {"name": "logistic", "version": 7},
    "ruleset": {"name": "baseline", "version": 1},
    "threshold": 0.2,
    "reason": "test",
}
CONTROL = Control.of(MARKER)
RULES_ONLY = Control.of({**MARKER, "model": None})
ROW: list[float | None] = [1.0] * len(FEATURES.names)


def made(score: float | None, *hits: Hit, control: Control = CONTROL, **more: Any) -> Any:
    return decide(TRANSACTION, ROW, score, hits, control, src=SRC, **more)


def hit(action: str, code: str = "RULE", shadow: bool = False) -> Hit:
    return Hit(code, "why", action, shadow)


@pytest.mark.parametrize(
    ("score", "decision"),
    [(0.0, "APPROVE"), (0.1999, "APPROVE"), (0.2, "REVIEW"), (0.8, "REVIEW"), (0.84, "DECLINE")],
)
def test_the_model_reviews_and_declines(score: float, decision: str) -> None:
    assert made(score)["decision"] == decision


@pytest.mark.parametrize(
    ("actions", "score", "decision"),
    [
        (["NOTE"], 0.0, "APPROVE"),
        (["REVIEW", "CHALLENGE"], 0.0, "CHALLENGE"),
        (["CHALLENGE"], 0.3, "CHALLENGE"),
        (["REVIEW"], 0.9, "DECLINE"),
        (["DECLINE", "REVIEW"], 0.3, "DECLINE"),
    ],
)
def test_the_stricter_voice_wins(actions: list[str], score: float, decision: str) -> None:
    assert made(score, *map(hit, actions))["decision"] == decision


def test_shadow_rules_neither_act_nor_speak() -> None:
    record = made(0.0, hit("DECLINE", shadow=True))
    assert (record["decision"], record["reasons"]) == ("APPROVE", [])
    assert rules_score([hit("DECLINE", shadow=True)]) == 0.0


def test_a_note_gives_its_reason_and_changes_nothing() -> None:
    record = made(0.0, hit("NOTE", "INSUFFICIENT_HISTORY"))
    assert record["decision"] == "APPROVE"
    assert record["reasons"] == [{"code": "INSUFFICIENT_HISTORY", "text": "why"}]


def test_without_a_model_the_rules_alone_decide() -> None:
    record = made(None, hit("REVIEW"), hit("CHALLENGE"), control=RULES_ONLY)
    assert (record["decision"], record["score"], record["model"]) == ("CHALLENGE", 0.65, None)
    assert [reason["code"] for reason in record["reasons"]] == ["RULE", "RULE"]
    quiet = made(None, control=RULES_ONLY)
    assert (quiet["decision"], quiet["score"]) == ("APPROVE", 0.0)


def test_the_model_gives_its_score_and_strongest_features() -> None:
    terms = tuple(Term(float(i == 1), 0.0, -9.0, 9.0, 0.0) for i in range(len(ROW)))
    scorer = Scorer("logistic", 7, FEATURES.spec_hash, FEATURES.names, 0.0, terms)
    (reason,) = made(0.73106, scorer=scorer)["reasons"]
    assert reason == {
        "code": "MODEL_SCORE",
        "text": "score 0.7311, threshold 0.2000: log_amount 1 (+1.00)",
    }
    assert made(0.1, scorer=scorer)["reasons"] == []
    assert made(0.3)["reasons"][0]["text"] == "score 0.3000, threshold 0.2000"


def test_the_record_carries_everything_in_spec_order() -> None:
    record = made(0.1, incomplete=True, late=True)
    assert list(record["features"]) == list(FEATURES.names)
    assert record["src"] == SRC
    assert (record["model"], record["ruleset"]) == (MARKER["model"], MARKER["ruleset"])
    assert (record["incomplete"], record["late"]) == (True, True)
    assert (record["logic_version"], record["feature_spec"]) == (LOGIC_VERSION, FEATURES.spec_hash)
    assert record["threshold"] == 0.2
    assert "fingerprint" not in record
    assert record == made(0.1, incomplete=True, late=True)


def test_the_record_says_where_the_payment_was_made_as_far_as_the_transaction_does() -> None:
    words = {"channel": "pos", "country": "FR", "mcc": "5411"}
    found = decide(TRANSACTION | words, ROW, 0.1, [], CONTROL, src=SRC)
    assert {name: found[name] for name in words} == words
    assert [made(0.1)[name] for name in words] == [None, None, None]


def test_a_row_of_another_spec_is_an_error() -> None:
    with pytest.raises(ValueError, match="numbers expected, got 1"):
        decide(TRANSACTION, [1.0], 0.1, [], CONTROL, src=SRC)


def test_the_decline_threshold_lies_a_margin_of_log_odds_higher() -> None:
    policy = DecisionPolicy()
    found = [decline_threshold(t, policy) for t in (0.0, 0.001, 0.2, 0.5, 0.99, 1.0)]
    assert found == sorted(found)
    assert found[3] == pytest.approx(0.952574, abs=1e-6)
    assert (found[0], found[-1]) == (0.0, 1.0)


def test_only_a_higher_sequence_replaces_the_control() -> None:
    assert not CONTROL.accepts(MARKER)
    assert not CONTROL.accepts({**MARKER, "sequence": 6})
    assert CONTROL.accepts({**MARKER, "sequence": 8})
