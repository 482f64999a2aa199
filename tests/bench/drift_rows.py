"""What the drift agent would have read of a world: each decision's row and score, each label.

The stream's own fold (`models.point_in_time`) makes the rows; a logistic regression scores them in
the state in force, published and given a threshold at every 2,000th outcome as `learn` does. Kept
in the world's folder (`drift.npz`), because folding a world of 120 days takes minutes.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features import FEATURES
from models.learn_policy import LearnPolicy, alert_threshold, should_publish
from models.point_in_time import PointInTime
from models.replay_logistic import LogisticModel
from producers.source import Position, Source

Row = list[float | None]
_TOGETHER = 2_000
KEPT = "drift.npz"


class Rows(NamedTuple):
    """Decisions in order of arrival, then labels in order of observation.

    `rows` has shape (decisions, features), float32, NaN is missing; `threshold` the one in force.
    `label_of` is a label's decision, `label_at` when it was observed.
    """

    rows: NDArray[np.float32]
    event_time: NDArray[np.int64]
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]
    modelled: NDArray[np.bool_]
    label_of: NDArray[np.int64]
    label_at: NDArray[np.int64]
    label_fraud: NDArray[np.bool_]


class Champion:
    """A listener that scores, learns and remembers."""

    def __init__(self) -> None:
        self.policy = LearnPolicy()
        self.model = LogisticModel(FEATURES.names, 0)
        self.rows, self.times = array("f"), array("q")
        self.scores, self.thresholds, self.modelled = array("d"), array("d"), array("b")
        self.label_of, self.label_at, self.label_fraud = array("q"), array("q"), array("b")
        self.threshold, self.learned, self.now = 1.0, 0, 0
        self._waiting: list[Row] = []
        self._heard: list[tuple[Row, bool]] = []
        self._held: dict[int, Row] = {}

    def decided(self, ordinal: int, transaction: Mapping[str, Any], row: Row) -> None:
        """Score a decision, together with its neighbours, in the state in force."""
        self._held[ordinal] = row
        self._waiting.append(row)
        self.times.append(transaction["event_time"])
        if len(self._waiting) >= _TOGETHER:
            self.settle()

    def labelled(self, ordinal: int, fraud: bool) -> None:
        """Hear of an outcome; it is learned with the next publication, and once."""
        self.label_of.append(ordinal)
        self.label_at.append(self.now)
        self.label_fraud.append(fraud)
        row = self._held.pop(ordinal, None)
        if row is not None:
            self._heard.append((row, fraud))
            if should_publish(self.learned + len(self._heard), self.policy):
                self._publish()

    def settle(self) -> None:
        """Score what waits."""
        modelled = self.learned > 0
        scores = self.model.score_many(self._waiting) if modelled else [0.0] * len(self._waiting)
        self.scores.extend(scores)
        self.thresholds.extend([self.threshold] * len(scores))
        self.modelled.extend([modelled] * len(scores))
        for row in self._waiting:
            self.rows.extend(math.nan if value is None else value for value in row)
        self._waiting = []

    def _publish(self) -> None:
        self.settle()
        for row, fraud in self._heard:
            self.model.learn(row, fraud, 1.0)
        self.learned += len(self._heard)
        ranked = self.model.score_many([row for row, _ in self._heard[-self.policy.ranked :]])
        pairs = ((score, 1.0) for score in ranked)
        self.threshold = alert_threshold(pairs, self.policy.alerts_per_1000)
        self._heard = []

    def found(self) -> Rows:
        """Everything remembered."""
        self.settle()
        return Rows(
            np.frombuffer(self.rows, np.float32).reshape(-1, len(FEATURES.names)),
            np.array(self.times), np.array(self.scores), np.array(self.thresholds),
            np.array(self.modelled, dtype=bool), np.array(self.label_of), np.array(self.label_at),
            np.array(self.label_fraud, dtype=bool),
        )  # fmt: skip


class Folding:
    """A fold that can be left and taken up: drifting worlds are the plain one until their onset."""

    def __init__(self) -> None:
        self.champion = Champion()
        self.fold = PointInTime(self.champion)
        self.taken = {"transaction": 0, "label": 0}

    def run(self, world: Path, until: int | None = None) -> None:
        """Fold what arrives before `until` (UTC ms), from where it stands."""
        start = Position(self.taken["transaction"], self.taken["label"])
        for arrival in Source.open(world).arrivals(start):
            if until is not None and arrival.at >= until:
                return
            self.taken[arrival.event] += 1
            self.champion.now = arrival.at
            if arrival.event == "label":
                self.fold.label(arrival.record, arrival.at)
            else:
                self.fold.transaction(arrival.record, arrival.at)


def folded(world: Path) -> Rows:
    """A world's rows, from its `drift.npz` or made and kept there; 100 to 150 µs a transaction."""
    if not (world / KEPT).exists():
        folding = Folding()
        folding.run(world)
        keep(world, folding.champion.found())
    found = np.load(world / KEPT)
    return Rows(*(found[name] for name in Rows._fields))


def fold_branches(plain: Path, worlds: Sequence[Path], onset: int) -> None:
    """Make the rows of worlds that are `plain` until `onset` (UTC ms), folding that part once."""
    missing = [world for world in worlds if not (world / KEPT).exists()]
    if not missing:
        return
    folding = Folding()
    folding.run(plain, onset)
    for world in missing:
        branch = deepcopy(folding)
        branch.run(world)
        keep(world, branch.champion.found())


def keep(world: Path, rows: Rows) -> None:
    """Write the rows into the world's folder, whole or not at all."""
    part = world / f"part-{KEPT}"
    np.savez(part, **rows._asdict())
    part.replace(world / KEPT)
