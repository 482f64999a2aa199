"""What was chosen for each model: the best of `valid.json`, and a test says so.

The table is made by `tests/bench/choose_settings.py` on the Handbook's VALID folds alone. The best
has the highest sum of AUC ROC, average precision and card precision at 100.
A model that the table lacks has the settings of an earlier trial on the same folds (ADR 0004).
"""

from __future__ import annotations

from typing import Any

Settings = dict[str, Any]

CHOSEN: dict[str, Settings] = {
    "splines": {"keep": 0.5, "rate": 0.3, "coarse": 1, "average": 0.988},
    "leveraging_bagging": {"keep": 0.05, "max_leaves": 256, "grace_period": 200, "delta": 1e-7},
    "adaptive_random_forest": {"keep": 0.05, "max_leaves": 256, "max_features": "sqrt"},
    "blend": {"members": ["splines", "leveraging_bagging"], "keep": 0.05, "rate": 0.002},
}
"""keep: the share of negatives that is learned, of those that weights leave to chance. rate: of the
stochastic gradient. coarse: how many knots of one input make one of a pair. average: what remains
of an average's past after 500 outcomes, 0 for none. max_leaves: at which a
tree stops splitting and goes on counting, the bound of its memory."""
