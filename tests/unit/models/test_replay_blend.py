"""A blend in a replay combines what its members said at the decision, and nothing later."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features import FEATURES
from models.learn_policy import LearnPolicy, should_publish
from models.portfolio.blend import MEMBERS
from models.portfolio.combination import Combination
from models.replay import Replay
from models.replay_blend import BlendTrack
from models.replay_models import tracks
from models.replay_track import Period, Track
from tests.unit.models.replay_world import DAY, START, Counting, arrivals

Arrivals = list[tuple[str, int, dict[str, Any]]]


class Half(Counting):
    """Another member."""

    name = "half"

    def score(self, row: Any) -> float:
        return 0.5 - super().score(row)


def blended(policy: LearnPolicy, **periods: Period) -> tuple[BlendTrack, list[Track]]:
    members = [Track(model, policy, **periods) for model in (Counting(), Half())]
    return BlendTrack(Combination(("counting", "half"), 5, {"keep": 0.3}), members), members


def run(every: list[Track], found: Arrivals) -> None:
    replay = Replay(every)
    replay.run(found)
    replay.finish()


def naive(found: Arrivals, policy: LearnPolicy) -> list[float]:
    """Copies of everything are put in force whenever they are due."""
    members, combination = [Counting(), Half()], Combination(("counting", "half"), 5, {"keep": 0.3})
    in_force: Any = None
    said: dict[str, list[float]] = {}
    scores, heard = [], 0
    for event, _, record in found:
        name = record["transaction_id"]
        if event == "transaction":
            if in_force:
                said[name] = [one.score([record["amount_minor"] / 100]) for one in in_force[0]]
            scores.append(in_force[1].combine(said[name]) if in_force else math.nan)
            continue
        fraud, heard = record["label"] == "FRAUD", heard + 1
        share = combination.draw(fraud, 1.0)
        if share and name in said:
            combination.teach(said[name], fraud, share)
        for one in members:
            one.learn([0.0], fraud, 1.0)
        if should_publish(heard, policy):
            in_force = deepcopy(members), deepcopy(combination)
    return scores


@given(st.integers(20, 120), st.integers(0, 99), st.integers(1, 9), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_scores_are_those_of_the_copies_in_force(
    many: int, seed: int, every: int, days: int
) -> None:
    policy, found = LearnPolicy(first=every, every=every), arrivals(many, seed, days * DAY + 1)
    blend, members = blended(policy)
    run([blend, *members], found)
    assert list(blend.scores) == pytest.approx(naive(found, policy), nan_ok=True, rel=1e-12)
    assert blend.ordinals == members[0].ordinals
    assert blend.learned == members[0].learned


def test_small_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found, policy = arrivals(60, 4), LearnPolicy(first=3, every=10)
    whole, members = blended(policy)
    run([whole, *members], found)
    monkeypatch.setattr("models.replay_track._BATCH", 7)
    pieces, others = blended(policy)
    run([pieces, *others], found)
    assert list(map(str, pieces.scores)) == list(map(str, whole.scores))


def test_without_scores_on_record_members_are_asked_before_they_learn() -> None:
    week, later = Period(START, START + 2 * DAY), Period(START + 4 * DAY)
    each = LearnPolicy(first=1, every=1)
    blend, members = blended(each, learns=week, assesses=later)
    run([blend, *members], arrivals(150, 8))
    assert blend.learned == members[0].learned > 10
    assert blend.combination.model.optimizer.n_iterations > 0
    assert not any(map(math.isnan, blend.scores))


def test_members_learn_once_whether_they_are_asked_for_or_not() -> None:
    policy = LearnPolicy(first=20, every=20)
    alone = tracks(["blend"], FEATURES.names, 1, policy)
    beside = tracks([*MEMBERS[1:], "blend"], FEATURES.names, 1, policy)
    assert set(alone) == set(beside) == {"blend", *MEMBERS}
    for every in (alone, beside):
        run(list(every.values()), arrivals(80, seed=2))
    for name, track in alone.items():
        assert list(map(str, track.scores)) == list(map(str, beside[name].scores))
    assert "blend" not in tracks(MEMBERS, FEATURES.names, 1, policy)
