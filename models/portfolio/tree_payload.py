"""Hoeffding trees of River as arrays: what `models.portfolio.compiled` scores with.

All trees share one table of nodes and one of leaves. A leaf holds either two fixed votes, or for
each class a prior and, per watched input, the mean, minus twice the variance and the constant of
its Gaussian's logarithm, in River's order. A Gaussian that River would skip (one value, no
variance, class unseen) adds nothing: its divisor is minus infinity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from river.tree.nodes.branch import NumericBinaryBranch
from river.utils.norm import normalize_values_in_dict

from models.portfolio.arrays import pack_floats, pack_ints

FORMAT = 1
KIND = "river.hoeffding_forest"
HALF_LOG_TAU = 0.5 * math.log(math.tau)
NOTHING = (0.0, -math.inf, 0.0)
CLASSES = (False, True)


class _Table:
    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: at for at, name in enumerate(names)}
        self.nodes: list[list[float]] = []  # input, threshold, left, right, leaf
        self.leaves: list[dict[str, Any]] = []

    def add(self, node: Any) -> int:
        """Append a node and what is below it; returns its number."""
        at = len(self.nodes)
        if isinstance(node, NumericBinaryBranch):
            self.nodes.append([])
            left, right = (self.add(child) for child in node.children)
            self.nodes[at] = [self.places[node.feature], node.threshold, left, right, 0]
        else:
            self.nodes.append([0, math.inf, at, at, len(self.leaves)])
            self.leaves.append(_leaf(node, self.places))
        return at


def forest_payload(model: Any, trees: Sequence[Any], votes: Sequence[float]) -> dict[str, Any]:
    """The compiled form of an ensemble (a `RiverModel`) as JSON data."""
    table = _Table(model.inputs.names)
    roots = [table.add(tree._root) for tree in trees if tree._root is not None]
    kept = [vote for tree, vote in zip(trees, votes, strict=True) if tree._root is not None]
    columns = list(zip(*table.nodes, strict=True)) or [()] * 5
    return {
        **model.head(KIND, FORMAT),
        "roots": roots,
        "votes": pack_floats(kept),
        "nodes": {
            "input": pack_ints(columns[0]),
            "threshold": pack_floats(columns[1]),
            "left": pack_ints(columns[2]),
            "right": pack_ints(columns[3]),
            "leaf": pack_ints(columns[4]),
        },
        "leaves": _leaves(table.leaves),
    }


def _leaves(leaves: Sequence[dict[str, Any]]) -> dict[str, Any]:
    width = max((len(leaf["inputs"]) for leaf in leaves), default=0)
    padded = [leaf["inputs"] + [0] * (width - len(leaf["inputs"])) for leaf in leaves]
    gaussians = [
        [part for place in range(width) for part in _at(leaf["gaussians"][label], place)]
        for label in CLASSES
        for leaf in leaves
    ]
    return {
        "width": width,
        "bayes": pack_ints([int(leaf["bayes"]) for leaf in leaves]),
        "fixed": pack_floats([leaf["fixed"][label] for label in CLASSES for leaf in leaves]),
        "prior": pack_floats([leaf["prior"][label] for label in CLASSES for leaf in leaves]),
        "inputs": pack_ints([place for leaf in padded for place in leaf]),
        "gaussians": pack_floats([part for leaf in gaussians for part in leaf]),
    }


def _at(gaussians: Sequence[tuple[float, ...]], place: int) -> tuple[float, ...]:
    return gaussians[place] if place < len(gaussians) else NOTHING


def _leaf(leaf: Any, places: dict[str, int]) -> dict[str, Any]:
    bayes = leaf.is_active() and leaf._nb_correct_weight >= leaf._mc_correct_weight
    total = sum(leaf.stats.values())
    if not bayes or not total:
        fixed = {} if bayes else normalize_values_in_dict(leaf.stats, inplace=False)
        votes = {label: fixed.get(label, 0.0) for label in CLASSES}
        nothing = dict.fromkeys(CLASSES, 0.0)
        return {"bayes": False, "fixed": votes, "prior": nothing, "inputs": [],
                "gaussians": dict.fromkeys(CLASSES, ())}  # fmt: skip
    return {
        "bayes": True,
        "fixed": dict.fromkeys(CLASSES, 0.0),
        "prior": {label: _prior(leaf.stats.get(label), total) for label in CLASSES},
        "inputs": [places[name] for name in leaf.splitters],
        "gaussians": {label: _gaussians(leaf, label) for label in CLASSES},
    }


def _prior(weight: float | None, total: float) -> float:
    """River's: a class seen with weight zero votes with a logarithm of 0, one unseen not at all."""
    if weight is None:
        return -math.inf
    return math.log(weight / total) if weight > 0 else 0.0


def _gaussians(leaf: Any, label: bool) -> list[tuple[float, float, float]]:
    if not leaf.stats.get(label, 0.0) > 0:
        return [NOTHING] * len(leaf.splitters)
    return [_gaussian(one._att_dist_per_class.get(label)) for one in leaf.splitters.values()]


def _gaussian(found: Any) -> tuple[float, float, float]:
    if found is None or not found._var.mean.n > found._var.ddof:
        return NOTHING
    variance = found._var._S / (found._var.mean.n - found._var.ddof)
    if not variance > 0.0:
        return NOTHING
    return found._var.mean._mean, -2.0 * variance, HALF_LOG_TAU + 0.5 * math.log(variance)
