"""What the portfolio's models are shown: inputs derived from the feature row, declared as data.

Hoeffding trees describe each input by one Gaussian a class and split at equal distances between
its least and greatest value: both need inputs whose tails are short. So amounts, counts and ratios
enter as logarithms, one feature is compared with another where only their proportion says
something, and a missing value stands at a declared number: None, NaN and infinity never reach
River. Learner and compiled scorer read the same declarations with the same `math` functions, one
value at a time, so that they see the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = Sequence[float | None]
LIMIT = 1e9
"""Values are held within this distance of zero before anything is computed from them."""


def _log(value: float) -> float:
    return math.log1p(value) if value > 0.0 else 0.0


def _signed_log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


UNARY: dict[str, Callable[[float], float]] = {
    "value": float,
    "log": _log,
    "signed_log": _signed_log,
}
"""`log` is log1p with negative values at 0; `signed_log` mirrors it for them."""


@dataclass(frozen=True)
class Input:
    """One input: `op` of the feature `of`, or of `of` against `by` (`log_ratio`), or `fill`.

    `log_ratio` is log1p(of) - log1p(by). `fill` stands where a feature is missing.

    >>> Input("log_ratio", "amount", 0.0, "card_max_30d").name
    'log_ratio:amount:card_max_30d'
    """

    op: str
    of: str
    fill: float
    by: str = ""

    @property
    def name(self) -> str:
        """Unique among the inputs of a model."""
        return ":".join(part for part in (self.op, self.of, self.by) if part)

    def data(self) -> list[Any]:
        """As plain data, the number as a hex text; `read_input` reads it."""
        return [self.op, self.of, self.fill.hex(), self.by]


def read_input(data: Sequence[Any]) -> Input:
    """The input that `Input.data` wrote; raises ValueError for an unknown operation.

    >>> read_input(["log", "amount", "0x0.0p+0", ""]).name
    'log:amount'
    """
    op, of, fill, by = data
    if op not in UNARY and op != "log_ratio":
        raise ValueError(f"input of {of!r}: expected an operation of {[*UNARY, 'log_ratio']}, {op}")
    return Input(op, of, float.fromhex(fill), by)


class Inputs:
    """The declared inputs over the features `names`, compiled to places in the row.

    >>> inputs = Inputs(("amount", "signal"), (Input("log", "amount", 0.0),))
    >>> inputs.names, inputs.derive([0.0, None])
    (('log:amount',), [0.0])
    """

    def __init__(self, names: Sequence[str], declared: Sequence[Input]) -> None:
        self.features = tuple(names)
        self.declared = tuple(declared)
        self.names = tuple(one.name for one in declared)
        places = {name: at for at, name in enumerate(self.features)}
        self._steps = [
            (UNARY.get(one.op, _log), places[one.of], places.get(one.by, -1), one.fill)
            for one in self.declared
        ]

    def derive(self, row: Row) -> list[float]:
        """The inputs of one row, all finite; raises ValueError for a row of another length."""
        if len(row) != len(self.features):
            raise ValueError(f"inputs: expected {len(self.features)} features, got {len(row)}")
        found = []
        for function, of, by, fill in self._steps:
            value = row[of]
            base = 0.0 if by < 0 else row[by]
            if value is None or base is None or value - value != 0 or base - base != 0:
                found.append(fill)
                continue
            if not -LIMIT <= value <= LIMIT:
                value = math.copysign(LIMIT, value)
            if by < 0:
                found.append(function(value))
            else:
                found.append(function(value) - _log(min(base, LIMIT)))
        return found

    def columns(self, rows: Sequence[Row]) -> Floats:
        """`derive` of at least one row at once, with the same bits: shape (inputs, rows)."""
        found = np.array(rows, dtype=np.float64).T
        if len(found) != len(self.features):
            raise ValueError(f"inputs: expected {len(self.features)} features, got {len(found)}")
        made = np.empty((len(self.declared), found.shape[1]))
        missing = ~np.isfinite(found)
        held = np.clip(np.where(missing, 0.0, found), -LIMIT, LIMIT)
        for at, (function, of, by, fill) in enumerate(self._steps):
            values, absent = _applied(function, held[of]), missing[of]
            if by >= 0:
                values, absent = values - _applied(_log, held[by]), absent | missing[by]
            made[at] = np.where(absent, fill, values)
        return made

    def data(self) -> list[list[Any]]:
        """The declarations as plain data."""
        return [one.data() for one in self.declared]


def _applied(function: Callable[[float], float], values: Floats) -> Floats:
    """A function of `math` on every value: numpy's own logarithms differ in the last bit."""
    if function is float:
        return values
    held: Floats = np.maximum(values, 0.0) if function is _log else np.abs(values)
    logs = np.array(list(map(math.log1p, held.tolist())))
    return logs if function is _log else np.copysign(logs, values)
