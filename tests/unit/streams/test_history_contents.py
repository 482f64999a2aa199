"""What a snapshot holds and how two differ, of every form that the learner publishes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models.learn_pipeline import LogisticPipeline
from models.portfolio import PORTFOLIO
from models.portfolio.compiled import compile_payload
from models.scorer import canonical
from streams.history.contents import changes, contents, difference

NAMES = ("amount", "night")
DAMAGED = b'{"names": ["a"], "weights": ["?"], "missing": [], "intercept": "0x0p+0"}'


def logistic(examples: int) -> bytes:
    pipeline, rng = LogisticPipeline(NAMES, learning_rate=0.01, intercept=-4.6), random.Random(1)
    for _ in range(examples):
        amount = rng.random()
        pipeline.learn({"amount": amount, "night": None}, amount > 0.5, 1.0)
    return canonical({"format": 1, **pipeline.data()})


def learned(name: str, examples: int) -> dict[str, Any]:
    model, rng = PORTFOLIO[name](("mine", "noise"), 1), random.Random(1)
    for _ in range(examples):
        mine = rng.random() * 100
        model.learn([mine, rng.random()], mine > 50, 1.0)
    return model.compiled()


def test_a_logistic_regression_shows_its_weights() -> None:
    found = contents(logistic(50))
    assert found["form"] == "logistic"
    assert list(found["weights"]) == list(NAMES)
    assert found["weights"]["amount"] > 0
    assert found["missing"]["night"] != 0


def test_the_largest_changes_of_weights_stand_first() -> None:
    found = difference(contents(logistic(10)), contents(logistic(400)))
    sizes = [abs(change) for _, _, change in found["weights"].values()]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0
    one, other, change = found["intercept"]
    assert change == other - one


def test_a_forest_shows_what_it_splits_on() -> None:
    payload = learned("leveraging_bagging", 4_000)
    found = contents(canonical(payload))
    assert found["form"] == "forest"
    assert found["trees"] == len(payload["roots"])
    assert sum(found["inputs"].values()) > 0
    assert found["nodes"] == found["leaves"] + sum(found["inputs"].values())
    assert set(found["inputs"]) <= {"signed_log:mine", "signed_log:noise"}
    assert compile_payload(payload).score([99.0, 0.5]) > compile_payload(payload).score([1.0, 0.5])
    again = difference(found, found)
    assert again["trees"] == [found["trees"], found["trees"], 0]


def test_splines_show_how_far_each_input_moves_the_score() -> None:
    few, many = (contents(canonical(learned("splines", n))) for n in (50, 3_000))
    assert many["form"] == "splines"
    curves = many["curves"]
    assert curves["signed_log:mine"] > 3 * curves["signed_log:noise"] > 0
    found = difference(few, many)
    assert next(iter(found["curves"])) == "signed_log:mine"
    assert set(found["surfaces"]) == set(many["surfaces"])


def test_a_blend_names_its_members() -> None:
    data = {
        "kind": "river.blend", "weights": [(0.5).hex(), (1.5).hex()], "intercept": (0.0).hex(),
        "members": [{"name": "logistic", "version": 500}, {"name": "b", "version": 1}],
    }  # fmt: skip
    found = contents(canonical(data))
    assert found["weights"] == {"logistic": 0.5, "b": 1.5}
    assert found["members"][0] == {"form": "reference", "name": "logistic", "version": 500}
    other = contents(canonical(data | {"weights": [(0.5).hex(), (2.5).hex()]}))
    assert list(difference(found, other)["weights"]) == ["b", "logistic"]


def test_a_mean_shows_the_models_inside_it() -> None:
    few, many = learned("logistic", 50), learned("logistic", 400)
    data = {"kind": "river.mean", "format": 1, "features": ["mine", "noise"]}
    found = contents(canonical(data | {"members": [few, many]}))
    assert found["form"] == "mean"
    assert found["models"] == [contents(canonical(one)) for one in (few, many)]
    (first,) = difference(contents(canonical(data | {"members": [many]})), found)["models"]
    assert first == difference(found["models"][1], found["models"][0])


@pytest.mark.parametrize("payload", [b"\xff", b"[]", b"{}", b'{"weights": 1}', DAMAGED])
def test_another_form_is_shown_by_its_size(payload: bytes) -> None:
    assert contents(payload) == {"form": "other", "bytes": len(payload)}


def test_other_forms_are_not_compared() -> None:
    found = difference(contents(logistic(5)), contents(b"{}"))
    assert found == {"form": ["logistic", "other"]}


def test_a_number_that_one_side_lacks_has_no_change() -> None:
    assert changes({}, {"a": 1.0}) == {"a": [None, 1.0, None]}
