"""Random labels, early, late, reversed or inconclusive: what is learned equals a naive account."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.learn_policy import LearnPolicy
from models.replay import Replay
from models.replay_track import Track
from tests.unit.models.replay_world import DAY, START, Counting, label, transaction

HOUR = 3_600_000
VERDICTS = ("FRAUD", "LEGITIMATE", "INCONCLUSIVE")
EVENTS = st.lists(
    st.tuples(st.integers(0, 3 * 24), st.booleans(), st.integers(0, 9), st.sampled_from(VERDICTS)),
    max_size=60,
)
Arrived = tuple[str, int, dict[str, Any]]


def world(steps: list[tuple[int, bool, int, str]]) -> list[Arrived]:
    """Hours between arrivals; each is the next transaction, or a label of the n-th one."""
    found: list[Arrived] = []
    at, number = START, 0
    for hours, is_label, of, verdict in steps:
        at += hours * HOUR + 1
        if is_label:
            found.append(("label", at, label(transaction(of, at), verdict, at)))
        else:
            found.append(("transaction", at, transaction(number, at)))
            number += 1
    return found


class Naive:
    """Verdicts by transaction; a new one is learned once, one that turns another twice."""

    def __init__(self, maturity: int | None) -> None:
        self.maturity = maturity
        self.decided: dict[str, int] = {}
        self.truth: dict[str, bool] = {}
        self.waiting: dict[str, bool] = {}
        self.learned: list[tuple[str, bool]] = []

    def arrive(self, event: str, at: int, record: dict[str, Any]) -> None:
        for known, decided in self.decided.items():
            over = self.maturity is not None and decided + self.maturity <= at
            if over and known not in self.truth:
                self.verdict(known, False)
        one = record["transaction_id"]
        if event == "transaction":
            self.decided[one] = at
            if one in self.waiting:
                self.verdict(one, self.waiting.pop(one))
        elif record["label"] != "INCONCLUSIVE":
            fraud = record["label"] == "FRAUD"
            if one in self.decided:
                self.verdict(one, fraud)
            else:
                self.waiting[one] = fraud

    def verdict(self, one: str, fraud: bool) -> None:
        if self.truth.get(one) is fraud:
            return
        self.learned += [(one, fraud)] * (2 if one in self.truth else 1)
        self.truth[one] = fraud


@given(EVENTS, st.none() | st.integers(1, 20))
@settings(max_examples=150)
def test_verdicts_are_learned_as_a_naive_account_says(
    steps: list[tuple[int, bool, int, str]], days: int | None
) -> None:
    maturity = None if days is None else days * DAY
    found, naive, model = world(steps), Naive(maturity), Counting()
    replay = Replay([Track(model, LearnPolicy(first=1, every=1))], maturity_ms=maturity)
    replay.run(found)
    replay.finish()
    for arrived in found:
        naive.arrive(*arrived)
    ids, truth = replay.history.ids, replay.history.truth
    assert dict(zip(ids, truth, strict=True)) == {
        one: int(naive.truth.get(one, -1)) for one in naive.decided
    }
    assert [fraud for _, fraud in model.learned] == [fraud for _, fraud in naive.learned]
    assert replay.counts["labels_waiting"] >= len(naive.waiting)
    assert replay.counts["forgotten"] == 0
