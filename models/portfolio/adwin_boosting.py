"""Online boosting with ADWIN (Oza and Russell 2001; Bifet et al. 2009) on River."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from river import ensemble

from models.portfolio.hoeffding import HoeffdingEnsemble, hoeffding_tree
from models.portfolio.settings import Settings
from models.portfolio.tree_payload import forest_payload


class AdwinBoosting(HoeffdingEnsemble):
    """Ten Hoeffding trees, each paying more attention to what those before it got wrong.

    >>> model = AdwinBoosting(("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> 0.0 < model.score([12.5]) < 1.0
    True
    """

    name = "adwin_boosting"
    learned = ("data", "_rng", "_drift_detectors", "wrong_weight", "correct_weight")
    settings: ClassVar[Settings] = {
        "trees": 10, "keep": 0.05, "max_leaves": 256, "grace_period": 100, "delta": 1e-3,
        "tau": 0.05,
    }  # fmt: skip

    def build(self) -> Any:
        """River's boosting over Hoeffding trees whose memory management is off."""
        of = self.of
        made: Any = ensemble.ADWINBoostingClassifier(
            model=hoeffding_tree(of), n_models=of["trees"], seed=self.seed
        )
        for weights in (made.wrong_weight, made.correct_weight):
            weights.update(dict.fromkeys(range(of["trees"]), 0))  # scoring would add them
        return made

    def compiled(self) -> dict[str, Any]:
        """Tree arrays; a member's vote is the logarithm of its odds of being right."""
        return forest_payload(
            self, self.model.data, [self._vote(at) for at in range(self.of["trees"])]
        )

    def _vote(self, at: int) -> float:
        wrong, right = self.model.wrong_weight[at], self.model.correct_weight[at]
        share = (wrong + 1e-16) / (right + wrong + 1e-16)
        if share == 0 or share > 0.5:
            return 1.0
        odds = (1 - share) / share
        return math.log(odds) if odds != 0 else 0.0
