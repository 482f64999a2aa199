"""The Handbook's protocol on the Handbook's own world, and against a naive transcription."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.protocol import FOLDS, STANDARD, WEEK_MS, Fold, assess, assessed, summary
from models.replay_history import DAY_MS, Recorded
from producers.handbook import World, generate
from producers.handbook_world import WorldSpec

pytestmark = pytest.mark.timeout(600)  # the whole public world, a few seconds; more when busy
DELAY_MS = WEEK_MS
FAR = 2**42  # beyond any time, so that card * FAR + time sorts by card, then by time


@pytest.fixture(scope="module")
def world() -> World:
    return generate(WorldSpec(days=157))  # up to the last day of the TEST folds


@pytest.fixture(scope="module")
def recorded(world: World) -> Recorded:
    fraud = world.scenario > 0
    return Recorded(
        world.event_time,
        world.ledger.customer.astype(np.int64),
        world.ledger.cents.astype(np.int64),
        fraud.astype(np.int8),
        np.zeros(len(fraud)),
    )


def test_the_standard_split_has_the_published_numbers(recorded: Recorded) -> None:
    time = recorded.event_time
    training = (time >= STANDARD.train.start) & (time < STANDARD.train.end)
    judged = assessed(recorded, STANDARD)
    week = (time >= STANDARD.assessed.start) & (time < STANDARD.assessed.end)
    counts = [(int(m.sum()), int(recorded.truth[m].sum())) for m in (training, judged, week)]
    assert counts == [(67_240, 598), (58_264, 385), (67_080, 568)]


def test_a_perfect_scorer_reaches_the_published_ceiling(recorded: Recorded) -> None:
    truth = recorded.truth.astype(np.float64)
    found = [assess(recorded, truth, fold) for fold in FOLDS["test"]]
    mean = summary(found)["mean"]
    assert found[-1].card_precision_at_100 == pytest.approx(0.397, abs=0.0006)
    assert mean["card_precision_at_100"] == pytest.approx(0.419, abs=0.0006)
    assert (mean["auc_roc"], mean["average_precision"]) == (1.0, 1.0)


def test_the_published_logistic_regression(world: World, recorded: Recorded) -> None:
    """AUC .871, AP .606, CP@100 .291, by scikit-learn on naive inputs."""
    inputs = fifteen(world)
    time = recorded.event_time
    training = (time >= STANDARD.train.start) & (time < STANDARD.train.end)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, random_state=0))
    model.fit(inputs[training], recorded.truth[training])
    scores = np.full(len(time), np.nan)
    judged = assessed(recorded, STANDARD)
    scores[judged] = model.predict_proba(inputs[judged])[:, 1]
    found = assess(recorded, scores, STANDARD)
    assert (found.transactions, found.frauds) == (58_264, 385)
    assert found.auc_roc == pytest.approx(0.871, abs=0.003)
    assert found.average_precision == pytest.approx(0.606, abs=0.003)
    assert found.card_precision_at_100 == pytest.approx(0.291, abs=0.003)


def fifteen(world: World) -> NDArray[np.float64]:
    """The Handbook's inputs by sorted searches over the whole world, not by our windows."""
    time, cents = world.event_time, world.ledger.cents.astype(np.int64)
    amount = cents / 100
    day, hour = time // DAY_MS, time // 3_600_000 % 24
    columns = [amount, (day + 3) % 7 >= 5, hour <= 6]
    columns += list(of_cards(world.ledger.customer, time, cents))
    columns += list(of_terminals(world.ledger.terminal, time, world.scenario > 0))
    return np.column_stack(columns).astype(np.float64)


def of_cards(
    card: NDArray[Any], time: NDArray[np.int64], cents: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """Count and mean over (t - w, t], the transaction itself included."""
    key = card.astype(np.int64) * FAR + time
    order = np.argsort(key, kind="stable")
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.arange(len(key))
    sums = np.concatenate([[0], np.cumsum(cents[order])])
    for days in (1, 7, 30):
        first = np.searchsorted(key[order], key - days * DAY_MS, side="right")
        count = place + 1 - first
        yield count.astype(np.float64)
        yield (sums[place + 1] - sums[first]) / count / 100


def of_terminals(
    terminal: NDArray[Any], time: NDArray[np.int64], fraud: NDArray[np.bool_]
) -> Iterator[NDArray[np.float64]]:
    """Count and share of frauds over (t - 7 d - w, t - 7 d]."""
    key = terminal.astype(np.int64) * FAR + time
    order = np.argsort(key, kind="stable")
    sums = np.concatenate([[0], np.cumsum(fraud[order])])
    near = np.searchsorted(key[order], key - DELAY_MS, side="right")
    for days in (1, 7, 30):
        far = np.searchsorted(key[order], key - DELAY_MS - days * DAY_MS, side="right")
        count = near - far
        yield count.astype(np.float64)
        yield np.where(count > 0, (sums[near] - sums[far]) / np.maximum(count, 1), 0.0)


def naive(table: pd.DataFrame, fold: Fold) -> tuple[int, float, float, float]:
    """The book's procedure, day after day, in pandas."""
    start = fold.train_start // DAY_MS
    known = set(table[table.day.between(start, start + 6) & (table.truth == 1)].card)
    kept = []
    for ahead in range(7):
        told = table[(table.day == start + 7 + ahead - 1) & (table.truth == 1)]
        known |= set(told.card) if ahead else set()
        today = table[table.day == start + 14 + ahead]
        kept.append(today[~today.card.isin(known)])
    judged, detected, precisions = pd.concat(kept), set[int](), []
    for _, today in judged.groupby("day"):
        left = today[~today.card.isin(detected)]
        cards = left.groupby("card").agg({"score": "max", "truth": "max"})
        top = cards.sort_values("score", ascending=False).head(100)
        hits = top[top.truth == 1]
        detected |= set(hits.index)
        precisions.append(len(hits) / 100)
    return (
        len(judged),
        float(metrics.roc_auc_score(judged.truth, judged.score)),
        float(metrics.average_precision_score(judged.truth, judged.score)),
        float(np.mean(precisions)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_a_naive_transcription(seed: int) -> None:
    rng, fold, size = np.random.default_rng(seed), Fold.of("2018-05-01"), 12_000
    time = np.sort(rng.integers(fold.train_start - DAY_MS, fold.assessed.end + DAY_MS, size))
    truth = (rng.random(size) < 0.03).astype(np.int8)
    card = rng.integers(0, 900, size)
    scores = rng.random(size) + truth * 0.4
    recorded = Recorded(time, card, np.ones(size, dtype=np.int64), truth, np.zeros(size))
    table = pd.DataFrame(
        {"day": recorded.day, "card": card, "truth": truth.astype(int), "score": scores}
    )
    found = assess(recorded, scores, fold)
    mine = (
        found.transactions, found.auc_roc, found.average_precision, found.card_precision_at_100,
    )  # fmt: skip
    assert mine == pytest.approx(naive(table, fold))


def test_mean_and_population_deviation_over_folds() -> None:
    fold = Fold.of("2018-07-25")
    time = np.full(4, fold.assessed.start)
    recorded = Recorded(
        time, np.arange(4), np.ones(4, dtype=np.int64), np.array([0, 0, 1, 1], dtype=np.int8),
        np.zeros(4),
    )  # fmt: skip
    pair = [
        assess(recorded, np.array(scores), fold)
        for scores in ([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1])
    ]
    found = summary(pair)
    assert (found["mean"]["auc_roc"], found["std"]["auc_roc"]) == (0.5, 0.5)
    assert [one["train_start"] for one in found["folds"]] == ["2018-07-25", "2018-07-25"]
    assert found["folds"][0]["assessed_from"] == "2018-08-08"
    assert found["folds"][0]["assessed_to"] == "2018-08-14"


def test_the_folds_do_not_share_assessed_days() -> None:
    starts = [fold.assessed for kind in ("test", "valid") for fold in FOLDS[kind]]
    assert len({period.start for period in starts}) == 8
    assert all(period.end - period.start == WEEK_MS for period in starts)
    valid, test = ([fold.assessed for fold in FOLDS[kind]] for kind in ("valid", "test"))
    assert max(p.end for p in valid) <= min(p.start for p in test)


def test_no_metric_without_fraud() -> None:
    fold = Fold.of("2018-07-25")
    recorded = Recorded(
        np.array([fold.assessed.start]), np.array([0]), np.array([1]),
        np.array([0], dtype=np.int8), np.zeros(1),
    )  # fmt: skip
    found = assess(recorded, np.array([0.5]), fold)
    assert (found.auc_roc, found.average_precision) == (None, None)
    assert summary([found])["mean"]["auc_roc"] is None
