"""Leveraging bagging of Hoeffding trees (Bifet, Holmes and Pfahringer 2010) on River."""

from __future__ import annotations

from typing import Any, ClassVar

from river import drift, ensemble
from river.utils.random import poisson

from models.portfolio.hoeffding import HoeffdingEnsemble, hoeffding_tree
from models.portfolio.settings import CHOSEN, Settings
from models.portfolio.tree_payload import forest_payload


class WeightedLeveraging(ensemble.LeveragingBaggingClassifier):
    """River's leveraging bagging, each member shown an example once with weight k.

    River shows it k times with weight 1, at k times the cost: the two are not the same model, and
    were not compared. ADWIN and the replacement of the worst member are as River's.
    """

    def learn_one(self, x: Any, y: Any, **kwargs: Any) -> None:
        """Learn one example with k ~ Poisson(self.w) times its weight `w` in each member."""
        changed, weight = False, kwargs.get("w", 1.0)
        members: list[tuple[Any, Any]] = [*zip(self.data, self._drift_detectors, strict=True)]
        for member, detector in members:
            k = poisson(self.w, self._rng)
            if k:
                member.learn_one(x, y, w=weight * k)
            error = detector.estimation
            detector.update(int(member.predict_one(x) != y))
            changed |= detector.drift_detected and detector.estimation > error
        if changed:
            self._replace_worst()

    def _replace_worst(self) -> None:
        self.n_detected_changes += 1
        worst = max(range(self.n_models), key=lambda at: self._drift_detectors[at].estimation)
        self.data[worst] = self.model.clone()
        adwin: Any = drift.ADWIN  # untyped
        self._drift_detectors[worst] = adwin(delta=self.adwin_delta)


class LeveragingBagging(HoeffdingEnsemble):
    """Ten Hoeffding trees with naive-Bayes-adaptive leaves.

    >>> model = LeveragingBagging(("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> model.score([12.5]) > 0.9
    True
    """

    name = "leveraging_bagging"
    learned = ("data", "_rng", "_drift_detectors", "n_detected_changes")
    settings: ClassVar[Settings] = {"trees": 10, "tau": 0.05, **CHOSEN["leveraging_bagging"]}

    def build(self) -> Any:
        """River's ensemble over Hoeffding trees whose memory management is off."""
        return WeightedLeveraging(
            model=hoeffding_tree(self.of), n_models=self.of["trees"], seed=self.seed
        )

    def compiled(self) -> dict[str, Any]:
        """Tree arrays; every member has one vote."""
        return forest_payload(self, self.model.data, [1.0] * self.of["trees"])
