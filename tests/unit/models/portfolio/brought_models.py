"""What a user's module may look like: functions of features' names and a seed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from river import (
    compose,
    drift,
    ensemble,
    forest,
    linear_model,
    naive_bayes,
    neighbors,
    optim,
    preprocessing,
    tree,
)  # fmt: skip

from models.portfolio.brought import Brought


def scaled_logistic(_names: Sequence[str], _seed: int) -> Any:
    scaled = preprocessing.StandardScaler()
    return scaled | linear_model.LogisticRegression(optimizer=optim.Adam(0.01))


def scaled_mondrian(_names: Sequence[str], seed: int) -> Any:
    forest_ = forest.AMFClassifier(n_estimators=3, max_nodes=101, seed=seed)
    return preprocessing.MinMaxScaler() | forest_


def windowed(_names: Sequence[str], _seed: int) -> Any:
    both = preprocessing.StandardScaler(window_size=100) + compose.Select("value:log_amount")
    return both | preprocessing.RobustScaler() | naive_bayes.GaussianNB()


def adwin_bagging(_names: Sequence[str], seed: int) -> Any:
    return ensemble.ADWINBaggingClassifier(tree.HoeffdingTreeClassifier(), 3, seed)


def adwin_boosting(_names: Sequence[str], seed: int) -> Any:
    return ensemble.ADWINBoostingClassifier(naive_bayes.GaussianNB(), 2, seed)


def leveraging_bagging(_names: Sequence[str], seed: int) -> Any:
    one = tree.HoeffdingTreeClassifier(grace_period=50)
    return ensemble.LeveragingBaggingClassifier(one, 3, seed=seed)


def patches(_names: Sequence[str], seed: int) -> Any:
    detector = drift.ADWIN(delta=0.01)
    return ensemble.SRPClassifier(n_models=2, drift_detector=detector, seed=seed)


def neighbours(_names: Sequence[str], _seed: int) -> Any:
    return neighbors.KNNClassifier(engine=neighbors.LazySearch(window_size=100))


def own_class(_names: Sequence[str], _seed: int) -> Any:
    return Own()


def unseeded(_names: Sequence[str], _seed: int) -> Any:
    return ensemble.BaggingClassifier(naive_bayes.GaussianNB())


def with_function(_names: Sequence[str], _seed: int) -> Any:
    return compose.FuncTransformer(halved) | naive_bayes.GaussianNB()


def halved(x: dict[str, float]) -> dict[str, float]:
    return {name: value / 2 for name, value in x.items()}


def more_negatives(names: Sequence[str], seed: int) -> Any:
    build = partial(scaled_logistic, names, seed)
    return Brought("brought_models:more_negatives", build, names, seed, {"keep": 0.5})


def for_a_replay(_names: Sequence[str], _seed: int) -> Any:
    return Alone()


class Alone:
    """Learns and scores: enough for `fraud replay`."""

    name = "alone"

    def learn(self, *_: Any) -> None: ...

    def score(self, _: Any) -> float:
        return 0.5


class Own(naive_bayes.GaussianNB):
    """Not River's: a scorer would have to import it."""
