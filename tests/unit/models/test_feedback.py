"""Analysts' feedback: the day's highest scores, told a day later, learned as each way says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.feedback import Analysts, FeedbackTrack
from models.learn_policy import LearnPolicy
from models.replay import Replay
from models.replay_history import History
from models.replay_track import Row, Track
from tests.unit.models.replay_world import DAY, arrivals

EACH = LearnPolicy(first=1, every=1)


class Noting:
    """A model that scores by the amount, and notes what it learned and how much it knew then."""

    name = "noting"

    def __init__(self) -> None:
        self.learned: list[tuple[Row, bool]] = []
        self.scored: dict[float, int] = {}

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Note it."""
        assert weight == 1.0
        self.learned.append((row, fraud))

    def score(self, row: Row) -> float:
        """The amount, below one."""
        return self.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """The amounts, below one."""
        for row in rows:
            self.scored[row[0] or 0.0] = len(self.learned)
        return [(row[0] or 0.0) / 1e6 for row in rows]


class World:
    """A replay of arrivals with one feedback track."""

    def __init__(self, way: str, per_day: int, delay: int, many: int = 200, seed: int = 3) -> None:
        self.found = arrivals(many, seed, delay=delay)
        labels = [record for event, _, record in self.found if event == "label"]
        frauds = {one["transaction_id"] for one in labels if one["label"] == "FRAUD"}
        self.history = History()
        self.slow, self.fast = Noting(), Noting()
        self.analysts = Analysts(per_day, lambda n: self.history.ids[n] in frauds)
        fast = None if way == "pooled" else [Track(self.fast, EACH)]
        once = way == "live"
        self.track = FeedbackTrack([Track(self.slow, EACH)], fast, self.analysts, once=once)
        self.replay = Replay([self.track], history=self.history)
        self.replay.run(self.found)
        self.replay.finish()

    def amounts(self) -> list[float]:
        """Of every transaction, by ordinal."""
        return [cents / 100 for cents in self.history.amount]


def naive(world: World, per_day: int) -> list[int]:
    """The highest scores of each finished day, by a sort of the whole history."""
    days = np.array(world.history.event_time) // DAY
    scores = np.array(world.track.scores)
    chosen: list[int] = []
    for day in np.unique(days)[:-1]:  # the last day never ends
        of_day = [n for n in np.flatnonzero(days == day) if not np.isnan(scores[n])]
        top = sorted(of_day, key=lambda n: (-scores[n], n))[:per_day]
        chosen += sorted(map(int, top))
    return chosen


@given(st.integers(1, 8), st.integers(0, 50), st.sampled_from(["separate", "live", "pooled"]))
@settings(max_examples=20)
def test_the_highest_scores_of_each_day_are_chosen(per_day: int, seed: int, way: str) -> None:
    world = World(way, per_day, delay=3 * DAY, seed=seed)
    assert list(world.analysts.chosen) == naive(world, per_day)


def test_separate_models_learn_a_kind_of_label_each() -> None:
    world = World("separate", 3, delay=3 * DAY)
    amounts = world.amounts()
    last = max(world.history.event_time)
    due = [n for n in world.analysts.chosen if world.history.event_time[n] + DAY <= last]
    assert [row[0] for row, _ in world.fast.learned] == [amounts[n] for n in due]
    assert [fraud for _, fraud in world.fast.learned] == [world.history.truth[n] == 1 for n in due]
    assert len(world.slow.learned) == len(world.history)  # the alerts' labels too, when they come


def test_feedback_is_known_a_day_later_and_not_a_moment_before() -> None:
    world = World("separate", 3, delay=3 * DAY)
    times, amounts = world.history.event_time, world.amounts()
    told = [times[n] + DAY for n in world.analysts.chosen]
    for ordinal, at in enumerate(times):
        known = sum(due <= at for due in told)
        if known:  # the fast model is in force
            assert world.fast.scored[amounts[ordinal]] == known


def test_live_both_models_hear_the_analysts_and_the_slow_one_hears_it_once() -> None:
    separate, live, pooled = (
        World(way, 3, delay=3 * DAY) for way in ("separate", "live", "pooled")
    )
    for world in (separate, live):  # by one score, so that they ask about the same
        assert list(world.analysts.chosen) == list(pooled.analysts.chosen)
    assert str(live.slow.learned) == str(pooled.slow.learned)
    assert str(live.fast.learned) == str(separate.fast.learned)


@pytest.mark.parametrize("way", ["pooled", "live"])
def test_a_model_of_all_labels_learns_every_transaction_once(way: str) -> None:
    world = World(way, 4, delay=3 * DAY)
    learned = [row[0] for row, _ in world.slow.learned]
    assert sorted(map(str, learned)) == sorted(map(str, world.amounts()))
    assert learned != world.amounts()  # but the alerts earlier
    assert not world.track._told


@pytest.mark.parametrize("way", ["pooled", "live", "separate"])
def test_labels_that_come_before_the_analysts_are_not_learned_again(way: str) -> None:
    world = World(way, 4, delay=3_600_000)
    assert len(world.slow.learned) == len(world.history)
    assert len(world.track._early) < 100


def test_the_score_is_the_mean_once_both_are_in_force() -> None:
    world = World("separate", 3, delay=3 * DAY)
    scores, amounts = np.array(world.track.scores), np.array(world.amounts())
    assert scores[~np.isnan(scores)] == pytest.approx(amounts[~np.isnan(scores)] / 1e6)


def test_a_file_that_contradicts_the_analysts_is_learned() -> None:
    model = Noting()
    analysts = Analysts(1, lambda _: True)
    track = FeedbackTrack([Track(model, EACH)], None, analysts)
    row: Any = (1.0,)
    track.hear(9, 0, row, False)  # puts the model in force
    for ordinal, at in enumerate((0, DAY, DAY + 1)):
        track.decide(ordinal, at, row)
    assert [fraud for _, fraud in model.learned] == [False, True]
    track.hear(0, 0, row, False)
    track.hear(1, 0, row, False)
    assert [fraud for _, fraud in model.learned] == [False, True, False, False]


def test_chance_has_no_part() -> None:
    random.seed(1)
    first = World("separate", 3, delay=3 * DAY).track.scores
    random.seed(2)
    second = World("separate", 3, delay=3 * DAY).track.scores
    assert np.array_equal(first, second, equal_nan=True)
