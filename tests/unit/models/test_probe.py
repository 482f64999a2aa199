"""What is published was compiled and scored with first: scorers will say what River says."""

from __future__ import annotations

from typing import Any

import pytest

from models.contest.competitor import Combined, Competitor, Member
from models.contest.probe import ROWS, rows
from models.learn import Learner
from models.portfolio.interface import PayloadError
from tests.unit.models.learn_world import World

POLICY: dict[str, Any] = {
    "first": 50, "every": 100, "slow_first": 200, "slow_every": 200,
}  # fmt: skip


def raising(*_: Any) -> Any:
    raise PayloadError("model", expected="data", came="none")


def published(world: World) -> list[str]:
    return [one.key for _, one in world.said if one.kind == "model_snapshot"]


def test_reference_rows_are_the_same_everywhere() -> None:
    assert rows(3) == rows(3)
    assert len(rows(3)) == ROWS
    assert rows(3)[0] == [None, None, None]
    assert any(value is None for row in rows(3)[1:] for value in row)


def test_a_snapshot_that_scores_otherwise_is_neither_published_nor_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(**POLICY).teach(0, 60)
    good = world.learner.model
    assert good is not None
    true = Member.scores
    monkeypatch.setattr(Member, "scores", lambda self, *args: [s + 1e-6 for s in true(self, *args)])
    world.teach(60, 150)
    assert world.learner.model == good
    assert len(published(world)) == 1
    assert world.learner.competitors["logistic"].latest == good["version"]
    last = world.markers[-1]
    assert last["model"] == good
    assert "logistic@" in last["reason"]
    assert "differ from its own by 1e-06" in last["reason"]
    assert world.learner.counts["refused"] == 1
    entry = world.learner.trail.take()[-1]
    assert (entry["kind"], entry["result"]) == ("PUBLISH", "REFUSED")


def test_a_challenger_that_does_not_compile_takes_nobody_with_it_but_its_blend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(**POLICY).teach(0, 150)
    bagging = world.learner.competitors["leveraging_bagging"]
    assert isinstance(bagging, Member)
    monkeypatch.setattr(bagging.model, "compiled", raising)
    world.teach(150, 201)
    last = [key.split("@", maxsplit=1)[0] for key in published(world)[2:]]
    assert "model/logistic" in last
    assert "model/leveraging_bagging" not in last
    assert "model/blend" not in last
    reason = world.markers[-1]["reason"]
    assert "leveraging_bagging@199" in reason
    assert "blend@199" in reason
    assert world.learner.model == {"name": "logistic", "version": 199}


@pytest.mark.parametrize("many", [0, 1, 400])
def test_every_competitor_passes(many: int) -> None:
    world = World(**POLICY).teach(0, many)
    learner: Learner = world.learner
    found = learner.publish(learner.policy.competitors, 10_000)
    assert [one["name"] for one in found] == [*learner.competitors]
    assert learner.counts["refused"] == 0
    assert {type(one) for one in learner.competitors.values()} == {Member, Combined}
    assert all(isinstance(one, Competitor) for one in learner.competitors.values())
