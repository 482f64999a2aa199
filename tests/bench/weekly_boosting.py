"""What gradient boosting refitted every week makes of the same rows: the batch opponent.

Run it from the project's root: `python -m tests.bench.weekly_boosting WORLD [valid|test]`, WORLD
being the output of `fraud simulate handbook`. Before each assessed week scikit-learn's histogram
gradient boosting is fitted on every row whose label was known by then, seven days late, all frauds
and `KEEP` of the rest weighted back, with two seeds whose log-odds are averaged. Prints the means
of the four folds. Settings stand as they are: none was tried on the folds of `test`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.protocol import FOLDS, METRICS, Fold, assess, assessed, summary
from tests.bench.choose_settings import DELAY_MS, Scores, Table, collected, table

KEEP = 0.3
SEEDS = (0, 1)


def fitted(
    seed: int, rows: NDArray[np.float64], fraud: NDArray[np.bool_]
) -> HistGradientBoostingClassifier:
    """The model of one seed."""
    kept = fraud | (np.random.default_rng(seed).random(len(rows)) < KEEP)
    weight = np.where(fraud[kept], 1.0, 1.0 / KEEP)
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=15, l2_regularization=1.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return model.fit(rows[kept], fraud[kept], sample_weight=weight)


def week(found: Table, fold: Fold, asked: NDArray[np.bool_]) -> Scores:
    """The scores of one assessed week."""
    known = found.event_time <= fold.assessed.start - DELAY_MS
    rows, fraud = found.rows[known], found.truth[known] == 1
    said = [fitted(seed, rows, fraud).decision_function(found.rows[asked]) for seed in SEEDS]
    return np.asarray(1.0 / (1.0 + np.exp(-np.mean(said, axis=0))))


def main() -> None:
    """Print the means."""
    world, name = Path(sys.argv[1]), (sys.argv[2:] or ["valid"])[0]
    folds = FOLDS[name]
    end = max(fold.assessed.end for fold in folds)
    found = table(world) if name == "valid" else collected(world, end)
    recorded, results = found.recorded(), []
    for fold in folds:
        asked, scores = assessed(recorded, fold), np.full(len(found.truth), np.nan)
        scores[asked] = week(found, fold, asked)
        results.append(assess(recorded, scores, fold))
    mean = summary(results)["mean"]
    print(json.dumps({"folds": name, **{one: round(mean[one], 4) for one in METRICS}}))


if __name__ == "__main__":
    main()
