"""The metrics against scikit-learn and against the Handbook's card precision, done naively."""

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from models.evaluation import (
    CardDay,
    average_precision,
    card_precision_at_k,
    log_loss,
    mean_card_precision_at_k,
    roc_auc,
)

examples = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6).map(lambda n: n / 6), st.sampled_from([0.5, 1, 20])),
    min_size=2,
    max_size=60,
).filter(lambda rows: {row[0] for row in rows} == {True, False})


@given(examples)
def test_equal_to_scikit_learn_with_ties_and_weights(rows: list[tuple[bool, float, float]]) -> None:
    labels, scores, weights = zip(*rows, strict=True)
    for weight in (None, weights):
        assert roc_auc(labels, scores, weight) == pytest.approx(
            metrics.roc_auc_score(labels, scores, sample_weight=weight)
        )
        assert average_precision(labels, scores, weight) == pytest.approx(
            metrics.average_precision_score(labels, scores, sample_weight=weight)
        )
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    assert log_loss(labels, scores, weights) == pytest.approx(
        metrics.log_loss(labels, clipped, sample_weight=weights)
    )


def test_large_and_continuous() -> None:
    rng = np.random.default_rng(3)
    labels = rng.random(20_000) < 0.01
    scores = rng.random(20_000) + labels * 0.3
    assert roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert average_precision(labels, scores) == pytest.approx(
        metrics.average_precision_score(labels, scores)
    )


def test_what_is_undefined_is_none() -> None:
    assert roc_auc([], []) is None
    assert roc_auc([1, 1], [0.1, 0.2]) is None
    assert roc_auc([0], [0.1]) is None
    assert average_precision([0, 0], [0.1, 0.2]) is None
    assert average_precision([], []) is None
    assert log_loss([], []) is None
    assert mean_card_precision_at_k([]) is None


def test_bad_input_is_an_error() -> None:
    with pytest.raises(ValueError, match="of one length"):
        roc_auc([1], [0.1, 0.2])
    with pytest.raises(ValueError, match="finite scores"):
        average_precision([1, 0], [0.1, math.nan])
    with pytest.raises(ValueError, match="k >= 1"):
        card_precision_at_k([], 0)


def handbook(frame: pd.DataFrame, k: int) -> list[float]:
    """Card precision top-k as the Handbook describes it, with pandas."""
    known: set[str] = set()
    precisions = []
    for _, day in frame.groupby("day"):
        cards = day[~day.card_id.isin(known)].groupby("card_id")[["score", "fraud"]].max()
        top = cards.reset_index().sort_values(["score", "card_id"], ascending=[False, True])[:k]
        hits = set(top[top.fraud].card_id)
        precisions.append(len(hits) / k)
        known |= hits
    return precisions


def test_card_precision_is_the_handbooks() -> None:
    rng = random.Random(8)
    rows = [
        CardDay(
            rng.randrange(6), f"c{rng.randrange(60):02}", rng.randrange(20) / 20, rng.random() < 0.1
        )
        for _ in range(900)
    ]
    frame = pd.DataFrame(rows)
    for k in (1, 5, 20, 100):
        assert [p for _, p in card_precision_at_k(rows, k)] == handbook(frame, k)
    assert mean_card_precision_at_k(rows, 5) == pytest.approx(np.mean(handbook(frame, 5)))


def test_a_detected_card_is_gone_and_an_undetected_one_is_not() -> None:
    rows = [
        CardDay(0, "caught", 0.9, True), CardDay(0, "missed", 0.1, True),
        CardDay(1, "caught", 0.9, True), CardDay(1, "missed", 0.8, True),
    ]  # fmt: skip
    assert card_precision_at_k(rows, 1) == [(0, 1.0), (1, 1.0)]
