"""A state holds River's own classes by name and no others, and its old bytes stay."""

from __future__ import annotations

import collections
import functools
import random
from typing import Any

import numpy as np
import pytest
from river import drift, forest, preprocessing, proba, stats, utils
from river.tree.utils import GradHess

from models.portfolio.interface import PayloadError
from models.portfolio.state import dump, load, objects

HOSTILE = (
    "os:system", "builtins:eval", "builtins:object", "subprocess:Popen", "pickle:Unpickler",
    "river.utils.math:softmax", "river.utils.random:poisson", "river.tree.base:defaultdict",
    "river.datasets:Phishing", "river.datasets.phishing:Phishing", "river.stream.iter_csv:iter_csv",
    "river.compat.river_to_sklearn:River2SKLBase", "river.tree.nothing:Nothing", "river.tree:",
    "river.ensemble:ADWINBaggingClassifier", "river..tree:X", "riverx.tree:X", "river:base",
    "models.portfolio.state:_Writer", "river.naive_bayes.gaussian:GaussianNB.learn_one",
    "river.base.base:Base.__init__", "numpy:load", "",
)  # fmt: skip
VALUES: list[Any] = [
    2**80, -(2**63) - 1, 2**63, -(2**63),
    collections.Counter({"a": 1.5}), collections.OrderedDict(b=1, a=2),
    collections.deque([1, 2], maxlen=2), frozenset({"a", "b"}),
    collections.defaultdict(list, {1: [2]}), collections.defaultdict(None, {1: 2}),
    utils.VectorDict({"b": 1.0, "a": 2.0}, float),
    np.array([[1.0, 2.0]]), np.array([1, 2], dtype="i4"), np.array([True]),
    np.float64(0.1), np.bool_(True), float, stats.Mean, collections.Counter,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("tag", [b"n", b"c"])
def test_a_name_that_is_no_class_of_river_is_refused(name: str, tag: bytes) -> None:
    text = b"s" + len(name).to_bytes(4, "little") + name.encode()
    with pytest.raises(PayloadError):
        load(tag + text + b"m\x00\x00\x00\x00")
    with pytest.raises(PayloadError):
        load(tag + text)


def test_modules_outside_river_are_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("models.portfolio.river_names.import_module", asked.append)
    for name in HOSTILE:
        with pytest.raises(PayloadError):
            load(b"c" + b"s" + len(name).to_bytes(4, "little") + name.encode())
    assert all(one.startswith("river.") for one in asked)
    assert not [one for one in asked if one.split(".")[1] in ("datasets", "stream", "compat")]


@pytest.mark.parametrize("value", VALUES, ids=map(str, range(len(VALUES))))
def test_values_come_back_as_they_were(value: Any) -> None:
    found = load(dump(value))
    assert type(found) is type(value)
    assert dump(found) == dump(value)
    assert np.all(found == value)


def test_a_default_factory_and_a_partial_still_make() -> None:
    made = collections.defaultdict(functools.partial(stats.Quantile, 0.25))
    made["a"].update(1.0)
    found = load(dump(made))
    assert found["b"].q == 0.25
    found["a"].update(2.0)
    made["a"].update(2.0)
    assert found["a"].get() == made["a"].get()
    assert dump(found["a"]) == dump(made["a"])


def test_slots_and_random_numbers_go_on() -> None:
    slotted = load(dump(GradHess(0.5, 2.0)))
    assert (slotted.gradient, slotted.hessian) == (0.5, 2.0)
    drawn = np.random.RandomState(3)
    drawn.normal()
    again = load(dump(drawn))
    assert again.normal() == drawn.normal()


def test_what_is_shared_and_what_holds_itself_comes_back_so() -> None:
    mean: Any = stats.Mean()
    mean.itself = mean
    found = load(dump(mean))
    assert found.itself is found
    both = load(dump([mean, mean]))
    assert both[0] is both[1]


def test_a_tree_of_any_depth_is_written_and_read() -> None:
    made: list[Any] = []
    for _ in range(20_000):
        made = [made]
    found, depth = load(dump(made)), 0
    while found:
        found, depth = found[0], depth + 1
    assert depth == 20_000
    assert len(objects(made)) == 20_001


class Mine(stats.Mean):
    """A class that nobody but its author can load."""


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Mine(), "Mine"), (lambda: 1, "<lambda>"), (print, "print"), (random.seed, "seed"),
        (iter([1]), "list_iterator"), ({stats.Mean()}, "Mean"), (np.array(["a"]), "U"),
        (collections.UserDict(), "UserDict"), (Mine, "Mine"), (Mine().update, "Mine"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_named(value: Any, named: str) -> None:
    with pytest.raises((PayloadError, ValueError), match=named):
        dump(value)


def test_garbage_inside_a_compiled_class_is_an_error_not_a_panic() -> None:
    data = dump(stats.Quantile(0.5))
    state = stats.Quantile(0.5)._quantile.__getstate__()  # type: ignore[attr-defined]
    assert state in data
    with pytest.raises(PayloadError):
        load(data.replace(state, b"\xff" * len(state)))


def test_attributes_of_a_scaler_are_all_of_it() -> None:
    scaler = preprocessing.StandardScaler()
    scaler.learn_one({"a": 1.0})
    scaler.learn_one({"a": 3.0})
    found = load(dump(scaler))
    assert found.transform_one({"a": 2.5}) == scaler.transform_one({"a": 2.5})
    assert dump(found) == dump(scaler)


GOLDEN = (
    "6d08000000730100000061740300000064000000000000f03f4e7402000000547301000000787301000000626c0200"
    "00006903000000000000006201000000ff73010000006366016d020000006b01000000640000000000000040730100"
    "0000656502000000690100000000000000690200000000000000"
)


def test_the_bytes_of_plain_values_are_what_they_always_were() -> None:
    value = {
        "a": (1.0, None, (True, "x")), "b": [3, b"\xff"],
        "c": collections.defaultdict(float, x=2.0), "e": {2, 1},
    }  # fmt: skip
    assert dump(value).hex() == GOLDEN


@pytest.mark.parametrize(
    ("value", "code"),
    [(proba.Gaussian(), 20), (random.Random(1), 21), (drift.ADWIN(), 7), (stats.Var(), 12),
     (stats.Mean(), 13)],
)  # fmt: skip
def test_classes_with_a_code_keep_it(value: Any, code: int) -> None:
    assert dump(value)[:2] == b"o" + bytes([code])


def test_a_gaussian_of_another_kind_keeps_its_kind() -> None:
    made = proba.Gaussian()
    made._var.ddof = 0
    for value in (1.0, 2.0, 4.0):
        made.update(value)
    assert load(dump(made))(1.5) == made(1.5)


def test_a_forest_that_was_deep_before_is_whole() -> None:
    model = forest.AMFClassifier(n_estimators=1, seed=1)
    drawn = random.Random(1)
    for _ in range(1_500):
        model.learn_one({name: drawn.expovariate(1.0) for name in "abcdefgh"}, drawn.random() < 0.5)
    found = load(dump(model))
    asked = dict.fromkeys("abcdefgh", 0.5)
    assert found.predict_proba_one(asked) == model.predict_proba_one(asked)
