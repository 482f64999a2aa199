"""Silence: who is waited for, what is presumed after it, and of what nothing is."""

from typing import Any

import pytest

from models.join import JoinState, match, outcome, remember
from models.join_state import MAX_POINTERS
from models.maturity import (
    DAY_MS,
    SOURCES,
    MaturityInvalid,
    MaturityPolicy,
    keeps,
    presume,
    source,
)
from schemas import topics
from schemas.fields import LabelSource
from streams.settings import Settings
from tests.unit.models.join_records import decided, labelled

ALL = MaturityPolicy(keep=1.0)


def remembered(*numbers: int) -> JoinState:
    state = JoinState()
    for number in numbers:
        remember(state, decided(number), 100 + number)
    return state


def test_a_decision_without_a_label_is_presumed_legitimate() -> None:
    kind, made = presume(remembered(1), decided(1), 101, ALL)
    assert kind == "PRESUMED"
    assert made is not None
    expected = outcome(decided(1), labelled(1), presumed=True) | {
        "outcome_id": made["outcome_id"], "label_id": "presumed:t1", "label": "LEGITIMATE",
        "source": "ISSUER", "observed_at": ALL.maturity_ms,
    }  # fmt: skip
    assert made == expected
    assert made["outcome_id"] != outcome(decided(1), labelled(1))["outcome_id"]


def test_presuming_changes_nothing_and_repeats_the_same() -> None:
    state = remembered(1, 2)
    packed = state.pack()
    assert presume(state, decided(1), 101, ALL) == presume(state, decided(1), 101, ALL)
    assert state.pack() == packed


@pytest.mark.parametrize("label", ["FRAUD", "LEGITIMATE"])
def test_what_is_labelled_is_not_presumed(label: str) -> None:
    state = remembered(1)
    match(state, labelled(1, label))
    assert presume(state, decided(1), 101, ALL) == ("LABELLED", None)


def test_inconclusive_is_no_label() -> None:
    state = remembered(1)
    match(state, labelled(1, "INCONCLUSIVE"))
    assert presume(state, decided(1), 101, ALL).kind == "PRESUMED"


@pytest.mark.parametrize(
    ("decision", "kind"),
    [("APPROVE", "PRESUMED"), ("REVIEW", "PRESUMED"), ("CHALLENGE", "UNKNOWN"),
     ("DECLINE", "UNKNOWN")],
)  # fmt: skip
def test_of_what_was_not_let_through_silence_says_nothing(decision: str, kind: str) -> None:
    state = remembered(1)
    assert presume(state, {**decided(1), "decision": decision}, 101, ALL).kind == kind
    held = MaturityPolicy(keep=1.0, let_through=("APPROVE",))
    expected = "PRESUMED" if decision == "APPROVE" else "UNKNOWN"
    assert presume(state, {**decided(1), "decision": decision}, 101, held).kind == expected


def test_a_decision_that_is_twice_in_the_log_is_presumed_once() -> None:
    state = remembered(1)
    assert presume(state, decided(1), 207, ALL) == ("REPEAT", None)


def test_of_a_forgotten_decision_nothing_is_presumed() -> None:
    state = remembered(*range(MAX_POINTERS + 1))
    assert presume(state, decided(0), 100, ALL) == ("UNKNOWN", None)
    assert presume(state, decided(1), 101, ALL).kind == "PRESUMED"


def test_those_kept_stand_for_the_others() -> None:
    policy = MaturityPolicy(keep=0.2)
    found = [presume(remembered(n), decided(n), 100 + n, policy) for n in range(5_000)]
    weights = [p.outcome["weight"] for p in found if p.outcome is not None]
    assert {p.kind for p in found} == {"PRESUMED", "THINNED"}
    assert set(weights) == {5.0}
    assert sum(weights) == pytest.approx(5_000, rel=0.06)
    fewer = {n for n in range(5_000) if keeps(f"t{n}", 0.1)}
    assert fewer < {n for n in range(5_000) if keeps(f"t{n}", 0.2)}


def test_the_longest_maturity_counts_and_pointers_outlive_it() -> None:
    assert {s.name for s in SOURCES} == set(LabelSource.__args__)  # type: ignore[attr-defined]
    quick = MaturityPolicy(sources=(source("ANALYST", 1, 7), source("CUSTOMER", 2, 5)))
    assert quick.maturity_ms == 7 * DAY_MS
    assert quick.retention_ms == 120 * DAY_MS
    slow = MaturityPolicy(sources=(source("CHARGEBACK", 30, 120),))
    assert slow.retention_ms == 150 * DAY_MS


def wrong_policies() -> list[Any]:
    return [
        lambda: source("ANALYST", 8, 7),
        lambda: source("ANALYST", -1, 7),
        lambda: source("ANALYST", float("nan"), 7),
        lambda: source("ANALYST", 1, float("inf")),
        lambda: MaturityPolicy(sources=()),
        lambda: MaturityPolicy(keep=0.0),
        lambda: MaturityPolicy(keep=1.1),
    ]


@pytest.mark.parametrize("make", wrong_policies())
def test_a_policy_that_cannot_be_meant_is_refused(make: Any) -> None:
    with pytest.raises(MaturityInvalid, match="FRAUD_LABEL_DAYS"):
        make()


def test_settings_make_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().maturity() == MaturityPolicy()
    monkeypatch.setenv("FRAUD_LABEL_DAYS", '{"CHARGEBACK": [30, 90], "ANALYST": [1, 5]}')
    monkeypatch.setenv("FRAUD_LET_THROUGH", '["APPROVE"]')
    monkeypatch.setenv("FRAUD_PRESUMED_KEEP", "1")
    policy = Settings().maturity()
    assert policy.maturity_ms == 90 * DAY_MS
    assert (policy.let_through, policy.keep) == (("APPROVE",), 1.0)
    monkeypatch.setenv("FRAUD_LABEL_DAYS", '{"CHARGEBACK": [30, 180]}')
    with pytest.raises(MaturityInvalid, match=r"fraud\.decisions kept for 210 days"):
        Settings().maturity()
    MaturityPolicy(sources=(source("CHARGEBACK", 30, 180),)).check_log(topics.FOREVER)
