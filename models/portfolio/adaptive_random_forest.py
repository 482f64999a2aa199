"""The adaptive random forest (Gomes et al. 2017) on River."""

from __future__ import annotations

from typing import Any, ClassVar

from river import forest

from models.portfolio.hoeffding import HoeffdingEnsemble, bound_growth, bounded
from models.portfolio.settings import CHOSEN, Settings
from models.portfolio.tree_payload import forest_payload


class AdaptiveRandomForest(HoeffdingEnsemble):
    """Ten Hoeffding trees, each leaf watching a random subset of the inputs.

    >>> model = AdaptiveRandomForest(("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> model.score([12.5]) > 0.9
    True
    """

    name = "adaptive_random_forest"
    learned = (
        "data", "_rng", "_drift_detectors", "_warning_detectors", "_background", "_metrics",
        "splitter",  # new trees refer to it, so it must be theirs after a resume too
    )  # fmt: skip
    settings: ClassVar[Settings] = {
        "trees": 10, "tau": 0.05, "delta": 0.01, "grace_period": 200,
        **CHOSEN["adaptive_random_forest"],
    }  # fmt: skip

    def build(self) -> Any:
        """River's forest with its trees made: scoring an empty one would fix `max_features`."""
        of = self.of
        made: Any = forest.ARFClassifier(
            n_models=of["trees"],
            max_features=of["max_features"],
            grace_period=of["grace_period"],
            delta=of["delta"],
            tau=of["tau"],
            seed=self.seed,
            **bounded(),
        )
        made._init_ensemble(sorted(self.inputs.names))
        return made

    def teach(self, example: dict[Any, float], fraud: bool, weight: float) -> None:
        """Learn within the bound on leaves. River's forest takes no weights: it is shown an
        example of weight two twice."""
        bound_growth(self.model.data, self.max_leaves)
        bound_growth(filter(None, self.model._background), self.max_leaves)
        for _ in range(max(1, round(weight))):
            self.model.learn_one(example, fraud)

    def compiled(self) -> dict[str, Any]:
        """Tree arrays; a member's votes weigh its accuracy so far."""
        votes = [found if (found := one.get()) > 0.0 else 1.0 for one in self.model._metrics]
        return forest_payload(self, self.model.data, votes)
