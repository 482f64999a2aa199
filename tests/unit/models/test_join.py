"""The join: labels find decisions in any order, the later one wins, nothing is kept for ever."""

import pytest

from models.join import TRUSTED, JoinState, expire, match, outcome, remember, terminal_outcome
from models.join_state import MAX_POINTERS, MAX_WAITING, key_of
from models.windows.errors import StateFormatError
from schemas.errors import ProcessingFailed
from tests.unit.models.join_records import decided, labelled

DAY_MS = 86_400_000


def with_decision(*numbers: int) -> JoinState:
    state = JoinState()
    for number in numbers:
        remember(state, decided(number), 100 + number)
    return state


def test_a_label_finds_its_decision() -> None:
    state = with_decision(*range(20))
    assert match(state, labelled(7)) == ("MATCHED", ("t7", 107, "FRAUD"), None)


def test_a_repeated_decision_keeps_its_first_place() -> None:
    state = with_decision(1)
    packed = state.pack()
    assert remember(state, decided(1), 999) == []
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
    found = match(state, labelled(1, "LEGITIMATE", 20))
    assert found.kind == "MATCHED"
    assert found.pointer is not None
    assert found.pointer.verdict == "LEGITIMATE"
    assert found.before is not None
    assert (found.before.label, found.before.observed_at) == ("FRAUD", 10)


def test_at_equal_times_the_more_trusted_source_wins() -> None:
    said = [labelled(1, label, source=s) for s, label in zip(TRUSTED, "LFLFL", strict=True)]
    said = [{**label, "label": {"F": "FRAUD", "L": "LEGITIMATE"}[label["label"]]} for label in said]
    for order in (said, said[::-1]):
        state = with_decision(1)
        for label in order:
            match(state, label)
        (verdict,) = state.verdicts.values()
        assert (TRUSTED[verdict.trust], verdict.label) == ("ISSUER", "LEGITIMATE")


@pytest.mark.parametrize("first", ["old", "new"])
def test_supersedes_wins_whatever_times_and_arrival(first: str) -> None:
    state = with_decision(1)
    old = labelled(1, "FRAUD", 10)
    new = labelled(1, "LEGITIMATE", 3, supersedes=old["label_id"])
    kinds = [match(state, label).kind for label in ([old, new] if first == "old" else [new, old])]
    assert kinds == (["MATCHED", "MATCHED"] if first == "old" else ["MATCHED", "STALE"])
    assert {verdict.label for verdict in state.verdicts.values()} == {"LEGITIMATE"}


def test_what_was_corrected_never_comes_back() -> None:
    state = with_decision(1)
    wrong = labelled(1, "FRAUD", 10)
    right = labelled(1, "LEGITIMATE", 3, supersedes=wrong["label_id"])
    kinds = [match(state, label).kind for label in (wrong, right, wrong, right, wrong)]
    assert kinds == ["MATCHED", "MATCHED", "STALE", "REPEAT", "STALE"]
    between = labelled(1, "FRAUD", 10, source="ISSUER", label_id="another")
    assert match(state, between).kind == "STALE", "a correction has the place of what it corrects"


def test_a_corrected_label_that_comes_last_is_known() -> None:
    state = with_decision(1)
    wrong = labelled(1, "FRAUD", 10)
    right = labelled(1, "LEGITIMATE", 3, supersedes=wrong["label_id"])
    later = labelled(1, "LEGITIMATE", 5)
    kinds = [match(state, label).kind for label in (right, later, wrong)]
    assert kinds == ["MATCHED", "REPEAT", "STALE"]


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
    assert remember(state, decided(2), 5) == []
    assert remember(state, decided(1), 6) == [labelled(1)]
    assert remember(state, decided(1), 7) == []
    assert match(state, labelled(1)).kind == "REPEAT"


def test_of_several_waiting_labels_the_winner_is_released() -> None:
    state = JoinState()
    for label in (labelled(1, "LEGITIMATE", 9), labelled(1, "FRAUD", 4)):
        match(state, label)
    assert remember(state, decided(1), 6) == [labelled(1, "LEGITIMATE", 9)]
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
    remember(state, decided(1, 0), 1, retention_ms=10 * DAY_MS)
    match(state, labelled(1))
    remember(state, decided(2, 11 * DAY_MS - 1), 2, retention_ms=10 * DAY_MS)
    assert state.find(key_of("t1")) == 1
    remember(state, decided(3, 11 * DAY_MS), 3, retention_ms=10 * DAY_MS)
    assert match(state, labelled(1)).kind == "ORPHAN"
    assert not state.verdicts
    assert match(state, labelled(2)).kind == "MATCHED"
    assert state.outdated(12 * DAY_MS)
    assert len(expire(state, 100 * DAY_MS)) == 1
    state.forget(12 * DAY_MS)
    assert state == JoinState()


def test_a_card_is_bounded() -> None:
    state = with_decision(*range(MAX_POINTERS + 5))
    assert len(state.pack()) == 9 + 12 * MAX_POINTERS
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


def test_terminals_observe_a_verdict_after_the_one_it_takes_back() -> None:
    state = with_decision(1)
    wrong = labelled(1, "FRAUD", 10)
    match(state, wrong)
    right = labelled(1, "LEGITIMATE", 3, supersedes=wrong["label_id"])
    match(state, right)
    made = outcome(decided(1), right)
    assert made["observed_at"] == 3
    told = state.verdicts[key_of("t1")].told
    assert terminal_outcome(made, {}, told)["observed_at"] == 11


def test_a_decision_may_carry_a_weight() -> None:
    made = outcome({**decided(1), "weight": 20.0}, labelled(1), kept=0.5)
    assert made["weight"] == 40.0


@pytest.mark.parametrize("data", [b"", b"\x09" + bytes(20), with_decision(1).pack()[:-1]])
def test_unreadable_state_is_an_error(data: bytes) -> None:
    with pytest.raises(StateFormatError, match="join state: expected"):
        JoinState.unpack(data)
