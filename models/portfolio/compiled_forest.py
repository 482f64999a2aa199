"""Scores with the arrays of `tree_payload`: all trees and rows of a batch at once.

Every operation is elementwise in float64, sums run over inputs and trees in a fixed order, and
logarithms and exponentials are `math`'s: a row's bits depend on no neighbour and no batch size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.portfolio.arrays import unpack_floats, unpack_ints
from models.portfolio.compiled_inputs import InputScorer
from models.portfolio.imbalance import corrected
from models.portfolio.inputs import Floats

Places = NDArray[np.intp]
AT_ONCE = 512
"""Pairs of tree and row whose Gaussians are computed together: they fit a core's cache."""
STEEP = 700.0
"""Log-odds are held here before `math.exp`, which would overflow at 710."""


class CompiledForest(InputScorer):
    """An ensemble of Hoeffding trees. Build it with `compile_payload`."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(payload)
        self.roots = np.array(payload["roots"], dtype=np.intp)
        self.votes = unpack_floats(payload["votes"])
        nodes = payload["nodes"]
        self.input, self.leaf = unpack_ints(nodes["input"]), unpack_ints(nodes["leaf"])
        self.threshold = unpack_floats(nodes["threshold"])
        self.children = np.stack([unpack_ints(nodes["right"]), unpack_ints(nodes["left"])])
        self.depth = self._depth()
        self.leaves = Leaves(payload["leaves"], len(self.inputs.names))

    def score_inputs(self, x: Floats) -> list[float]:
        """The probability of fraud of each column."""
        count = x.shape[1]
        if not self.roots.size:
            return [corrected(0.0, self.keep)] * count
        at = np.tile(np.arange(count), self.roots.size)
        clean, fraud = self.leaves.probabilities(x, self._leaves_of(x, at), at)
        totals = np.zeros((2, count))
        for vote, *shares in zip(self.votes.tolist(), *self._by_tree(clean, fraud), strict=True):
            totals[0] += shares[0] * vote
            totals[1] += shares[1] * vote
        whole = totals[0] + totals[1]
        shares = np.divide(totals[1], whole, out=np.zeros(count), where=whole > 0)
        return [corrected(share, self.keep) for share in shares.tolist()]

    def _by_tree(self, *shares: Floats) -> list[Floats]:
        return [share.reshape(self.roots.size, -1) for share in shares]

    def _leaves_of(self, x: Floats, at: Places) -> Places:
        node = np.repeat(self.roots, x.shape[1])
        for _ in range(self.depth):
            left = x[self.input[node], at] <= self.threshold[node]
            node = self.children[left.view(np.int8), node]
        return self.leaf[node]

    def _depth(self) -> int:
        """Steps from a root to its farthest leaf; a child has a higher number than its parent."""
        depths = np.zeros(len(self.input), dtype=int)
        for at, (right, left) in enumerate(self.children.T.tolist()):
            if left != at:
                if not at < min(left, right):
                    raise ValueError(f"node {at}: expected later children, got {left}, {right}")
                depths[[left, right]] = depths[at] + 1
        return int(depths.max(initial=0))


class Leaves:
    """What the leaves answer: fixed votes, or naive Bayes over their Gaussians."""

    def __init__(self, data: Mapping[str, Any], inputs: int) -> None:
        bayes = unpack_ints(data["bayes"])
        count, width = len(bayes), data["width"]
        self.bayes = bayes.astype(bool)
        self.fixed = unpack_floats(data["fixed"]).reshape(2, count)
        self.prior = unpack_floats(data["prior"]).reshape(2, count)
        self.inputs = unpack_ints(data["inputs"]).reshape(count, width).T.copy()
        gaussians = unpack_floats(data["gaussians"]).reshape(2, count, width, 3)
        self.gaussians = gaussians.transpose(0, 3, 2, 1).copy()  # class, part, input, leaf
        every = np.arange(width)[:, None]
        self.all_watched = width == inputs and bool((self.inputs[:, self.bayes] == every).all())

    def probabilities(self, x: Floats, leaf: Places, at: Places) -> tuple[Floats, Floats]:
        """(clean, fraud) of each pair of a leaf and a column of `x`."""
        clean, fraud = self.fixed[0, leaf], self.fixed[1, leaf]
        asked = np.nonzero(self.bayes[leaf])[0]
        for first in range(0, len(asked), AT_ONCE):
            pairs = asked[first : first + AT_ONCE]
            clean[pairs], fraud[pairs] = self._bayes(x, leaf[pairs], at[pairs])
        return clean, fraud

    def _bayes(self, x: Floats, leaf: Places, at: Places) -> tuple[Floats, Floats]:
        seen = x[:, at] if self.all_watched else x[self.inputs[:, leaf], at]
        clean, fraud = (self._log_vote(label, seen, leaf) for label in (0, 1))
        odds = np.clip(clean - fraud, -STEEP, STEEP)
        against = np.array(list(map(math.exp, odds.tolist())))
        return against / (1.0 + against), 1.0 / (1.0 + against)

    def _log_vote(self, label: int, seen: Floats, leaf: Places) -> Floats:
        mean, divisor, constant = self.gaussians[label]
        terms = seen - mean.take(leaf, axis=1)
        terms *= terms
        with np.errstate(over="ignore"):
            terms /= divisor.take(leaf, axis=1)
        terms -= constant.take(leaf, axis=1)
        if terms.size and terms.min() == -math.inf:  # as River: an impossible value says nothing
            terms[terms == -math.inf] = 0.0
        vote: Floats = self.prior[label, leaf]
        for term in terms:
            vote += term
        return vote
