"""Models with other seeds, to be replayed beside the first: what chance alone changes.

`fraud replay WORLD --protocol handbook --models
splines,tests.bench.learner_seeds:splines_1,tests.bench.learner_seeds:splines_2 --json`, from the
project's root.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.portfolio import PORTFOLIO
from models.replay_models import Published


def splines_1(names: Sequence[str], seed: int) -> Published:
    """The splines with the seed after the replay's own."""
    return Published(PORTFOLIO["splines"](names, seed + 1))


def splines_2(names: Sequence[str], seed: int) -> Published:
    """And with the one after that."""
    return Published(PORTFOLIO["splines"](names, seed + 2))
