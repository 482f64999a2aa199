"""What gradient boosting refitted every week makes of the same rows: the batch opponent.

Run it from the root: `python -m tests.bench.weekly_boosting WORLD [valid|test|both]`, WORLD
being the output of `fraud simulate handbook`. Before each assessed week scikit-learn's histogram
gradient boosting is fitted on every row whose label was known by then, seven days late, all frauds
and `KEEP` of the rest weighted back, with two seeds whose log-odds are averaged. Prints the means
of the four folds. Settings stand as they are: none was tried on the folds of `test`. `both` prints,
on the folds of `valid`, what the blend that ships and boosting find together, their log-odds added:
whether the rows hold more than one of them finds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.portfolio.imbalance import EDGE
from models.portfolio.settings import CHOSEN
from models.protocol import FOLDS, METRICS, Fold, assess, assessed, summary
from tests.bench.choose_settings import DELAY_MS, Scores, Table, Trial, collected, table

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


def boosted(found: Table, folds: Sequence[Fold]) -> Scores:
    """The scores of every assessed week; NaN elsewhere."""
    recorded, scores = found.recorded(), np.full(len(found.truth), np.nan)
    for fold in folds:
        asked = assessed(recorded, fold)
        scores[asked] = week(found, fold, asked)
    return scores


def report(name: str, found: Table, scores: Scores, folds: Sequence[Fold]) -> None:
    """Print the means of the folds."""
    recorded = found.recorded()
    mean = summary([assess(recorded, scores, fold) for fold in folds])["mean"]
    print(json.dumps({"folds": name, **{one: round(mean[one], 4) for one in METRICS}}))


def together(world: Path) -> None:
    """Both on the folds of `valid`."""
    trial, folds = Trial(world), FOLDS["valid"]
    blend = trial.scores("blend", CHOSEN["blend"], 0)
    both = np.array([blend, boosted(trial.found, folds)]).clip(EDGE, 1.0 - EDGE)
    report("valid, with the blend", trial.found, np.log(both / (1.0 - both)).sum(axis=0), folds)


def main() -> None:
    """Print the means."""
    world, name = Path(sys.argv[1]), (sys.argv[2:] or ["valid"])[0]
    if name == "both":
        together(world)
        return
    folds = FOLDS[name]
    end = max(fold.assessed.end for fold in folds)
    found = table(world) if name == "valid" else collected(world, end)
    report(name, found, boosted(found, folds), folds)


if __name__ == "__main__":
    main()
