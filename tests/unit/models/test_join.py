"""The join: labels find decisions in any order, the later one wins, nothing is kept for ever."""

from typing import Any

import pytest

from models.join import JoinState, expire, match, outcome, remember, terminal_outcome
from models.join_state import MAX_POINTERS, MAX_WAITING
from models.windows.errors import StateFormatError
from schemas.errors import ProcessingFailed

DAY_MS = 86_400_000


def decided(number: int, time: int = 0) -> dict[str, Any]:
    return {
        "transaction_id": f"t{number}", "card_id": "c1", "terminal_id": "T1", "event_time": time,
        "amount_minor": 5, "currency": "EUR", "decision": "APPROVE", "score": 0.25,
        "threshold": 0.5, "model": None, "feature_spec": "f00d", "features": {"a": 1.0, "b": None},
        "reasons": [], "src": {"stage": "score", "partition": 3, "offset": 17},
    }  # fmt: skip


def labelled(
    number: int, label: str = "FRAUD", observed_at: int = 7, **more: Any
) -> dict[str, Any]:
    return {
        "label_id": f"l{number}-{label}-{observed_at}", "transaction_id": f"t{number}",
        "card_id": "c1", "terminal_id": None, "label": label, "source": "CHARGEBACK",
        "reason_code": "10.4", "event_time": 0, "observed_at": observed_at, "supersedes": None,
        **more,
    }  # fmt: skip


def with_decision(*numbers: int) -> JoinState:
    state = JoinState()
    for number in numbers:
        remember(state, decided(number), 2, 100 + number)
    return state


def test_a_label_finds_its_decision() -> None:
    state = with_decision(*range(20))
    kind, pointer = match(state, labelled(7))
    assert kind == "MATCHED"
    assert pointer == ("t7", 2, 107, 0, "FRAUD")


def test_a_repeated_decision_keeps_its_first_place() -> None:
    state = with_decision(1)
    packed = state.pack()
    assert remember(state, decided(1), 2, 999) == []
    assert state.pack() == packed


def test_said_twice_teaches_once() -> None:
    state = with_decision(1)
    assert match(state, labelled(1)).kind == "MATCHED"
    assert match(state, labelled(1)).kind == "REPEAT"
    assert match(state, labelled(1, observed_at=9)).kind == "REPEAT"


def test_the_later_label_wins_and_an_earlier_one_is_stale() -> None:
    state = with_decision(1)
    assert match(state, labelled(1, "FRAUD", 10)).kind == "MATCHED"
    assert match(state, labelled(1, "LEGITIMATE", 5)).kind == "STALE"
    kind, pointer = match(state, labelled(1, "LEGITIMATE", 20))
    assert kind == "MATCHED"
    assert pointer is not None
    assert pointer.verdict == "LEGITIMATE"


@pytest.mark.parametrize("first", ["old", "new"])
def test_supersedes_wins_whatever_times_and_arrival(first: str) -> None:
    state = with_decision(1)
    old = labelled(1, "FRAUD", 10)
    new = labelled(1, "LEGITIMATE", 3, supersedes=old["label_id"])
    kinds = [match(state, label).kind for label in ([old, new] if first == "old" else [new, old])]
    assert kinds == (["MATCHED", "MATCHED"] if first == "old" else ["MATCHED", "STALE"])
    assert {verdict.label for verdict in state.verdicts.values()} == {"LEGITIMATE"}


def test_inconclusive_teaches_nothing() -> None:
    state = with_decision(1)
    packed = state.pack()
    assert match(state, labelled(1, "INCONCLUSIVE")).kind == "INCONCLUSIVE"
    assert state.pack() == packed


def test_a_label_waits_for_its_decision() -> None:
    state = JoinState()
    assert match(state, labelled(1)).kind == "ORPHAN"
    assert match(state, labelled(1)).kind == "REPEAT"
    state = JoinState.unpack(state.pack())
    assert remember(state, decided(2), 0, 5) == []
    assert remember(state, decided(1), 0, 6) == [labelled(1)]
    assert remember(state, decided(1), 0, 7) == []
    assert match(state, labelled(1)).kind == "REPEAT"


def test_of_several_waiting_labels_the_winner_is_released() -> None:
    state = JoinState()
    for label in (labelled(1, "LEGITIMATE", 9), labelled(1, "FRAUD", 4)):
        match(state, label)
    assert remember(state, decided(1), 0, 6) == [labelled(1, "LEGITIMATE", 9)]
    assert match(state, labelled(1, "FRAUD", 4)).kind == "STALE"


def test_orphans_are_bounded_and_expire() -> None:
    state = JoinState()
    kinds = [match(state, labelled(n, observed_at=n)).kind for n in range(MAX_WAITING + 1)]
    assert kinds == ["ORPHAN"] * MAX_WAITING + ["REFUSED"]
    gone = expire(state, 3)
    assert [label["transaction_id"] for label in gone] == ["t0", "t1", "t2"]
    assert expire(state, 3) == []
    assert len(state.waiting) == MAX_WAITING - 3


def test_decisions_are_forgotten_after_the_retention() -> None:
    state = JoinState()
    remember(state, decided(1, 0), 0, 1, retention_ms=10 * DAY_MS)
    match(state, labelled(1))
    remember(state, decided(2, 10 * DAY_MS), 0, 2, retention_ms=10 * DAY_MS)
    assert state.find(bytes(state.pointers[:8])) is not None
    remember(state, decided(3, 10 * DAY_MS + 1), 0, 3, retention_ms=10 * DAY_MS)
    assert match(state, labelled(1)).kind == "ORPHAN"
    assert not state.verdicts
    assert match(state, labelled(2)).kind == "MATCHED"
    expire(state, 100 * DAY_MS)
    assert state == JoinState()


def test_a_card_is_bounded() -> None:
    state = with_decision(*range(MAX_POINTERS + 5))
    assert len(state.pack()) == 9 + 26 * MAX_POINTERS
    assert match(state, labelled(4)).kind == "ORPHAN"
    assert match(state, labelled(5)).kind == "MATCHED"


def test_an_outcome_depends_on_decision_and_label_alone() -> None:
    made = outcome(decided(1), labelled(1))
    assert made == outcome(decided(1), labelled(1))
    assert made["outcome_id"] != outcome(decided(1), labelled(1, "LEGITIMATE", 20))["outcome_id"]
    assert made["decided_src"] == decided(1)["src"]
    assert (made["label"], made["score"], made["weight"]) == ("FRAUD", 0.25, 1.0)
    assert list(made["features"].items()) == [("a", 1.0), ("b", None)]
    assert "reasons" not in made


def test_an_outcome_of_two_transactions_is_our_error() -> None:
    with pytest.raises(ProcessingFailed, match="the decision of t2"):
        outcome(decided(1), labelled(2))


def test_terminals_get_the_part_they_need() -> None:
    src = {"stage": "join", "partition": 0, "offset": 4}
    made = outcome(decided(1), labelled(1))
    assert terminal_outcome(made, src) == {
        "src": src, "outcome_id": made["outcome_id"], "transaction_id": "t1", "card_id": "c1",
        "terminal_id": "T1", "label": "FRAUD", "event_time": 0, "observed_at": 7,
    }  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\x09" + bytes(20), with_decision(1).pack()[:-1]])
def test_unreadable_state_is_an_error(data: bytes) -> None:
    with pytest.raises(StateFormatError, match="join state: expected"):
        JoinState.unpack(data)
