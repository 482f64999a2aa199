"""The measures of a replay against naive computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.replay_history import Recorded
from models.replay_metrics import (
    budget_threshold,
    calibration,
    causal_alerts,
    hindsight_alerts,
    over_time,
    recall_at,
)

DAY = 86_400_000
few = st.lists(st.integers(0, 9).map(lambda n: n / 10), min_size=1, max_size=30)


@given(few, st.integers(0, 35))
def test_the_threshold_is_the_lowest_within_the_budget(scores: list[float], allowed: int) -> None:
    found = budget_threshold(np.array(scores), allowed)
    fitting = [s for s in scores if sum(other >= s for other in scores) <= allowed]
    assert sum(score >= found for score in scores) <= allowed
    assert found == min(fitting) if fitting else found > max(scores)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=80))
def test_causal_alerts_look_back_only(rows: list[tuple[int, int]]) -> None:
    rows.sort(key=lambda row: row[0])
    day, scores = np.array([d for d, _ in rows]), np.array([s / 10 for _, s in rows])
    alerted = causal_alerts(day, scores, 2)
    for at, (today, _) in enumerate(rows):
        past = [s for d, s in zip(day, scores, strict=True) if today - 7 <= d < today]
        days = len({d for d, _ in rows if today - 7 <= d < today})
        expected = bool(past) and scores[at] >= budget_threshold(np.array(past), 2 * days)
        assert alerted[at] == expected


@given(few, st.integers(1, 5))
def test_hindsight_takes_the_best_of_each_day(scores: list[float], k: int) -> None:
    day = np.arange(len(scores)) // 7
    alerted = hindsight_alerts(day, np.array(scores), k)
    for one in np.unique(day):
        today, taken = np.array(scores)[day == one], alerted[day == one]
        assert taken.sum() == min(k, len(today))
        assert sorted(today[taken]) == sorted(today)[-int(taken.sum()) :]


def test_recall_at_a_share() -> None:
    fraud = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    assert recall_at(fraud, np.linspace(1, 0, 10), 0.1) == 0.5
    assert recall_at(~np.ones(3, dtype=bool), np.zeros(3), 0.1) is None


def test_calibrated_scores_have_no_error() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(200_000)
    fraud = rng.random(200_000) < scores
    good, bad = calibration(fraud, scores), calibration(fraud, scores**3)
    assert good["ece"] == pytest.approx(0, abs=0.01)
    assert bad["ece"] == pytest.approx(0.25, abs=0.01)
    assert good["brier"] == pytest.approx(1 / 6, abs=0.01)
    assert good["top_rate"] == pytest.approx(0.995, abs=0.01)
    assert set(calibration(np.array([], dtype=bool), np.array([])).values()) == {None}


def record(days: int, a_day: int = 20) -> Recorded:
    size = days * a_day
    day = np.repeat(np.arange(days), a_day)
    truth = np.tile([1] + [0] * (a_day - 1), days).astype(np.int8)
    return Recorded(day * DAY, np.arange(size), np.full(size, 100), truth, np.zeros(size))


def test_a_perfect_score_over_time() -> None:
    rows = record(15)
    got = over_time(rows, rows.truth * 0.9, alerts_per_day=1)
    assert [week["transactions"] for week in got["weeks"]] == [140, 140, 20]
    assert got["overall"]["hindsight"] == {
        "alerts_per_day": 1.0, "precision": 1.0, "recall": 1.0, "value_caught": 1.0,
    }  # fmt: skip
    assert got["overall"]["causal"]["recall"] == pytest.approx(14 / 15)  # the first day has none
    assert got["overall"]["card_precision_at_k"] == 1.0
    assert got["weeks"][0]["auc_roc"] == 1.0


def test_unknown_truth_and_missing_scores_are_left_out() -> None:
    rows = record(2)
    scores = rows.truth * 0.9
    scores[3] = np.nan
    rows.truth[4] = -1
    got = over_time(rows, scores, 5)["overall"]
    assert got["transactions"] == 38


def test_nothing_recorded_is_nothing_measured() -> None:
    rows = record(0)
    got = over_time(rows, np.zeros(0), 5)
    assert got["weeks"] == []
    assert got["overall"]["auc_roc"] is None
