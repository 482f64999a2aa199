"""The replay: nothing is known before it arrives, and the score in force is on record."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features import FEATURES
from models.learn_policy import LearnPolicy, should_publish
from models.replay import Replay
from models.replay_track import Period, Track
from tests.unit.models.replay_world import DAY, START, Counting, arrivals, label, transaction

EACH = LearnPolicy(first=1, every=1)
NEXT = START + DAY
FRAUDS = FEATURES.names.index("terminal_known_frauds_30d")


class Watching(Counting):
    """Keeps every row that it scored."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[float | None]] = []

    def score_many(self, rows: Any) -> list[float]:
        self.rows += rows
        return super().score_many(rows)


def through(track: Track, found: list[tuple[str, int, dict[str, Any]]], **how: Any) -> Replay:
    replay = Replay([track], **how)
    replay.run(found)
    replay.finish()
    return replay


def second_row(label_at: int) -> list[float | None]:
    """How a terminal's second transaction looks if the first is called a fraud at `label_at`."""
    warm_up, first, second = (
        transaction(1, START - DAY),
        transaction(0, START),
        transaction(3, NEXT),
    )
    events = [
        ("transaction", START - DAY, warm_up),
        ("label", START - DAY, label(warm_up, "LEGITIMATE", START - DAY)),
        ("transaction", START, first),
        ("transaction", NEXT, second),
        ("label", label_at, label(first, "FRAUD", label_at)),
    ]
    model = Watching()
    through(Track(model, EACH), sorted(events, key=lambda e: (e[1], e[0] == "transaction")))
    return model.rows[-1]


def second_score(label_at: int) -> float:
    """How the second transaction is scored if the first is called a fraud at `label_at`."""
    first, second = transaction(0, START), transaction(3, NEXT)
    events = [
        ("transaction", START, first),
        ("transaction", NEXT, second),
        ("label", label_at, label(first, "FRAUD", label_at)),
    ]
    track = Track(Counting(), EACH)
    through(track, sorted(events, key=lambda e: (e[1], e[0] == "transaction")))
    return track.scores[1]


def test_a_label_one_millisecond_late_teaches_nothing() -> None:
    assert second_score(NEXT) > 0
    assert math.isnan(second_score(NEXT + 1))  # nothing learned: no model was in force


def test_a_label_one_millisecond_late_is_in_no_feature() -> None:
    in_time, late, never = second_row(NEXT), second_row(NEXT + 1), second_row(NEXT + DAY)
    assert (in_time[FRAUDS], late[FRAUDS]) == (1.0, 0.0)
    assert late == never


def naive(found: list[tuple[str, int, dict[str, Any]]], policy: LearnPolicy) -> list[float]:
    """Scores by copies: a copy of the learner is put in force whenever one is due."""
    learner, in_force, scores = Counting(), None, []
    for event, _, record in found:
        if event == "transaction":
            amount = [record["amount_minor"] / 100]
            scores.append(math.nan if in_force is None else in_force.score(amount))
        else:
            learner.learn([0.0], record["label"] == "FRAUD", 1.0)
            if should_publish(len(learner.learned), policy):
                in_force = deepcopy(learner)
    return scores


@given(st.integers(1, 120), st.integers(0, 99), st.integers(1, 9), st.integers(0, 3), st.data())
@settings(max_examples=25, deadline=None)
def test_scores_are_those_of_the_copy_in_force(
    many: int, seed: int, every: int, days: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, every))
    policy = LearnPolicy(first=first, every=every)
    found = arrivals(many, seed, delay=days * DAY + 1)
    track = Track(Counting(), policy)
    through(track, found)
    assert np.array(track.scores) == pytest.approx(naive(found, policy), nan_ok=True, abs=0)


def test_a_track_learns_and_assesses_its_periods_alone() -> None:
    found = arrivals(100, seed=3)
    middle = START + 2 * DAY
    model = Counting()
    track = Track(model, EACH, learns=Period(middle, middle + DAY), assesses=Period(middle + DAY))
    replay = through(track, found)
    times = replay.history.event_time
    learned = [t for t in times if middle <= t < middle + DAY]
    assert len(model.learned) == len(learned) > 0
    assert [times[n] for n in track.ordinals] == [t for t in times if t >= middle + DAY]
    scores = replay.history.scores(track.scored)
    assert np.isnan(scores[np.array(times) < middle + DAY]).all()


def test_many_rows_without_a_label_are_scored_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.replay_track._BATCH", 7)
    found = arrivals(50, seed=1)
    pieces, whole = Track(Counting(), LearnPolicy()), Track(Counting(), LearnPolicy())
    through(pieces, found)
    assert len(pieces.scores) == 50
    monkeypatch.undo()
    through(whole, found)
    assert list(map(str, pieces.scores)) == list(map(str, whole.scores))


def told(event: dict[str, Any], *verdicts: str, step: int = 1) -> list[Any]:
    """The transaction, then its verdicts one after the other."""
    labels = [
        ("label", START + n * step, label(event, verdict, START + n * step))
        for n, verdict in enumerate(verdicts, start=1)
    ]
    return [("transaction", START, event), *labels]


def test_a_reversal_is_learned_twice_as_its_new_class() -> None:
    model = Counting()
    events = told(transaction(0, START), "FRAUD", "LEGITIMATE", "LEGITIMATE", "FRAUD")
    replay = through(Track(model, EACH), events)
    assert replay.history.truth[0] == 1
    assert (replay.counts["frauds"], replay.counts["legitimate"]) == (1, 0)
    assert (replay.counts["corrected"], replay.counts["labels_repeat"]) == (2, 1)
    assert [fraud for _, fraud in model.learned] == [True, False, False, True, True]
    assert all(row == model.learned[0][0] for row, _ in model.learned)


def test_a_verdict_on_a_row_that_is_gone_is_counted_not_learned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.replay_rows._CHUNK", 4)
    first = told(transaction(0, START), "LEGITIMATE")
    many = [("transaction", START + n, transaction(n, START + n)) for n in range(1, 40)]
    late = ("label", START + 100, label(first[0][2], "FRAUD", START + 100))
    for kept, learned in ((8, 1), (40, 3)):
        track = Track(Counting(), EACH)
        replay = through(track, [*first, *many, late], rows_kept=kept)
        assert replay.history.truth[0] == 1
        assert track.learned == learned
        assert replay.counts["forgotten"] == (learned == 1)


def test_labels_without_their_transaction_are_counted() -> None:
    event, other = transaction(0, START), transaction(5, START)  # of one card
    wait = ("label", START, label(event, "FRAUD", START))
    after = ("label", START + 121 * DAY, label(other, "FRAUD", START + 121 * DAY))
    replay = through(Track(Counting(), EACH), [wait])
    assert (replay.counts["labels_waiting"], replay.counts["ORPHAN_LABEL"]) == (1, 0)
    replay = through(Track(Counting(), EACH), [wait, after])
    assert (replay.counts["labels_waiting"], replay.counts["ORPHAN_LABEL"]) == (1, 1)


def test_a_label_before_its_transaction_waits_for_it() -> None:
    event = transaction(0, START)
    early = ("label", START - 5, label(event, "FRAUD", START - 5))
    replay = through(Track(Counting(), EACH), [early, ("transaction", START, event)])
    assert replay.history.truth[0] == 1
    assert replay.counts["labels_orphan"] == 1


def test_an_inconclusive_label_says_nothing() -> None:
    event = transaction(0, START)
    track = Track(Counting(), EACH)
    replay = through(track, told(event, "INCONCLUSIVE"))
    assert (replay.history.truth[0], track.learned) == (-1, 0)
    replay = through(track, told(event, "FRAUD", "INCONCLUSIVE"))
    assert (replay.history.truth[0], track.learned) == (1, 1)


def test_unlabelled_is_presumed_legitimate_at_maturity_and_a_chargeback_corrects_it() -> None:
    first, later = transaction(0, START), transaction(1, START + 2 * DAY)
    last = transaction(2, START + 3 * DAY)
    track = Track(Counting(), EACH)
    events = [
        ("transaction", START, first),
        ("transaction", START + 2 * DAY - 1, later | {"event_time": START + 2 * DAY - 1}),
        ("transaction", START + 3 * DAY, last),
        ("label", START + 4 * DAY, label(first, "FRAUD", START + 4 * DAY)),
        ("label", START + 4 * DAY, label(later, "LEGITIMATE", START + 4 * DAY)),
    ]
    replay = through(track, events, maturity_ms=2 * DAY)
    assert list(replay.history.truth) == [1, 0, -1]
    assert (replay.counts["presumed"], replay.counts["corrected"]) == (2, 1)
    assert replay.counts["confirmed"] == 1
    assert track.learned == 4  # two presumed, and the chargeback for the mistake and the truth
    assert through(Track(Counting(), EACH), events[:3]).counts["presumed"] == 0


def test_what_the_stream_refuses_is_counted_and_changes_nothing() -> None:
    good = transaction(0, START)
    bad = [
        good | {"transaction_id": "x", "amount_minor": -1},
        good | {"transaction_id": "y", "event_time": START - 3 * DAY},
        good | {"transaction_id": "z", "event_time": START + DAY},
        good | {"amount_minor": 7},
        good,
    ]
    events = [("transaction", START, record) for record in (good, *bad)]
    replay = through(Track(Counting(), EACH), events)
    assert len(replay.history) == 1
    codes = ("INVALID_AMOUNT", "TOO_LATE", "FUTURE", "CONFLICTING_DUPLICATE", "repeats")
    assert [replay.counts[code] for code in codes] == [1] * 5
