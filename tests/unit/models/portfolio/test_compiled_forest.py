"""Compiled trees against River where its arithmetic has corners."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from portfolio_world import NAMES, outcomes, rows, teach

from models.portfolio.adaptive_random_forest import AdaptiveRandomForest
from models.portfolio.compiled import compile_payload
from models.portfolio.interface import PayloadError
from models.portfolio.leveraging_bagging import LeveragingBagging
from models.portfolio.river_model import RiverModel

Forest = type[LeveragingBagging] | type[AdaptiveRandomForest]
forests = pytest.mark.parametrize("forest", [LeveragingBagging, AdaptiveRandomForest])


def leaves(model: RiverModel) -> list[Any]:
    return [leaf for tree in model.model.data if tree._root for leaf in tree._root.iter_leaves()]


def observers(model: RiverModel) -> list[Any]:
    return [one for leaf in leaves(model) for one in (leaf.splitters or {}).values()]


def empty_member(model: RiverModel) -> None:
    model.model.data[3] = model.model._new_base_model() if hasattr(
        model.model, "_new_base_model"
    ) else model.model.model.clone()  # fmt: skip


def every_member_empty(model: RiverModel) -> None:
    for tree in model.model.data:
        tree._root = None


def inactive(model: RiverModel) -> None:
    for leaf in leaves(model)[::2]:
        leaf.deactivate()


def just_activated(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf.splitters = {}


def zero_weight_class(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf.stats = {False: leaf.total_weight, True: 0.0}


def fresh_after_split(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf.stats, leaf.splitters = {True: 0.0, False: 5.0}, {}
        leaf._nb_correct_weight = leaf._mc_correct_weight = 0.0


def no_statistics(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf.stats = {}


def one_class(model: RiverModel) -> None:
    for leaf in leaves(model)[1::2]:
        leaf.stats = {True: 4.0}


def naive_bayes_everywhere(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf._mc_correct_weight = 0.0


def majority_everywhere(model: RiverModel) -> None:
    for leaf in leaves(model):
        leaf._nb_correct_weight = -1.0


def spread(size: float) -> Callable[[RiverModel], None]:
    def change(model: RiverModel) -> None:
        naive_bayes_everywhere(model)
        for at, observer in enumerate(observers(model)):
            for found in observer._att_dist_per_class.values():
                if at % 3 == 0:
                    found._var._S = size

    return change


def single_values(model: RiverModel) -> None:
    naive_bayes_everywhere(model)
    for observer in observers(model):
        for found in observer._att_dist_per_class.values():
            found._var.mean.n = 1.0


CORNERS = [
    empty_member, every_member_empty, inactive, just_activated, zero_weight_class,
    fresh_after_split, no_statistics, one_class, naive_bayes_everywhere, majority_everywhere,
    spread(0.0), spread(1e-9), spread(1e-300), spread(5e-324), single_values,
]  # fmt: skip


@forests
@pytest.mark.parametrize("corner", CORNERS)
def test_corners_agree_with_river(forest: Forest, corner: Callable[[RiverModel], None]) -> None:
    model = forest(NAMES, 3)
    teach(model, outcomes(400))
    corner(model)
    payload = json.loads(json.dumps(model.compiled(), allow_nan=False))
    compiled, asked = compile_payload(payload), rows(60)
    found = compiled.score_many(asked)
    assert found == pytest.approx(model.score_many(asked), abs=1e-9, rel=0)
    assert found == [compiled.score(one) for one in asked]


@forests
def test_a_tree_with_splits_was_compared(forest: Forest) -> None:
    model = forest(NAMES, 3)
    teach(model, outcomes(3_000, oddity=0.0))
    assert max(tree.height for tree in model.model.data) > 1
    found = compile_payload(model.compiled()).score_many(rows(200))
    assert found == pytest.approx(model.score_many(rows(200)), abs=1e-9, rel=0)


@forests
def test_trees_stop_at_their_bound_and_learn_on(forest: Forest) -> None:
    model = forest(NAMES, 3)
    model.max_leaves = 2
    teach(model, outcomes(3_000, oddity=0.0))
    before = sum(leaf.total_weight for leaf in leaves(model))
    assert max(len(list(tree._root.iter_leaves())) for tree in model.model.data) <= 2
    teach(model, outcomes(100, seed=5))
    assert sum(leaf.total_weight for leaf in leaves(model)) != before


def test_a_fresh_leaf_with_a_zero_weight_class_says_one_half() -> None:
    model = LeveragingBagging(NAMES, 3)
    teach(model, outcomes(400))
    fresh_after_split(model)
    example = dict.fromkeys(model.inputs.names, 0.0)
    assert model.model.predict_proba_one(example)[True] == 0.5


def test_damaged_payloads_are_refused() -> None:
    model = LeveragingBagging(NAMES, 3)
    teach(model, outcomes(400))
    payload = model.compiled()
    for part, value in (("format", 2), ("kind", "x"), ("roots", "x"), ("leaves", {}), ("keep", 1)):
        with pytest.raises(PayloadError):
            compile_payload({**payload, part: value})
    with pytest.raises(PayloadError):
        compile_payload({**payload, "votes": "?"})


def test_infinite_thresholds_and_constants_travel_as_json() -> None:
    payload = LeveragingBagging(NAMES, 3).compiled()
    assert compile_payload(json.loads(json.dumps(payload))).score(rows(1)[0]) < 1e-6
    assert math.isclose(float.fromhex(payload["keep"]), 0.05)
