"""Promotion: a better challenger takes over, one that is no better does not, by luck neither."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from models.contest.promotion import Judged, Jury, PromotionPolicy, lower_bound, mature
from models.contest.standings import DAY_MS, Table, daily_alerts, measures, scored
from models.evaluation import CardDay, card_precision_at_k
from models.learn_memory import row_type

NAMES = ("champion", "one", "two", "three")
POLICY = PromotionPolicy()
DAYS, A_DAY, CARDS = 10, 2_000, 1_500


def world(seed: int, skills: tuple[float, ...]) -> Table:
    """Outcomes of ten days, 1 % fraud; a competitor's skill is how far frauds score above."""
    random = np.random.default_rng(seed)
    many = DAYS * A_DAY
    rows = np.zeros(many, row_type(len(skills)))
    rows["key"] = np.arange(many)
    rows["time"] = np.sort(random.integers(0, DAYS * DAY_MS, many))
    rows["card"] = random.integers(0, CARDS, many)
    rows["amount"] = random.integers(100, 10_000, many)
    rows["weight"] = 1.0
    rows["fraud"] = random.random(many) < 0.01
    for at, skill in enumerate(skills):
        signal = random.normal(0.0, 1.0, many) + skill * rows["fraud"]
        odds = np.exp(signal * skill - skill**2 / 2) * 0.01 / 0.99  # calibrated by construction
        rows["scores"][:, at] = odds / (1.0 + odds)
    return rows


def judged(rows: Table, policy: PromotionPolicy = POLICY, seed: int = 1) -> Judged | None:
    return Jury(NAMES, "champion", 10.0, policy, np.random.default_rng(seed)).best(rows)


def test_the_best_of_better_challengers_takes_over() -> None:
    found = judged(world(1, (1.0, 1.2, 3.0, 2.0)))
    assert found is not None
    assert found.name == "two"
    assert found.gain > 0.1
    assert "promoted two by policy" in found.reason
    assert found == judged(world(1, (1.0, 1.2, 3.0, 2.0)))


def test_what_is_scored_row_by_row_takes_over_only_where_the_policy_lets_it() -> None:
    def best(policy: PromotionPolicy, *slow: str) -> Judged | None:
        rows, generator = world(1, (1.0, 1.2, 3.0, 2.0)), np.random.default_rng(1)
        return Jury(NAMES, "champion", 10.0, policy, generator, frozenset(slow)).best(rows)

    found = [best(POLICY, "two"), best(dataclasses.replace(POLICY, row_by_row=True), "two")]
    assert [one and one.name for one in found] == [NAMES[3], "two"]
    assert best(POLICY, *NAMES) is None


@pytest.mark.parametrize("seed", range(20))
def test_an_identical_challenger_is_not_promoted(seed: int) -> None:
    """Three that are as good by construction, and one that gives the very same scores."""
    rows = world(seed, (2.0, 2.0, 2.0, 2.0))
    rows["scores"][:, 3] = rows["scores"][:, 0]
    assert judged(rows, seed=seed) is None


def test_all_gates() -> None:
    rows = world(1, (1.0, 3.0, 1.0, 1.0))

    def passes(rows: Table = rows, **policy: Any) -> bool:
        return judged(rows, dataclasses.replace(POLICY, **policy)) is not None

    assert passes()
    assert not passes(min_days=11)
    assert not passes(min_frauds=100_000)
    assert not passes(margin=0.9)
    overconfident = rows.copy()
    overconfident["scores"][:, 1] = overconfident["scores"][:, 1] ** 0.5
    assert not passes(overconfident)
    assert passes(overconfident, high=100.0)
    unscored = rows.copy()
    unscored["scores"][: 7 * A_DAY, 1] = math.nan  # identical transactions: three days are left
    assert not passes(unscored)
    cheap = rows.copy()
    caught = daily_alerts(rows, 1, 10.0).detected - daily_alerts(rows, 0, 10.0).detected
    cheap["amount"][np.isin(cheap["card"], list(caught))] = 1
    assert not passes(cheap)  # finds more cards, and less of the money


def test_only_whole_days_that_are_over_for_long_enough_are_judged() -> None:
    rows = world(1, (1.0,))
    days = np.unique(mature(rows, 12 * DAY_MS, False, POLICY)["time"] // DAY_MS)
    assert days.tolist() == [0, 1, 2, 3, 4]
    days = np.unique(mature(rows, 12 * DAY_MS, True, POLICY)["time"] // DAY_MS)
    assert days.tolist() == [1, 2, 3, 4]
    assert not len(mature(rows[:0], 12 * DAY_MS, True, POLICY))


def test_the_bound_is_that_of_drawing_cards_one_by_one() -> None:
    ahead, behind, cards, draws = 12, 3, 40, 4_000
    random = np.random.default_rng(5)
    each = np.array([1] * ahead + [-1] * behind + [0] * (cards - ahead - behind))
    naive = np.quantile([random.choice(each, cards).sum() for _ in range(draws)], 0.05)
    generator = np.random.default_rng(1)
    found = lower_bound(ahead, behind, cards, alpha=0.05, draws=draws, generator=generator)
    assert abs(found - naive) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_alerts_are_the_handbooks_where_nothing_is_thinned(seed: int) -> None:
    rows = world(seed, (1.5,))
    found = daily_alerts(rows, 0, 10.0)
    cards = [
        CardDay(int(row["time"] // DAY_MS), int(row["card"]), float(row["scores"][0]),
                bool(row["fraud"]))
        for row in rows
    ]  # fmt: skip
    per_day = [len(rows[rows["time"] // DAY_MS == day]) // 100 for day in range(DAYS)]
    k = round(np.mean(per_day))
    days = [precision for _, precision in card_precision_at_k(cards, k)]
    assert len(found.detected) / found.places == pytest.approx(np.mean(days), abs=0.03)


def test_thinned_rows_stand_for_those_left_out() -> None:
    """On average: which clean cards are left out is chance, and a day has twenty places."""
    whole, thinned = [], []
    for seed in range(12):
        rows = world(seed, (1.5,))
        kept = np.random.default_rng(seed).random(len(rows)) < 0.25
        thin = rows[(rows["fraud"] == 1) | kept].copy()
        thin["weight"][thin["fraud"] == 0] = 4.0
        whole.append(measures(rows, 0, 10.0))
        thinned.append(measures(thin, 0, 10.0))
    for name in ("auc_roc", "average_precision", "log_loss", "card_precision", "calibration"):
        means = [np.mean([one[name] for one in found]) for found in (thinned, whole)]
        assert means[0] == pytest.approx(means[1], rel=0.1), name


def test_nothing_scored_is_nothing_measured() -> None:
    rows = world(1, (1.0, 1.0))
    rows["scores"][:, 1] = math.nan
    assert measures(rows, 1, 10.0) == {"window": 0.0, "window_frauds": 0.0}
    assert len(scored(rows, 0)) == len(rows)
    assert not len(scored(rows, 0, 1))
    clean = rows[rows["fraud"] == 0]
    assert "auc_roc" not in measures(clean, 0, 10.0)
