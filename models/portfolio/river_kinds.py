"""The classes that a model's state holds by a code, and how each is written and made again.

Most are written as their attributes in sorted order. A Gaussian is its three numbers: River gives
each one a random generator that only sampling uses, 2.5 KB seeded by the operating system, which
would make equal models pickle differently. Codes are part of the format: never reuse one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from river import drift, metrics, proba, stats, tree
from river._river_rust.drift import AdaptiveWindowing
from river.forest.adaptive_random_forest import BaseTreeClassifier
from river.tree.mondrian import MondrianTreeClassifier
from river.tree.mondrian.mondrian_tree_nodes import (
    MondrianBranchClassifier,
    MondrianLeafClassifier,
)
from river.tree.nodes.arf_htc_nodes import RandomLeafNaiveBayesAdaptive
from river.tree.nodes.branch import NumericBinaryBranch
from river.tree.nodes.htc_nodes import LeafNaiveBayesAdaptive

from models.portfolio.observers import GaussianObserver, gaussian


@dataclass(frozen=True)
class Kind:
    """How one class is written (`take` gives plain data) and made (`make`, then `fill`)."""

    code: int
    take: Callable[[Any], Any]
    make: Callable[[], Any]
    fill: Callable[[Any, Any], Any]


def _attributes(cls: Any, code: int) -> Kind:
    def fill(made: Any, data: dict[str, Any]) -> Any:
        made.__dict__.update(data)
        return made

    return Kind(code, lambda made: dict(sorted(vars(made).items())), lambda: cls.__new__(cls), fill)


def _gaussian(made: Any) -> tuple[float, ...]:
    """Three numbers; a fourth where its variance is not that of a sample (`GaussianNB`)."""
    var = made._var
    found = (var.mean.n, var.mean._mean, var._S)
    return found if var.ddof == 1 else (*found, var.ddof)


def _fill_gaussian(made: Any, data: tuple[Any, ...]) -> Any:
    var = made._var
    var.mean.n, var.mean._mean, var._S = data[:3]
    if len(data) > 3:
        (var.ddof,) = data[3:]
    return made


def _fill_random(made: Any, data: Any) -> Any:
    made.setstate(data)
    return made


def _window(made: Any) -> tuple[Any, bytes]:
    return made.__getnewargs__(), made.__getstate__()


def _fill_window(made: Any, data: tuple[Any, bytes]) -> Any:
    made.__setstate__(data[1])
    return made


def _confusion(made: Any) -> Any:
    cells = {true: dict(row) for true, row in made.data.items()}
    numbers = (made.n_samples, made.total_weight, made._total_true_positives)
    return cells, dict(made.sum_row), dict(made.sum_col), numbers


def _fill_confusion(made: Any, data: Any) -> Any:
    cells, rows, columns, numbers = data
    for true, row in cells.items():
        made.data[true] = defaultdict(float, row)
    made.sum_row.update(rows)
    made.sum_col.update(columns)
    made.n_samples, made.total_weight, made._total_true_positives = numbers
    return made


_PLAIN: dict[int, Any] = {
    1: tree.HoeffdingTreeClassifier,
    2: BaseTreeClassifier,
    3: LeafNaiveBayesAdaptive,
    4: RandomLeafNaiveBayesAdaptive,
    5: NumericBinaryBranch,
    6: GaussianObserver,
    7: drift.ADWIN,
    8: metrics.Accuracy,
    9: MondrianTreeClassifier,
    10: MondrianBranchClassifier,
    11: MondrianLeafClassifier,
    12: stats.Var,
    13: stats.Mean,
}

BY_CLASS: dict[type, Kind] = {
    **{cls: _attributes(cls, code) for code, cls in _PLAIN.items()},
    proba.Gaussian: Kind(20, _gaussian, gaussian, _fill_gaussian),
    Random: Kind(21, lambda made: made.getstate(), lambda: Random(0), _fill_random),
    AdaptiveWindowing: Kind(22, _window, AdaptiveWindowing, _fill_window),
    metrics.ConfusionMatrix: Kind(23, _confusion, metrics.ConfusionMatrix, _fill_confusion),
}
BY_CODE = {kind.code: kind for kind in BY_CLASS.values()}
