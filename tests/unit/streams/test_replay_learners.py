"""Models that learn in another process give the scores that they give here, or say why not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.protocol import Fold
from models.replay_history import DAY_MS
from models.replay_logistic import LogisticModel
from models.replay_track import Hears, Row, Scored
from streams import replay as replaying
from streams.replay import ReplayRequest, replay
from streams.replay_learners import Elsewhere, Here, Job, Key, LearnerFailed, Learners
from streams.replay_result import report
from tests.unit.streams.replay_files_world import write_world

FOLD = Fold.of("2018-07-25")
POLICY = LearnPolicy(first=100, every=100)
MANY = 1_500


class Breaks(LogisticModel):
    """A user's model that cannot learn a fraud."""

    name = "breaks"

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        if fraud:
            raise ArithmeticError("no fraud, please")
        super().learn(row, fraud, weight)


def rows() -> Iterator[tuple[int, int, Row, bool]]:
    chance = random.Random(5)
    for at in range(MANY):
        time = FOLD.train.start + at * 21 * DAY_MS // MANY
        row = [chance.random() if chance.random() < 0.9 else None for _ in FEATURES.names]
        yield at, time, row, chance.random() < 0.1


def tell(hears: Sequence[Hears]) -> None:
    """Each decision, and its outcome at once."""
    for ordinal, time, row, fraud in rows():
        for one in hears:
            one.decide(ordinal, time, row)
        for one in hears:
            one.hear(ordinal, time, row, fraud)
    for one in hears:
        one.settle()


def told(*learners: Learners) -> Mapping[Key, Scored]:
    """What these learners score."""
    with ExitStack() as running:
        for one in learners:
            running.enter_context(one)
        tell([one for each in learners for one in each.hears])
        return {key: found for one in learners for key, found in one.scored().items()}


def bits(found: Mapping[Key, Scored]) -> dict[Key, tuple[list[int], list[str]]]:
    return {
        key: (one.ordinals.tolist(), [score.hex() for score in one.scores])
        for key, one in found.items()
    }


def test_scores_have_the_same_bits_elsewhere() -> None:
    job = Job(("logistic", "splines", "blend"), 3, POLICY, (FOLD,))
    parts = job.parts(2)
    assert [part.models for part in parts] == [("splines", "blend"), ("logistic",)]
    here, elsewhere = bits(told(Here(job.tracks()))), bits(told(*map(Elsewhere, parts)))
    assert here == elsewhere
    assert {("blend", 0), ("blend", 1), ("logistic", 1)} <= here.keys()
    assert len(set(here["blend", 1][1])) > 100


def test_what_a_model_raises_is_said_with_its_name() -> None:
    broken = f"{__name__}:Breaks"
    with pytest.raises(
        LearnerFailed, match=r"Breaks: expected scores, got 'ArithmeticError: no fr"
    ):
        told(Elsewhere(Job((broken,), 0, POLICY)))


def test_a_process_that_is_killed_is_said_with_its_code() -> None:
    with Elsewhere(Job(("logistic",), 0, POLICY)) as learners:
        learners._process.kill()
        with pytest.raises(LearnerFailed, match="exit code -9"):
            tell(learners.hears)


def test_a_replay_with_processes_finds_what_it_finds_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = write_world(tmp_path, many=800)
    alone = ReplayRequest(world, models=("logistic", "splines"), folds=None, publish_every=100)
    beside = replace(alone, processes=2)
    monkeypatch.setattr(replaying, "WORTH_A_PROCESS", 0)
    assert shown(beside) == shown(alone)


def test_a_short_history_is_not_worth_a_process(tmp_path: Path) -> None:
    request = ReplayRequest(write_world(tmp_path, many=100), processes=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "Elsewhere", None)  # it would be called
        assert replay(request).counts["transactions"] == 100


def shown(request: ReplayRequest) -> dict[str, Any]:
    """What a replay reports, but for how long it took and where."""
    found = report(request, replay(request), 5)
    for name in ("seconds", "parameters"):
        del found[name]
    return found
