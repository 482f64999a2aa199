"""A file that labels frauds alone: days whose silence has not counted yet are not assessed."""

from __future__ import annotations

import numpy as np
import pytest

from models.replay_history import UNKNOWN, Recorded
from models.replay_metrics import over_time, unlabelled_from

DAY = 86_400_000
A_DAY, DAYS, MATURITY = 200, 30, 10


def recorded(unlabelled: bool = True) -> Recorded:
    """Two frauds of a hundred; of the last ten days nothing but frauds is known."""
    number = np.arange(A_DAY * DAYS)
    time = number * DAY // A_DAY
    truth = (number % 50 == 0).astype(np.int8)
    late = time >= (DAYS - MATURITY) * DAY
    truth[late & (truth == 0) & unlabelled] = UNKNOWN
    return Recorded(time, number, np.ones_like(number), truth, np.zeros(len(number)))


def test_days_of_frauds_alone_flatter_nobody() -> None:
    rows = recorded()
    scores = np.random.default_rng(1).random(len(rows.truth))
    assert unlabelled_from(rows) == DAYS - MATURITY
    got = over_time(rows, scores, 5, before=unlabelled_from(rows))
    assert got["overall"]["transactions"] == A_DAY * (DAYS - MATURITY)
    assert got["overall"]["causal"]["precision"] < 0.06, "they would be right in all of ten days"
    rate = got["overall"]["frauds"] / got["overall"]["transactions"]
    assert rate == pytest.approx(0.02)
    assert got["weeks"][-1]["from_day"] + got["weeks"][-1]["days"] <= DAYS - MATURITY


def test_of_a_labelled_file_every_day_is_assessed() -> None:
    rows = recorded(unlabelled=False)
    scores = np.linspace(0, 1, len(rows.truth))
    assert unlabelled_from(rows) is None
    assert over_time(rows, scores, 5, before=None) == over_time(rows, scores, 5)


def test_one_label_that_is_missing_cuts_nothing() -> None:
    rows = recorded(unlabelled=False)
    rows.truth[A_DAY * 12 + 1] = UNKNOWN
    assert unlabelled_from(rows) is None
    rows.truth[A_DAY * 12 : A_DAY * 12 + 10] = UNKNOWN
    assert unlabelled_from(rows) == 12


def test_nothing_recorded_has_no_such_day() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert unlabelled_from(Recorded(none, none, none, none.astype(np.int8), none * 1.0)) is None
