"""The script that chooses settings sees what the stream saw, and no label before its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.portfolio.combination import Combination
from models.portfolio.splines import Splines
from models.replay import Replay
from models.replay_history import DAY_MS
from models.replay_track import Track
from producers.source import Source
from tests.bench.choose_settings import (
    DELAY_MS,
    Collector,
    Table,
    collected,
    combined,
    days,
    prequential,
)
from tests.unit.streams.replay_files_world import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine weeks, 1,200 transactions."""
    return write_world(tmp_path_factory.mktemp("world"), many=1_200)


@pytest.fixture(scope="module")
def found(world: Path) -> Table:
    start = next(iter(Source.open(world).arrivals())).at
    return collected(world, start + 40 * DAY_MS)


def test_rows_are_the_streams_own_and_end_where_they_should(world: Path, found: Table) -> None:
    collector = Collector()
    track = Track(collector, LearnPolicy(first=1, every=1))
    replay = Replay([track])
    replay.run(Source.open(world).arrivals())
    replay.finish()
    whole = replay.history.recorded()
    many = len(found.rows)
    assert 0 < many < len(whole.event_time)
    assert found.event_time.tolist() == whole.event_time[:many].tolist()
    assert found.truth.tolist() == whole.truth[:many].tolist()
    scored = np.flatnonzero(~np.isnan(replay.history.scores(track.scored)))
    rows = np.frombuffer(collector.rows).reshape(-1, len(FEATURES.names))
    first = scored[0]
    assert np.array_equal(found.rows[first:], rows[: many - first], equal_nan=True)


def test_a_day_is_scored_by_what_was_observed_before_it(found: Table) -> None:
    for told, first, last in days(found):
        midnight = found.event_time[first] // DAY_MS * DAY_MS
        assert (found.event_time[:told] + DELAY_MS <= midnight).all()
        assert found.event_time[last - 1] < midnight + DAY_MS
    changed = found.truth.copy()
    changed[len(changed) // 2 :] ^= 1
    asked = np.ones(len(changed), dtype=bool)
    scores = [
        prequential(Splines(FEATURES.names, 0), found._replace(truth=truth), asked)
        for truth in (found.truth, changed)
    ]
    first_seen = found.event_time[len(changed) // 2] + DELAY_MS
    same = np.isnan(scores[0]) | (scores[0] == scores[1])
    assert same[found.event_time < first_seen].all()
    assert not same[found.event_time >= first_seen + DAY_MS].all()


def test_a_combination_learns_from_what_was_said_at_the_decision(found: Table) -> None:
    asked = np.ones(len(found.rows), dtype=bool)
    said = prequential(Splines(FEATURES.names, 0), found, asked)
    scores = combined(Combination(("splines",), 0), found, [said])
    assert np.isnan(scores).tolist() == np.isnan(said).tolist()
    known = ~np.isnan(said)
    assert ((scores[known] > 0) & (scores[known] < 1)).all()
