"""Published versions of every kind score and explain themselves; a damaged one is refused."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest

from models.announcement import Announcement
from models.compiled_model import compile_model
from models.decision import Control, decide
from models.features import FEATURES
from models.learn import Learner
from models.learn_policy import LearnPolicy
from models.scorer import ModelScorer, SnapshotError, canonical
from tests.unit.models.learn_world import NAMES, World

WORLD = World(first=50, every=100, slow_first=200, slow_every=200).teach(0, 1_000)
KINDS = LearnPolicy().competitors
ROW = [900.0, 2.0, 0.9]


def latest(name: str) -> dict[str, Any]:
    version = WORLD.learner.versions[name][-1][0]
    return dict(WORLD.shelf.snapshots[name, version])


def scorer(name: str) -> ModelScorer:
    return WORLD.scorer(name, latest(name)["version"])


def log_odds(score: float) -> float:
    return math.log(score / (1.0 - score))


@pytest.mark.parametrize("name", KINDS)
def test_a_version_scores_what_its_learner_would(name: str) -> None:
    competitor = WORLD.learner.competitors[name]
    rows: list[list[float | None]] = [[at * 7.0, None, at / 100] for at in range(100)]
    found = scorer(name).score_many(rows)
    assert [scorer(name).score_many([row])[0] for row in rows] == found
    if name == "blend":
        members = LearnPolicy().blended
        columns = [scorer(one).score_many(rows) for one in members]
        expected = competitor.model.combine_many(columns)  # type: ignore[attr-defined]  # a Combined
    else:
        expected = [competitor.model.score(row) for row in rows]  # type: ignore[attr-defined]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", KINDS[1:])
def test_what_raised_a_score_is_what_it_would_lack(name: str) -> None:
    one = scorer(name)
    (whole,) = map(log_odds, one.score_many([ROW]))
    falls = {
        NAMES[at]: whole - log_odds(one.score_many([[*ROW[:at], None, *ROW[at + 1 :]]])[0])
        for at in range(3)
    }
    expected = sorted((fall for fall in falls.values() if fall > 0), reverse=True)
    found = one.top(ROW)
    assert [item.log_odds for item in found] == pytest.approx(expected, abs=1e-9)
    assert all(falls[item.feature] == pytest.approx(item.log_odds) for item in found)
    assert all(item.value == ROW[NAMES.index(item.feature)] for item in found)
    assert one.top(ROW, 1) == found[:1]


@pytest.mark.parametrize("name", KINDS)
def test_a_decision_names_its_model_and_its_reasons(name: str) -> None:
    learner = Learner()
    said = World(learner)
    for record in learner.publish(learner.policy.competitors, 7):
        said.shelf.add(record)
    learner.hold(name, 7)
    row: list[float | None] = [50.0 if "amount" in one else None for one in FEATURES.names]
    one = said.scorer(name, 7)
    marker = {"sequence": 7, "model": learner.model, "ruleset": {"name": "r", "version": 1},
              "threshold": 0.0, "reason": ""}  # fmt: skip
    transaction = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
                   "amount_minor": 1, "currency": "EUR"}  # fmt: skip
    (score,) = one.score_many([row])
    found = decide(transaction, row, score, [], Control.of(marker), src={}, scorer=one)
    assert found["model"] == {"name": name, "version": 7} == one.ref
    assert found["reasons"][0]["code"] == "MODEL_SCORE"


def altered(name: str, **changes: Any) -> dict[str, Any]:
    record = latest(name)
    payload = canonical(json.loads(record["payload"]) | changes)
    return record | {"payload": payload, "sha256": hashlib.sha256(payload).hexdigest()}


@pytest.mark.parametrize(
    "snapshot",
    [
        latest("leveraging_bagging") | {"kind": "river.oracle"},
        latest("leveraging_bagging") | {"payload": b"{}"},
        altered("leveraging_bagging", votes="soup"),
        altered("leveraging_bagging", kind="oracle"),
        altered("blend", weights=7),
        altered("blend", members=[{}]),
    ],
)
def test_a_damaged_snapshot_is_refused(snapshot: dict[str, Any]) -> None:
    def member(ref: tuple[str, int]) -> ModelScorer:
        return WORLD.scorer(*ref)

    with pytest.raises(SnapshotError, match="last good model stays"):
        compile_model(snapshot, member)


def test_the_manifest_says_where_it_comes_from() -> None:
    last = [one for _, one in WORLD.said if isinstance(one, Announcement) and one.record][-1]
    assert last.record is not None
    assert last.record["metrics"]["learned"] == 1_000.0
    assert last.record["parent"] < last.record["version"] == last.record["offset"]
