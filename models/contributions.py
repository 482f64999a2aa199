"""What each feature added to a score: numbers that sum, with the bias, to the score's log-odds.

```text
 logistic    weight times the distance from the mean; a missing value by its own weight
 splines     Shapley values, exact: curves and surfaces of two inputs have no deeper interaction, so
             a value is the mean of what an input adds alone and what it adds last
 trees       Shapley values over fixed orders of the features (Castro et al. 2009; Štrumbelj and
             Kononenko 2014): trees vote with probabilities, which no path through them splits
 blend       the members' own numbers by the members' weights
 mean        as trees: the mean of probabilities splits no log-odds; of one model alone, its own way
```

But for the logistic regression, the bias is what the model says of a row of which nothing is known,
and a contribution is against that. An input made of two features is split in half. Scores are held
off certainty (`EDGE`); what that takes away stands as `held`, 0.0 nearly always.

`ModelScorer.top` is another thing: three features for the reason of a decision, quickly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.portfolio.compiled_blend import CompiledBlend
from models.portfolio.compiled_logistic import CompiledLogistic
from models.portfolio.compiled_mean import CompiledMean
from models.portfolio.compiled_splines import CompiledSplines, sigmoid
from models.portfolio.imbalance import EDGE, hashed, log_odds
from models.portfolio.inputs import Inputs
from models.portfolio.interface import RowScorer
from models.scorer import Contribution, ModelScorer, Row, Scorer

ORDERS = 8
"""Orders of the features that a tree's contributions are the mean over: every second one is the
reverse of the one before, which splits interactions evenly (antithetic; Mitchell et al. 2022)."""
CERTAIN = math.log1p(-EDGE) - math.log(EDGE)


@dataclass(frozen=True)
class Parts:
    """A model's log-odds in parts: `bias + held + sum(added)`; `added` in the row's order."""

    bias: float
    added: tuple[float, ...]
    held: float
    method: str

    @property
    def log_odds(self) -> float:
        """The log-odds of the score."""
        return self.bias + self.held + math.fsum(self.added)

    def contributions(self, names: Sequence[str], row: Row) -> list[Contribution]:
        """By size, largest first, those of features that added nothing left out."""
        every = map(Contribution, names, row, self.added)
        return sorted((one for one in every if one.log_odds), key=lambda one: -abs(one.log_odds))


def parts(scorer: ModelScorer | RowScorer, row: Row) -> Parts:
    """The parts of one row's score, by a version or by what it compiles into."""
    return _parts(getattr(scorer, "rows", scorer), row)


def _parts(rows: Any, row: Row) -> Parts:
    if isinstance(rows, CompiledMean) and len(rows.members) == 1:
        rows = rows.members[0]
    if isinstance(rows, CompiledLogistic):
        rows = rows.scorer
    if isinstance(rows, Scorer):
        return _logistic(rows, row)
    if isinstance(rows, CompiledSplines):
        return _splines(rows, row)
    return _blend(rows, row) if isinstance(rows, CompiledBlend) else _ordered(rows, row)


def _logistic(scorer: Scorer, row: Row) -> Parts:
    added = [term.added(found) for found, term in zip(row, scorer.terms, strict=True)]
    return Parts(scorer.bias, tuple(added), 0.0, "weight times distance from the mean")


def _splines(model: CompiledSplines, row: Row) -> Parts:
    inputs = model.inputs
    x, unknown = inputs.columns([row, [None] * len(row)]).T
    every = np.arange(len(x))
    alone, without = (np.tile(one, (len(x), 1)).T for one in (unknown, x))
    alone[every, every], without[every, every] = x, unknown
    columns = np.column_stack((unknown, x, alone, without))
    none, whole, *others = model.basis.sums(columns, model.weights).tolist()
    firsts, lasts = others[: len(x)], others[len(x) :]
    values = [
        (first - none + whole - last) / 2.0 for first, last in zip(firsts, lasts, strict=True)
    ]
    back, held = math.log(model.keep), _held(model.intercept + whole)
    return Parts(
        none + model.intercept + back, _by_feature(inputs, values),
        held + _held(model.intercept + whole + held + back), "Shapley, exact",
    )  # fmt: skip


def _blend(model: CompiledBlend, row: Row) -> Parts:
    found = [_member(member, row) for member in model.members]
    back = math.log(model.keep)
    bias = model.intercept + back
    added, held = [0.0] * len(row), 0.0
    for weight, one in zip(model.weights, found, strict=True):
        bias += weight * (one.bias + model.back)
        held += weight * one.held
        added = [total + weight * part for total, part in zip(added, one.added, strict=True)]
    total = bias + held + math.fsum(added)
    held += _held(total - back) + _held(total + _held(total - back))
    ways = sorted({one.method for one in found})
    return Parts(bias, tuple(added), held, f"members by weight: {'; '.join(ways)}")


def _member(member: Any, row: Row) -> Parts:
    """A blend sees a member's score as it is, held off certainty."""
    one = _parts(member, row)
    return Parts(one.bias, one.added, one.held + _held(one.log_odds), one.method)


def _ordered(model: Any, row: Row) -> Parts:
    """Features become known one after another, in several orders; each adds what it changes."""
    known = [at for at, value in enumerate(row) if value is not None and value - value == 0]
    orders = _orders(known)
    steps: list[list[float | None]] = [[None] * len(row)]
    for order in orders:
        for at in order:
            before = steps[-1] if at != order[0] else steps[0]
            steps.append([*before[:at], row[at], *before[at + 1 :]])
    nothing, *after = map(log_odds, model.score_many(steps))
    added = [0.0] * len(row)
    for number, order in enumerate(orders):
        before_it = nothing
        for step, at in enumerate(order, start=number * len(known)):
            added[at] += (after[step] - before_it) / len(orders)
            before_it = after[step]
    return Parts(nothing, tuple(added), 0.0, f"Shapley over {len(orders)} orders")


def _orders(known: Sequence[int]) -> list[list[int]]:
    """Fixed orders and their reverses; the same for the same features, in every process."""
    found = []
    for seed in range(ORDERS // 2):
        order = sorted(known, key=partial(hashed, seed=seed))
        found += [order, order[::-1]]
    return found if known else []


def _by_feature(inputs: Inputs, values: Sequence[float]) -> tuple[float, ...]:
    places = {name: at for at, name in enumerate(inputs.features)}
    added = [0.0] * len(places)
    for one, value in zip(inputs.declared, values, strict=True):
        of = [places[one.of]] + ([places[one.by]] if one.by else [])
        for at in of:
            added[at] += value / len(of)
    return tuple(added)


def _held(total: float) -> float:
    """What holding a score off certainty changes of its log-odds."""
    return log_odds(sigmoid(total)) - total if abs(total) > CERTAIN else 0.0
