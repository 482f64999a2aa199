"""The learner: a fold that can be left and taken up anywhere, and that never flatters itself."""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.learn import Learner
from models.learn_policy import LearnPolicy, alert_threshold, should_publish
from models.scorer import compile_snapshot
from models.windows.errors import StateFormatError
from tests.unit.models.learn_world import NAMES, World, outcome

ROOT = Path(__file__).parents[3]


def learner(**policy: Any) -> Learner:
    return Learner(names=NAMES, feature_spec="f00d", policy=LearnPolicy(**policy))


def taught(start: int, stop: int, pupil: Learner | None = None) -> Learner:
    pupil = pupil or learner()
    for number in range(start, stop):
        if pupil.learn(outcome(number), number):
            pupil.publish(pupil.due(), number)
    return pupil


def snapshots(pupil: Learner, offset: int) -> list[dict[str, Any]]:
    return pupil.publish(pupil.policy.competitors, offset)


def digest(pupil: Learner) -> str:
    payloads = [record["payload"] for record in snapshots(pupil, 9_999)]
    return hashlib.sha256(b"".join([pupil.pack(), *payloads])).hexdigest()


def logistic(pupil: Learner) -> bytes:
    return pupil.competitors["logistic"].state()


@pytest.mark.parametrize("at", [1, 500, 777])
def test_left_and_taken_up_is_the_same_as_never_left(at: int) -> None:
    again = Learner.unpack(taught(0, at).pack())
    assert digest(taught(at, 1_000, again)) == digest(taught(0, 1_000))


def test_the_same_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.write_bytes(taught(0, 500).pack())
    code = (
        "import sys, pathlib; from tests.unit.models import test_learn as t;"
        "half = t.Learner.unpack(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(t.digest(t.taught(500, 1000, half)), t.digest(t.taught(0, 1000)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code, str(half)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == [digest(taught(0, 1_000))] * 2


def test_metrics_are_of_the_recorded_scores() -> None:
    right, blind = learner(), learner()
    by = {"name": "logistic", "version": 0}
    for number in range(400):
        right.learn(outcome(number, model=by))
        blind.learn(outcome(number, model=by, score=0.5))
    assert right.metrics()["auc_roc"] > 0.75
    assert blind.metrics()["auc_roc"] == 0.5  # however good its own scores are by now
    assert logistic(right) == logistic(blind)


def test_what_rules_alone_decided_judges_no_model() -> None:
    pupil = taught(0, 400)
    assert pupil.metrics()["window"] == 0.0
    assert "auc_roc" not in pupil.metrics()


def test_learned_once() -> None:
    pupil = taught(0, 50)
    weights = logistic(pupil)
    assert not pupil.learn(outcome(20))
    assert pupil.counts["repeats"] == 1
    assert logistic(pupil) == weights
    assert not Learner.unpack(pupil.pack()).learn(outcome(20))


def test_a_reversal_is_learned_once_as_its_new_class_and_corrects_the_metrics() -> None:
    pupil, by = learner(), {"name": "logistic", "version": 0}
    for number in range(100):
        pupil.learn(outcome(number, fraud=number % 10 == 0, model=by))
    assert pupil.learn(outcome(10, fraud=False))
    assert not pupil.learn(outcome(10, fraud=False))
    found = pupil.metrics()
    assert (found["learned"], found["frauds"], found["corrected"]) == (101.0, 9.0, 1.0)
    assert (found["window"], found["window_frauds"]) == (100.0, 9.0)


@pytest.mark.parametrize("name", ["logistic", "leveraging_bagging"])
def test_a_correction_outweighs_the_mistake(name: str) -> None:
    def suspicion(*verdicts: bool) -> float:
        pupil = taught(1_000, 1_600)
        for verdict in verdicts:
            pupil.learn(outcome(7, fraud=verdict))
        features = outcome(7)["features"]
        return pupil.competitors[name].model.score([features[name] for name in NAMES])

    assert suspicion(True, False) < suspicion(True)


@pytest.mark.parametrize(("fraud", "told"), [(True, 10.0), (False, 1.0)])
def test_a_correction_is_one_though_the_mistake_is_forgotten(fraud: bool, told: float) -> None:
    """A chargeback comes weeks after the presumption; the join says what it takes back."""
    pupil, taught_at = learner(remembered=8), []
    pupil.learn(outcome(7, fraud=not fraud, weight=told))
    for number in range(100, 110):
        pupil.learn(outcome(number, fraud=False))
    model = pupil.competitors["logistic"].model  # type: ignore[attr-defined]  # it is a member
    model.learn = lambda _row, _fraud, learned: taught_at.append(learned)
    before = dict(pupil.counts)
    pupil.learn(outcome(7, fraud=fraud) | {"corrects": told})
    assert taught_at == [2.0 * told]
    assert pupil.counts["corrected"] == before["corrected"] + 1
    assert pupil.counts["frauds"] == fraud


def test_a_presumption_never_corrects_a_label() -> None:
    pupil = learner()
    pupil.learn(outcome(7, fraud=True))
    assert not pupil.learn(outcome(7, fraud=False, presumed=True))
    assert pupil.learn(outcome(8, fraud=False, presumed=True))
    assert pupil.learn(outcome(8, fraud=True))


def test_inconclusive_and_weightless_teach_nothing() -> None:
    pupil = learner()
    assert not pupil.learn(outcome(1) | {"label": "INCONCLUSIVE"})
    assert not pupil.learn(outcome(2, weight=0.0))
    assert pupil.counts["learned"] == 0


def test_the_memory_is_bounded() -> None:
    pupil = learner(remembered=10, ranked=5)
    for number in range(40):
        pupil.learn(outcome(number))
    assert (len(pupil.memory), len(pupil.competitors["logistic"].ranked)) == (10, 5)
    again = Learner.unpack(pupil.pack(), LearnPolicy(remembered=10, ranked=5))
    assert again.pack() == pupil.pack()


def test_clean_outcomes_are_thinned_by_their_id_and_weighted() -> None:
    pupil = learner(keep_clean=0.25)
    kept = [pupil.learn(outcome(number, fraud=False)) for number in range(1_000)]
    assert 200 < sum(kept) < 300
    assert set(pupil.memory.table()["weight"].tolist()) == {4.0}
    again = learner(keep_clean=0.25)
    assert [again.learn(outcome(number, fraud=False)) for number in range(1_000)] == kept
    assert all(again.learn(outcome(number, fraud=True)) for number in range(2_000, 2_050))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_what_is_missing_poisons_nothing(bad: float | None) -> None:
    pupil = taught(0, 100)
    pupil.learn(outcome(500, features={"amount": bad, "count": bad, "risk": bad}))
    pupil.learn(outcome(501, features={}))
    taught(600, 650, pupil)
    world = World(pupil)
    for record in snapshots(pupil, 1):
        world.shelf.add(record)
    for name in pupil.competitors:
        (score,) = world.scorer(name, 1).score_many([[10.0, 1.0, 0.5]])
        assert 0.0 < score < 1.0


def test_it_learns() -> None:
    pupil = taught(0, 3_000)
    scorer = compile_snapshot(snapshots(pupil, 2_999)[0])
    assert scorer.score([400.0, 1.0, 0.5]) > 5 * scorer.score([20.0, 1.0, 0.5])


def test_a_snapshot_names_its_parent_and_what_it_holds() -> None:
    pupil = taught(0, 10)
    assert pupil.model is None
    first, second = snapshots(pupil, 9), snapshots(pupil, 12)
    for one, two in zip(first, second, strict=True):
        assert (one["parent"], two["parent"]) == (None, 9)
        assert one["sha256"] == hashlib.sha256(one["payload"]).hexdigest()
        assert (two["version"], two["offset"], two["trained_from"]) == (12, 12, 0)
        assert two["feature_spec"] == "f00d"
        assert 0.0 < two["threshold"] < 1.0
        assert all(isinstance(value, float) for value in one["metrics"].values())
    assert first[0]["payload"] == second[0]["payload"]
    kinds = {record["name"]: record["kind"] for record in first}
    assert list(kinds) == [*pupil.competitors]
    assert kinds["logistic"] == "river.logistic"
    assert kinds["leveraging_bagging"] == "river.hoeffding_forest"
    assert kinds["blend"] == "river.blend"
    assert pupil.model == {"name": "logistic", "version": 12}


def test_publishing_follows_counts() -> None:
    policy = LearnPolicy(first=3, every=10)
    assert [n for n in range(31) if should_publish(n, policy)] == [3, 10, 20, 30]


def test_the_threshold_lets_the_budget_through() -> None:
    pupil = taught(0, 2_500)
    snapshots(pupil, 9_999)
    ranked = pupil.competitors["logistic"].ranked
    assert 0.008 <= sum(score >= pupil.threshold for score, _ in ranked) / len(ranked) <= 0.010


def test_threshold_edges() -> None:
    assert alert_threshold([], 10.0) == 0.5
    assert alert_threshold([(0.4, 1.0)] * 100, 10.0) == 0.7  # all tied: none may pass
    assert alert_threshold([(0.9, 1.0), (0.1, 99.0)], 10.0) == 0.9
    assert alert_threshold([(1.0, 1.0)] * 9, 1_000.0) == 1.0 - 1e-6
    assert alert_threshold([(0.0, 1.0)] * 9, 1_000.0) == 1e-6


@pytest.mark.parametrize("data", [b"", b"\x07", taught(0, 5).pack()[:-1]])
def test_unreadable_state_is_an_error(data: bytes) -> None:
    with pytest.raises(StateFormatError, match="expected"):
        Learner.unpack(data)


def test_a_blend_needs_its_members() -> None:
    with pytest.raises(ValueError, match="name them among the competitors"):
        learner(competitors=("logistic", "blend"))
    alone = learner(competitors=("logistic", "blend"), blended=("logistic",))
    assert [*alone.competitors] == ["logistic", "blend"]


@pytest.mark.parametrize(("told", "weight"), [(1.0, 2.0), (10.0, 20.0)])
def test_a_fraud_outweighs_the_presumption_that_it_reverses(told: float, weight: float) -> None:
    """One that stood for ten was a mistake of ten."""
    pupil, taught_at = learner(), []
    model = pupil.competitors["logistic"].model  # type: ignore[attr-defined]  # it is a member
    model.learn = lambda _row, _fraud, learned: taught_at.append(learned)
    pupil.learn(outcome(7, fraud=False, presumed=True, weight=told))
    pupil.learn(outcome(7, fraud=True))
    pupil.learn(outcome(7, fraud=False))
    assert taught_at == [told, weight, 2.0]
