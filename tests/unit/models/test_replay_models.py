"""Every model of the portfolio can be replayed, and a user's own."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from types import ModuleType

import pytest
from river.linear_model import LogisticRegression
from river.preprocessing import StandardScaler

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.portfolio import PORTFOLIO
from models.replay import Replay
from models.replay_models import NAMES, make
from models.replay_track import Track
from tests.unit.models.replay_world import Counting, arrivals


def of_a_user(names: Sequence[str], seed: int) -> Counting:
    """A factory as a user writes one."""
    assert (names, seed) == (("a",), 3)
    return Counting()


@pytest.mark.parametrize("name", NAMES)
def test_every_model_learns_and_scores_in_a_replay(name: str) -> None:
    found = arrivals(80, seed=2)
    tracks = [
        Track(make(name, FEATURES.names, seed=1), LearnPolicy(first=20, every=20)) for _ in range(2)
    ]
    replay = Replay(tracks)
    replay.run(found)
    replay.finish()
    scores = [score for score in tracks[0].scores if not math.isnan(score)]
    assert 20 < len(scores) < 80
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert list(map(str, tracks[1].scores)) == list(map(str, tracks[0].scores))


@pytest.mark.parametrize("name", NAMES)
def test_published_scores_are_the_models_own(name: str) -> None:
    names = ("amount", "card_zscore_30d", "terminal_risk_7d")
    mine, own = make(name, names, 4), PORTFOLIO[name](names, 4)
    rows = [(float(n), n % 5 - 2.0, (n % 3) / 3) for n in range(60)]
    for number, row in enumerate(rows):
        mine.learn(row, number % 4 == 0, 1.0)
        own.learn(row, number % 4 == 0, 1.0)
        assert mine.score(row) == pytest.approx(own.score(row), abs=1e-9)


@pytest.mark.parametrize(
    "name", ["river.naive_bayes:GaussianNB", "river.forest:AMFClassifier", "model_here:make"]
)
def test_a_classifier_of_river_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = ModuleType("model_here")
    here.make = lambda _names, _seed: StandardScaler() | LogisticRegression()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "model_here", here)
    track = Track(make(name, FEATURES.names, seed=1), LearnPolicy(first=20, every=20))
    replay = Replay([track])
    replay.run(arrivals(80, seed=2))
    replay.finish()
    assert track.model.name == name
    assert 20 < sum(not math.isnan(score) for score in track.scores) < 80


def test_a_users_own_model_by_its_place() -> None:
    assert make(f"{__name__}:of_a_user", ("a",), 3).name == "counting"
    with pytest.raises(KeyError):
        make("nobody", ("a",), 3)
