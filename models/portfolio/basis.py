"""Hat functions over the derived inputs: what makes a linear model bend.

An input's span is cut into equal pieces; a value between two knots stands for both, in proportion
to its nearness (first-order B-splines; de Boor 1978). A pair of inputs has a knot for each two of
its coarser knots, weighted by the product. So a logistic regression over the hats fits any
piecewise linear curve of each input and any such surface of each pair, and at most two, or four,
weights of each are touched by a value. Values beyond a span stand at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """Where an input's knots lie: `pieces` equal steps from `low` to `high`.

    >>> Span(0.0, 2.0, 4).place(1.25), Span(0.0, 2.0, 4).place(99.0)
    ((2, 0.5), (3, 1.0))
    """

    low: float
    high: float
    pieces: int

    @property
    def scale(self) -> float:
        """Pieces per unit."""
        return self.pieces / (self.high - self.low)

    def place(self, value: float) -> tuple[int, float]:
        """The knot at or below a value, and how far the value is towards the next, in [0, 1]."""
        at = min(max((value - self.low) * self.scale, 0.0), float(self.pieces))
        knot = min(int(at), self.pieces - 1)
        return knot, at - knot

    def coarser(self, by: int) -> Span:
        """The same span in fewer pieces."""
        return Span(self.low, self.high, max(1, self.pieces // by))

    def data(self) -> list[Any]:
        """As plain data: `Span(float.fromhex(low), float.fromhex(high), pieces)` reads it."""
        return [self.low.hex(), self.high.hex(), self.pieces]


class Basis:
    """Spans of the inputs in order, and pairs of inputs by number with the spans of their knots.

    `size` is how many hats there are; each has a number below it.

    >>> basis = Basis([Span(0.0, 1.0, 2), Span(0.0, 1.0, 1)], [(0, 1)], coarse=2)
    >>> basis.size, basis.hats([0.75, 1.0])
    (9, {1: 0.5, 2: 0.5, 4: 1.0, 6: 0.25, 8: 0.75})
    """

    def __init__(
        self, spans: Sequence[Span], pairs: Sequence[tuple[int, int]], *, coarse: int
    ) -> None:
        self.spans, self.pairs, self.coarse = tuple(spans), tuple(pairs), coarse
        self._coarse = [span.coarser(coarse) for span in spans]
        self._first: list[int] = []
        self._pair_first: list[int] = []
        size = 0
        for span in spans:
            self._first.append(size)
            size += span.pieces + 1
        for one, other in pairs:
            self._pair_first.append(size)
            size += (self._coarse[one].pieces + 1) * (self._coarse[other].pieces + 1)
        self.size = size

    def hats(self, values: Sequence[float]) -> dict[int, float]:
        """The hats that one row's values touch, each with its height; zero ones are left out."""
        found: dict[int, float] = {}
        for value, span, first in zip(values, self.spans, self._first, strict=True):
            knot, share = span.place(value)
            _touch(found, first + knot, 1, 1.0, share)
        places = [span.place(value) for value, span in zip(values, self._coarse, strict=True)]
        for (one, other), first in zip(self.pairs, self._pair_first, strict=True):
            (row, down), (column, right) = places[one], places[other]
            width = self._coarse[other].pieces + 1
            at = first + row * width + column
            _touch(found, at, 1, 1.0 - down, right)
            _touch(found, at + width, 1, down, right)
        return found

    def sums(self, x: Floats, weights: Floats) -> Floats:
        """The weighted sum of the hats of every row; `x` has shape (inputs, rows).

        Elementwise, in a fixed order: a row's bits depend on no neighbour.
        """
        total = np.zeros(x.shape[1])
        knots, shares = _places(x, self.spans)
        knots += np.array(self._first, dtype=np.intp)[:, None]
        for term in _between(weights, knots, shares, 1):
            total += term
        if self.pairs:
            for term in self._surfaces(x, weights):
                total += term
        return total

    def data(self) -> dict[str, Any]:
        """As plain data; `read_basis` reads it."""
        spans = [span.data() for span in self.spans]
        return {"spans": spans, "pairs": [list(pair) for pair in self.pairs], "coarse": self.coarse}

    def _surfaces(self, x: Floats, weights: Floats) -> Floats:
        one, other = np.array(self.pairs, dtype=np.intp).T
        knots, shares = _places(x, self._coarse)
        widths = np.array([span.pieces + 1 for span in self._coarse], dtype=np.intp)[other][:, None]
        at = np.array(self._pair_first, dtype=np.intp)[:, None] + knots[one] * widths + knots[other]
        above = _between(weights, at, shares[other], 1)
        below = _between(weights, at + widths, shares[other], 1)
        below -= above
        below *= shares[one]
        above += below
        return above


def read_basis(data: dict[str, Any]) -> Basis:
    """The basis that `Basis.data` wrote; raises ValueError or TypeError for other data."""
    spans = [Span(float.fromhex(low), float.fromhex(high), n) for low, high, n in data["spans"]]
    pairs = [(int(one), int(other)) for one, other in data["pairs"]]
    return Basis(spans, pairs, coarse=data["coarse"])


def _touch(found: dict[int, float], at: int, step: int, height: float, share: float) -> None:
    if here := height * (1.0 - share):
        found[at] = here
    if there := height * share:
        found[at + step] = there


def _places(x: Floats, spans: Sequence[Span]) -> tuple[NDArray[np.intp], Floats]:
    """`Span.place` of every value."""
    low = np.array([span.low for span in spans])[:, None]
    scale = np.array([span.scale for span in spans])[:, None]
    pieces = np.array([float(span.pieces) for span in spans])[:, None]
    at = np.clip((x - low) * scale, 0.0, pieces)
    knots = np.minimum(at, pieces - 1.0).astype(np.intp)
    at -= knots
    return knots, at


def _between(weights: Floats, at: NDArray[np.intp], share: Floats, step: int) -> Floats:
    here = weights[at]
    there = weights[at + step]
    there -= here
    there *= share
    here += there
    return here
