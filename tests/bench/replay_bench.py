"""The replay on the whole public world: how long it takes, and the published row by our windows.

Run it from the project's root: `python -m tests.bench.replay_bench [FOLDER]`, FOLDER being the
output of `fraud simulate handbook`; without it the world is made. Some minutes, 1.5 GB. Ends with 1
if a number is too far off, so that `make bench` fails.

The fifteen inputs of every transaction come from the stream's own windows with labels as they
arrive; scikit-learn's logistic regression on the standard split must then give the book's row:
AUC ROC .871, average precision .606, card precision at 100 .291, each within .003.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.protocol import METRICS, STANDARD, WEEK_MS, Assessment, assess, assessed
from models.replay import Replay
from models.replay_track import Period, Row, Track
from producers.handbook import simulate
from producers.source import Source

INPUTS = (
    "amount", "weekend", "night",
    *(f"card_{what}_{days}d" for what in ("count", "mean") for days in (1, 7, 30)),
    *(f"terminal_count_{days}d_delayed" for days in (1, 7, 30)),
    *(f"terminal_risk_{days}d" for days in (1, 7, 30)),
)  # fmt: skip
PUBLISHED = {"auc_roc": 0.871, "average_precision": 0.606, "card_precision_at_100": 0.291}
SPLIT = Period(STANDARD.train_start, STANDARD.assessed.end)


class Collector:
    """A model that learns nothing and keeps the inputs of every row it is asked to score."""

    name = "collector"
    _pick = itemgetter(*map(FEATURES.names.index, INPUTS))

    def __init__(self) -> None:
        self.inputs = array("d")

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Nothing: the opponent is fitted in one go afterwards."""

    def score(self, row: Row) -> float:
        """Keep one row."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """Keep the rows."""
        for row in rows:
            self.inputs.extend(self._pick(row))
        return [0.0] * len(rows)


def published_row(folder: Path) -> tuple[Assessment, float]:
    """The assessment of scikit-learn's model, and the seconds that the windows took."""
    collector, started = Collector(), time.perf_counter()
    replay = Replay([Track(collector, LearnPolicy(first=1), assesses=SPLIT)])
    for arrival in Source.open(folder).arrivals():
        if arrival.at >= SPLIT.end + WEEK_MS:
            break
        if arrival.event == "label" or arrival.at < SPLIT.end:  # the last labels are to come
            replay.run([arrival])
    replay.finish()
    seconds = time.perf_counter() - started
    inputs = np.array(collector.inputs).reshape(-1, len(INPUTS))
    return fitted(replay, inputs), seconds


def fitted(replay: Replay, inputs: NDArray[np.float64]) -> Assessment:
    """Fit on the training week, score the assessed one."""
    recorded = replay.history.recorded()
    time_of = recorded.event_time
    split = np.flatnonzero((time_of >= SPLIT.start) & (time_of < SPLIT.end))
    training = time_of[split] < STANDARD.train.end
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, random_state=0))
    model.fit(inputs[training], recorded.truth[split][training] == 1)
    scores = np.full(len(recorded.event_time), np.nan)
    scores[split] = model.predict_proba(inputs)[:, 1]
    scores[~assessed(recorded, STANDARD)] = np.nan
    return assess(recorded, scores, STANDARD)


def world(made: Path) -> Path:
    """The folder that was named, else the public world in `made`, up to the split's last label."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    simulate(made, days=137)
    return made


def main() -> int:
    """Print found and published numbers; 1 if they differ by more than .003."""
    with TemporaryDirectory() as folder:
        found, seconds = published_row(world(Path(folder)))
    print(f"{seconds:8.1f} s for the windows; {found.transactions} assessed, {found.frauds} frauds")
    far = 0
    for name in METRICS:
        value = getattr(found, name)
        far += abs(value - PUBLISHED[name]) > 0.003
        print(f"{value:8.4f} {name}, published {PUBLISHED[name]}")
    return int(far > 0)


if __name__ == "__main__":
    sys.exit(main())
