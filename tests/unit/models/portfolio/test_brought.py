"""A classifier of River that somebody brings: tried before it competes, bounded, refused clearly.

What holds for every model of the portfolio holds for these as well: `test_portfolio_laws.py`.
"""

from __future__ import annotations

import base64
import hashlib
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from river import naive_bayes

from models.compiled_model import compile_model
from models.contest.entering import enter
from models.learn_policy import LearnPolicy
from models.portfolio import factory
from models.portfolio.brought import Brought
from models.portfolio.compiled import compile_payload
from models.portfolio.interface import PayloadError
from models.portfolio.river_form import UNKNOWN, fraud_share
from models.portfolio.state import dump
from models.scorer import SnapshotError, canonical
from models.snapshot_parts import join, split

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from portfolio_world import NAMES, made, outcomes, rows, teach  # noqa: E402

BAYES = "river.naive_bayes:GaussianNB"


def bayes(**settings: Any) -> Brought:
    return Brought("mine:bayes", naive_bayes.GaussianNB, NAMES, 7, settings)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("brought_models:own_class", "brought_models:Own"),
        ("brought_models:with_function", "brought_models:halved"),
        ("brought_models:unseeded", "does it take a seed"),
        ("river.ensemble:VotingClassifier", "needs no arguments"),
        ("river.ensemble:ADWINBaggingClassifier", r"ADWINBaggingClassifier\(model"),
        ("river.neighbors:KNNClassifier", "does it take a seed"),
        ("river.multiclass:OneVsOneClassifier", "needs no arguments"),
        ("brought_models:for_a_replay", "without pack"),
        ("river.compose:Pipeline", "IndexError|gives probabilities"),
    ],
)
def test_one_that_cannot_be_published_does_not_enter_the_contest(name: str, why: str) -> None:
    with pytest.raises(PayloadError, match=why) as refused:
        enter(NAMES, LearnPolicy(competitors=("logistic", name)))
    assert name in str(refused.value)


def test_what_stands_nowhere_is_not_found() -> None:
    with pytest.raises(AttributeError):
        factory("river.naive_bayes:Nothing")(NAMES, 7)
    with pytest.raises(ImportError):
        factory("river.nothing:GaussianNB")(NAMES, 7)


def test_a_class_is_given_the_seed_and_a_bound() -> None:
    model: Any = made("river.forest:AMFClassifier", seed=11)
    assert (model.model.seed, model.model.max_nodes) == (11, 256)
    assert model.keep == 0.05


def test_a_function_may_set_the_share_of_negatives() -> None:
    model: Any = made("brought_models:more_negatives")
    usual: Any = made("brought_models:scaled_logistic")
    for one in (model, usual):
        teach(one, outcomes(600))
    assert (model.keep, usual.keep) == (0.5, 0.05)
    assert model.lessons > 1.5 * usual.lessons
    assert compile_payload(model.compiled()).score_many(rows(9)) == model.score_many(rows(9))


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("river.tree:HoeffdingTreeClassifier", True),
        ("brought_models:scaled_logistic", True),
        (BAYES, False),
        ("brought_models:patches", False),
    ],
)
def test_weights_are_given_only_where_they_count(name: str, takes: bool) -> None:
    model: Any = made(name)
    assert model.verdict.takes_weights is takes


def test_without_weights_an_outcome_is_learned_so_many_times() -> None:
    model = bayes()
    model.learn([1.0] * 6, True, 20.0)
    assert model.model.class_counts[True] == 20
    learned = 0
    for number in range(2_000):
        model.outcomes = number
        learned += model.times(2.25)
    assert learned / 2_000 == pytest.approx(2.25, abs=0.03)


def test_a_model_that_has_grown_full_learns_no_more_and_says_so() -> None:
    model = bayes(most_bytes=1_000)
    before = dump(model.model)
    teach(model, outcomes(8_000))
    assert model.full
    assert model.compiled()["full"] is True
    lessons, kept = model.lessons, dump(model.model)
    assert kept != before
    teach(model, outcomes(500))
    assert (model.lessons, dump(model.model)) == (lessons, kept)
    again = bayes(most_bytes=1_000)
    again.unpack(model.pack())
    assert again.full
    assert again.score_many(rows(5)) == model.score_many(rows(5))


def test_mondrian_trees_stay_within_their_nodes() -> None:
    model: Any = made("river.forest:AMFClassifier")
    teach(model, outcomes(5_000))
    assert max(tree._n_nodes for tree in model.model) <= 257
    sizes = [len(teach(model, outcomes(500, seed)).pack()) for seed in (4, 5)]
    assert sizes[1] < 1.05 * sizes[0] < 5_000_000


def test_an_example_it_fails_at_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    model = bayes()

    def failing(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(model.model), "learn_one", failing)
    model.learn([1.0] * 6, True, 1.0)
    assert (model.lessons, model.failed) == (1, 1)
    assert model.compiled()["failed"] == 1


class Odd:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict_proba_one(self, _: Any) -> Any:
        return {True: self.answer}


def test_what_is_no_probability_decides_nothing() -> None:
    assert fraud_share(Odd(math.nan), {}) == UNKNOWN
    assert fraud_share(Odd(1j), {}) == UNKNOWN
    assert fraud_share(Odd(1.0 + 1e-12), {}) == 1.0
    assert fraud_share(Odd(-0.1), {}) == 0.0


def test_other_parameters_are_another_model() -> None:
    one = Brought("mine", lambda: naive_bayes.BernoulliNB(alpha=1.0), NAMES, 7)
    other = Brought("mine", lambda: naive_bayes.BernoulliNB(alpha=2.0), NAMES, 7)
    with pytest.raises(PayloadError):
        other.unpack(one.pack())


# -- the payload ------------------------------------------------------------------------------


def snapshot(payload: dict[str, Any]) -> dict[str, Any]:
    raw = canonical(payload)
    return {
        "name": BAYES, "version": 7, "feature_spec": "f00d", "kind": payload["kind"],
        "payload": raw, "sha256": hashlib.sha256(raw).hexdigest(), "part": 0, "parts": 1,
    }  # fmt: skip


def scorer(record: dict[str, Any]) -> Any:
    return compile_model(record, {}.__getitem__)


def payload() -> dict[str, Any]:
    return teach(made(BAYES), outcomes(300)).compiled()


def test_it_travels_in_parts_and_says_the_same_bits() -> None:
    model = teach(made(BAYES), outcomes(300))
    parts = split(snapshot(model.compiled()), limit=500)
    assert len(parts) > 2
    asked = rows(50)
    loaded = scorer(join([part for _, part in parts]))
    assert loaded.score_many(asked) == model.score_many(asked)
    assert loaded.score_many(asked[::-1]) == model.score_many(asked)[::-1]
    assert loaded.top(asked[0]) == loaded.top(asked[0])


def test_bytes_that_are_not_those_published_are_refused() -> None:
    record = snapshot(payload())
    with pytest.raises(SnapshotError, match="sha256"):
        scorer(record | {"payload": record["payload"].replace(b'"river"', b'"RIVER"')})


def test_another_version_of_river_is_refused() -> None:
    with pytest.raises(PayloadError, match=r"River: expected 0\.\d+\.\d+, got '0\.1\.0'"):
        compile_payload(payload() | {"river": "0.1.0"})
    with pytest.raises(SnapshotError, match=r"0\.1\.0"):
        scorer(snapshot(payload() | {"river": "0.1.0"}))


def text(value: str) -> bytes:
    return b"s" + len(value).to_bytes(4, "little") + value.encode()


@pytest.mark.parametrize(
    "state",
    [
        b"", b"N", b"\x80\x04N.", dump({"a": 1}), dump([1.0]),
        b"n" + text("os:system") + b"N",
        b"n" + text("builtins:eval") + b"N",
        b"c" + text("os:system"),
        b"n" + text("functools:partial") + b"t" + (3).to_bytes(4, "little")
        + b"c" + text("os:system") + b"t\x00\x00\x00\x00" + b"m\x00\x00\x00\x00",
        b"n" + text("river.utils.math:softmax") + b"m\x00\x00\x00\x00",
        b"n" + text("builtins:method") + b"t" + (2).to_bytes(4, "little")
        + b"c" + text("builtins:str") + text("join"),
    ],
)  # fmt: skip
def test_a_hostile_state_is_refused(state: bytes) -> None:
    hostile = payload() | {"state": base64.b64encode(state).decode()}
    with pytest.raises(PayloadError):
        compile_payload(hostile)
    with pytest.raises(SnapshotError):
        scorer(snapshot(hostile))
