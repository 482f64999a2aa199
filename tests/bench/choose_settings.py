"""Which settings of the portfolio do best on the Handbook's VALID folds, and nowhere else.

Run it from the project's root: `python -m tests.bench.choose_settings WORLD [MODEL …]`, WORLD being
the output of `fraud simulate handbook`. Every setting of `GRID` is learned continuously, labels
seven days late, published once a day, and written into `models/portfolio/valid.json`; what stands
there is not run again (remove it after a change of the model). Feature rows come from the stream's
own windows, once, and are kept in `WORLD/valid.npz`: what arrives after the last VALID fold is
never read, so no TEST fold is.

`best` says which setting is chosen; a test compares `models/portfolio/settings.py` with it.
"""

from __future__ import annotations

import json
import math
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.portfolio import PORTFOLIO
from models.portfolio.combination import Combination
from models.portfolio.compiled import compile_payload
from models.portfolio.imbalance import hashed
from models.portfolio.interface import OnlineModel
from models.portfolio.settings import CHOSEN
from models.protocol import FOLDS, METRICS, Fold, assess, assessed, summary
from models.replay import Replay
from models.replay_history import DAY_MS, Recorded
from models.replay_track import Row, Track
from producers.source import Source

VALID = FOLDS["valid"]
END = max(fold.assessed.end for fold in VALID)
DELAY_MS = 7 * DAY_MS
TABLE = Path(__file__).parents[2] / "models" / "portfolio" / "valid.json"
SEEDS = (0,)
GRID: dict[str, list[dict[str, Any]]] = {
    "logistic": [{}],
    "splines": [
        {"keep": 0.2, "rate": 0.2, "coarse": 2, "average": 0.0},
        {"keep": 0.2, "rate": 0.4, "coarse": 2, "average": 0.0},
        {"keep": 0.2, "rate": 0.1, "coarse": 2, "average": 0.0},
        {"keep": 0.1, "rate": 0.2, "coarse": 2, "average": 0.0},
        {"keep": 0.5, "rate": 0.4, "coarse": 2, "average": 0.0},
        {"keep": 0.2, "rate": 0.2, "coarse": 3, "average": 0.0},
        {"keep": 0.2, "rate": 0.2, "coarse": 1, "average": 0.0},
        {"keep": 0.2, "rate": 0.3, "coarse": 1, "average": 0.0},
        {"keep": 0.2, "rate": 0.3, "coarse": 1, "average": 0.98},
        {"keep": 0.2, "rate": 0.3, "coarse": 1, "average": 0.988},
        {"keep": 0.2, "rate": 0.3, "coarse": 1, "average": 0.994},
        {"keep": 0.5, "rate": 0.3, "coarse": 1, "average": 0.988},
    ],
    "leveraging_bagging": [
        {"keep": 0.05, "max_leaves": 256, "grace_period": 200, "delta": 1e-7},
        {"keep": 0.05, "max_leaves": 64, "grace_period": 200, "delta": 1e-7},
    ],
    "adaptive_random_forest": [
        {"keep": 0.05, "max_leaves": 256, "max_features": "sqrt"},
    ],
    "blend": [
        {"members": ["splines", "leveraging_bagging"], "keep": 0.05, "rate": 0.002},
        {"members": ["splines", "leveraging_bagging"], "keep": 0.05, "rate": 0.0005},
        {"members": ["splines", "leveraging_bagging"], "keep": 0.05, "rate": 0.0002},
        {"members": ["splines", "leveraging_bagging"], "keep": 0.05, "rate": 0.00005},
        {
            "members": ["splines", "leveraging_bagging", "adaptive_random_forest"],
            "keep": 0.05,
            "rate": 0.0005,
        },
        {
            "members": ["splines", "leveraging_bagging", "logistic"],
            "keep": 0.05,
            "rate": 0.0005,
        },
    ],
}
"""A blend's members have their chosen settings."""
Scores = NDArray[np.float64]


class Table(NamedTuple):
    """All decisions before `END`: `rows` has shape (transactions, features), NaN is missing."""

    rows: NDArray[np.float64]
    event_time: NDArray[np.int64]
    card: NDArray[np.int64]
    truth: NDArray[np.int8]

    def recorded(self) -> Recorded:
        """As the protocol reads it."""
        nothing = np.zeros(len(self.truth))
        return Recorded(self.event_time, self.card, nothing.astype(np.int64), self.truth, nothing)


class Collector:
    """A model that keeps every row it is asked to score."""

    name = "collector"

    def __init__(self) -> None:
        self.rows = array("d")

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Nothing."""

    def score(self, row: Row) -> float:
        """Keep one row."""
        self.rows.extend(math.nan if value is None else value for value in row)
        return 0.0

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """Keep the rows."""
        return [self.score(row) for row in rows]


def table(world: Path) -> Table:
    """The rows of a world, from `valid.npz` or made and kept there."""
    kept = world / "valid.npz"
    if not kept.exists():
        np.savez(kept, **collected(world)._asdict())
    found = np.load(kept)
    return Table(*(found[name] for name in Table._fields))


def collected(world: Path, end: int = END) -> Table:
    """The stream's own rows of what happened before `end`, with the truth of labels till then."""
    collector = Collector()
    track = Track(collector, LearnPolicy())
    track._in_force = True  # it has nothing to learn
    replay = Replay([track])
    for arrival in Source.open(world).arrivals():
        if arrival.at >= end + DELAY_MS:
            break
        if arrival.event == "label" or arrival.at < end:  # the last days' labels are to come
            replay.run([arrival])
    replay.finish()
    recorded = replay.history.recorded()
    rows = np.frombuffer(collector.rows).reshape(-1, len(FEATURES.names))
    return Table(rows, recorded.event_time, recorded.card, recorded.truth)


def days(found: Table) -> Iterator[tuple[int, int, int]]:
    """Of each day: the rows observed by its start, and the first and last row decided on it."""
    start = found.event_time[0] // DAY_MS * DAY_MS
    edges = np.arange(start, found.event_time[-1] + 1, DAY_MS)
    told = np.searchsorted(found.event_time, edges - DELAY_MS, side="right")
    first = np.searchsorted(found.event_time, edges)
    yield from zip(
        told.tolist(), first.tolist(), [*first[1:].tolist(), len(found.rows)], strict=True
    )


def prequential(model: OnlineModel, found: Table, asked: NDArray[np.bool_]) -> Scores:
    """The scores of the rows asked for, by the model published last: once a day."""
    scores, done = np.full(len(found.rows), np.nan), 0
    frauds = (found.truth == 1).tolist()
    for told, first, last in days(found):
        for row, fraud in zip(found.rows[done:told].tolist(), frauds[done:told], strict=True):
            model.learn(row, fraud, 1.0)
        done = told
        wanted = first + np.flatnonzero(asked[first:last])
        if told and len(wanted):
            scorer = compile_payload(model.compiled())
            scores[wanted] = scorer.score_many(found.rows[wanted].tolist())
    return scores


def combined(combination: Combination, found: Table, columns: Sequence[Scores]) -> Scores:
    """The combination of members' scores, learned from those in force at the decision."""
    said, done = np.stack(columns, axis=1), 0
    scores = np.full(len(found.rows), np.nan)
    known: NDArray[np.bool_] = ~np.isnan(said.sum(axis=1))
    for told, first, last in days(found):
        for at in range(done, told):
            share = combination.draw(bool(found.truth[at] == 1), 1.0)
            if share and known[at]:
                combination.teach(said[at].tolist(), bool(found.truth[at] == 1), share)
        done = told
        wanted = first + np.flatnonzero(known[first:last])
        scores[wanted] = combination.combine_many(said[wanted].T.tolist())
    return scores


def asked_of(found: Table, seed: int, folds: Sequence[Fold] = VALID) -> NDArray[np.bool_]:
    """What is assessed, and what a combination learns."""
    asked: NDArray[np.bool_] = np.array(found.truth == 1)
    keep = max(settings["keep"] for settings in GRID["blend"])
    asked |= np.array([hashed(n + 1, seed) < keep for n in range(len(found.rows))])
    recorded = found.recorded()
    for fold in folds:
        asked |= assessed(recorded, fold)
    return asked


def measured(found: Table, scores: Scores) -> dict[str, float]:
    """Means over the folds."""
    recorded = found.recorded()
    mean = summary([assess(recorded, scores, fold) for fold in VALID])["mean"]
    return {name: round(mean[name], 5) for name in METRICS}


def best(tried: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The setting with the highest sum of the three metrics, averaged over the seeds.

    >>> rows = [{"settings": {"a": n}, "seeds": {"0": dict.fromkeys(METRICS, n)}} for n in (1, 2)]
    >>> best(rows)
    {'a': 2}
    """

    def merit(one: dict[str, Any]) -> float:
        seeds = one["seeds"].values()
        return math.fsum(seed[name] for seed in seeds for name in METRICS) / len(seeds)

    chosen: dict[str, Any] = max(tried, key=merit)["settings"]
    return chosen


class Trial:
    """Runs settings and writes the table after each."""

    def __init__(self, world: Path) -> None:
        self.found = table(world)
        self.asked = {seed: asked_of(self.found, seed) for seed in SEEDS}
        self.members: dict[tuple[str, int], Scores] = {}

    def scores(self, name: str, settings: dict[str, Any], seed: int) -> Scores:
        """Of one model under one setting."""
        if name == "blend":
            columns = [self.member(one, seed) for one in settings["members"]]
            combination = Combination(settings["members"], seed, settings)
            return combined(combination, self.found, columns)
        model = PORTFOLIO[name](FEATURES.names, seed, *([settings] if settings else []))
        scores = prequential(model, self.found, self.asked[seed])
        if settings == CHOSEN.get(name, {}):
            self.members[name, seed] = scores
        return scores

    def member(self, name: str, seed: int) -> Scores:
        """The scores of a model as it was chosen."""
        if (name, seed) not in self.members:
            self.scores(name, CHOSEN.get(name, {}), seed)
        return self.members[name, seed]

    def run(self, name: str) -> None:
        """Every setting of a model."""
        tried = [one["settings"] for one in read().get(name, [])]
        for settings in (one for one in GRID[name] if one not in tried):
            started, seeds = time.process_time(), {}
            for seed in SEEDS:
                seeds[str(seed)] = measured(self.found, self.scores(name, settings, seed))
            write(name, settings, seeds)
            print(f"{name} {settings} {seeds} {time.process_time() - started:.0f} s", flush=True)


def write(name: str, settings: dict[str, Any], seeds: dict[str, dict[str, float]]) -> None:
    """Put a line into the table, in place of one for the same settings."""
    kept = read()
    kept[name] = [*kept.get(name, []), {"settings": settings, "seeds": seeds}]
    TABLE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def read() -> dict[str, Any]:
    """The table so far."""
    found: dict[str, Any] = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    return found


def main() -> None:
    """Run the models given, or all."""
    trial = Trial(Path(sys.argv[1]))
    for name in sys.argv[2:] or GRID:
        trial.run(name)


if __name__ == "__main__":
    main()
