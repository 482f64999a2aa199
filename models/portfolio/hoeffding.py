"""Trees of bounded memory, and how they are bounded: what the Hoeffding ensembles share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from river import tree

from models.portfolio.observers import GaussianObserver
from models.portfolio.river_model import RiverModel
from models.portfolio.settings import Settings

NEVER = 2**62
"""A period that is never reached: River's memory management is off."""


def bounded() -> dict[str, Any]:
    """Arguments of a River tree whose growth is ours to bound: River's own limit depends on
    `sys.getsizeof`, which differs after a resume."""
    return {
        "max_depth": 20, "splitter": GaussianObserver(), "max_size": float(NEVER),
        "memory_estimate_period": NEVER,
    }  # fmt: skip


def hoeffding_tree(of: Settings) -> Any:
    """A tree of an ensemble with these settings."""
    return tree.HoeffdingTreeClassifier(
        grace_period=of["grace_period"], delta=of["delta"], tau=of["tau"], **bounded()
    )


def bound_growth(trees: Iterable[Any], leaves: int) -> None:
    """Let trees split while they are below the bound; depth alone would not bound a tree."""
    for one in trees:
        one._growth_allowed = one._n_active_leaves + one._n_inactive_leaves < leaves


class HoeffdingEnsemble(RiverModel):
    """A River ensemble that keeps its trees in `data`."""

    def __init__(self, names: Sequence[str], seed: int, settings: Settings | None = None) -> None:
        super().__init__(names, seed, settings)
        self.max_leaves: int = self.of["max_leaves"]

    def teach(self, example: dict[Any, float], fraud: bool, weight: float) -> None:
        """Learn within the bound on leaves."""
        bound_growth(self.model.data, self.max_leaves)
        super().teach(example, fraud, weight)
