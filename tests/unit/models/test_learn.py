"""The learner: a fold that can be left and taken up anywhere, and that never flatters itself."""

import hashlib
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.learn import Learner
from models.learn_policy import LearnPolicy, alert_threshold, should_publish
from models.scorer import compile_snapshot
from models.windows.errors import StateFormatError

NAMES = ("amount", "count", "risk")
ROOT = Path(__file__).parents[3]


def outcome(number: int, fraud: bool | None = None, **more: Any) -> dict[str, Any]:
    """The `number`-th outcome of a fixed stream; everything follows from the number."""
    rng = random.Random(number)
    fraud = rng.random() < 0.05 if fraud is None else fraud
    return {
        "transaction_id": f"t{number}",
        "card_id": "c1",
        "label": "FRAUD" if fraud else "LEGITIMATE",
        "score": min(max(rng.gauss(0.6 if fraud else 0.3, 0.2), 0.0), 1.0),
        "weight": 1.0,
        "features": {
            "amount": rng.expovariate(0.02) * (4 if fraud else 1),
            "count": rng.choice([None, math.nan, 1.0, 2.0]),
            "risk": rng.random(),
        },
        **more,
    }


def learner(**policy: Any) -> Learner:
    return Learner(names=NAMES, feature_spec="f00d", policy=LearnPolicy(**policy))


def taught(start: int, stop: int, pupil: Learner | None = None) -> Learner:
    pupil = pupil or learner()
    for number in range(start, stop):
        pupil.learn(outcome(number))
        if pupil.should_publish():
            pupil.snapshot(number)
    return pupil


def digest(pupil: Learner) -> str:
    return hashlib.sha256(pupil.pack() + pupil.snapshot(9_999)["payload"]).hexdigest()


@pytest.mark.parametrize("at", [1, 500, 777])
def test_left_and_taken_up_is_the_same_as_never_left(at: int) -> None:
    again = Learner.unpack(taught(0, at).pack())
    assert digest(taught(at, 1_000, again)) == digest(taught(0, 1_000))


def test_the_same_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.write_bytes(taught(0, 500).pack())
    code = (
        "import sys, pathlib; sys.path[:0] = ['tests/unit/models']; import test_learn as t;"
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
    for number in range(400):
        right.learn(outcome(number))
        blind.learn(outcome(number, score=0.5))
    assert right.metrics()["auc_roc"] > 0.75
    assert blind.metrics()["auc_roc"] == 0.5  # however good its own scores are by now
    assert right.pipeline.data() == blind.pipeline.data()


def test_learned_once() -> None:
    pupil = taught(0, 50)
    weights = pupil.pipeline.data()
    assert not pupil.learn(outcome(20))
    assert pupil.counts["repeats"] == 1
    assert pupil.pipeline.data() == weights
    assert not Learner.unpack(pupil.pack()).learn(outcome(20))


def test_a_reversal_is_learned_once_as_its_new_class_and_corrects_the_metrics() -> None:
    pupil = learner()
    for number in range(100):
        pupil.learn(outcome(number, fraud=number % 10 == 0))
    assert pupil.learn(outcome(10, fraud=False))
    assert not pupil.learn(outcome(10, fraud=False))
    found = pupil.metrics()
    assert (found["learned"], found["frauds"], found["corrected"]) == (101.0, 9.0, 1.0)
    assert (found["window"], found["window_frauds"]) == (100.0, 9.0)


def test_inconclusive_and_weightless_teach_nothing() -> None:
    pupil = learner()
    assert not pupil.learn(outcome(1) | {"label": "INCONCLUSIVE"})
    assert not pupil.learn(outcome(2, weight=0.0))
    assert pupil.counts["learned"] == 0


def test_the_memory_is_bounded() -> None:
    pupil = learner(remembered=10, ranked=5)
    for number in range(40):
        pupil.learn(outcome(number))
    assert (len(pupil.memory.seen), len(pupil.ranked)) == (10, 5)
    assert pupil.metrics()["window"] == 10.0
    again = Learner.unpack(pupil.pack(), LearnPolicy(remembered=10, ranked=5))
    assert again.pack() == pupil.pack()


def test_clean_outcomes_are_thinned_by_their_id_and_weighted() -> None:
    pupil = learner(keep_clean=0.25)
    kept = [pupil.learn(outcome(number, fraud=False)) for number in range(1_000)]
    assert 200 < sum(kept) < 300
    assert {seen.weight for seen in pupil.memory.seen.values()} == {4.0}
    again = learner(keep_clean=0.25)
    assert [again.learn(outcome(number, fraud=False)) for number in range(1_000)] == kept
    assert all(again.learn(outcome(number, fraud=True)) for number in range(2_000, 2_050))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_what_is_missing_poisons_nothing(bad: float | None) -> None:
    pupil = taught(0, 100)
    pupil.learn(outcome(500, features={"amount": bad, "count": bad, "risk": bad}))
    pupil.learn(outcome(501, features={}))
    taught(600, 650, pupil)
    score = compile_snapshot(pupil.snapshot(1)).score([10.0, 1.0, 0.5])
    assert 0.0 < score < 1.0


def test_it_learns() -> None:
    pupil = taught(0, 3_000)
    scorer = compile_snapshot(pupil.snapshot(2_999))
    assert scorer.score([400.0, 1.0, 0.5]) > 5 * scorer.score([20.0, 1.0, 0.5])


def test_a_snapshot_names_its_parent_and_what_it_holds() -> None:
    pupil = taught(0, 10)
    assert pupil.model is None
    first, second = pupil.snapshot(9), pupil.snapshot(12)
    assert (first["parent"], second["parent"]) == (None, 9)
    assert first["sha256"] == hashlib.sha256(first["payload"]).hexdigest()
    assert first["payload"] == second["payload"]
    assert (second["version"], second["offset"]) == (12, 12)
    assert (second["kind"], second["feature_spec"]) == ("river.logistic", "f00d")
    assert all(isinstance(value, float) for value in first["metrics"].values())
    assert pupil.model == {"name": "logistic", "version": 12}


def test_publishing_follows_counts() -> None:
    policy = LearnPolicy(first=3, every=10)
    assert [n for n in range(31) if should_publish(n, policy)] == [3, 10, 20, 30]


def test_the_threshold_lets_the_budget_through() -> None:
    pupil = taught(0, 2_500)
    pupil.snapshot(1)
    passed = sum(score >= pupil.threshold for score, _ in pupil.ranked)
    assert 0.008 <= passed / len(pupil.ranked) <= 0.010


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
