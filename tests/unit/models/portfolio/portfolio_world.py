"""A small world for the portfolio's tests: six features, a signal, and everything that is odd."""

import hashlib
import math
import random
from collections.abc import Iterator

from models.portfolio import PORTFOLIO, factory
from models.portfolio.interface import OnlineModel

NAMES = (
    "amount", "log_amount", "card_amount_ratio_30d", "card_max_30d", "terminal_risk_7d",
    "attribute_signal",
)  # fmt: skip
BROUGHT = (
    "river.naive_bayes:GaussianNB",
    "river.tree:HoeffdingTreeClassifier",
    "river.tree:ExtremelyFastDecisionTreeClassifier",
    "river.forest:AMFClassifier",
    "river.linear_model:ALMAClassifier",
    "river.linear_model:PAClassifier",
    "brought_models:scaled_logistic",
    "brought_models:scaled_mondrian",
    "brought_models:windowed",
    "brought_models:adwin_bagging",
    "brought_models:adwin_boosting",
    "brought_models:leveraging_bagging",
    "brought_models:patches",
    "brought_models:neighbours",
)
"""Classifiers of River that somebody brings, by name."""
BLIND = (*BROUGHT[:2], "brought_models:adwin_boosting")
"""Those that cannot tell fraud here: to River's naive Bayes an input that never varies among the
legitimate (the terminal's risk) says fraud of everybody, and a tree splits later."""
Row = list[float | None]
Outcome = tuple[Row, bool, float]
ODD: list[float | None] = [None, math.nan, 0.0, -0.0, 1e12, -1e12, 1e-12]


def row(rng: random.Random, fraud: bool, oddity: float = 0.05) -> Row:
    amount = rng.lognormvariate(4.5 if fraud else 3.0, 0.7)
    risk = rng.random() if fraud and rng.random() < 0.5 else 0.0
    values: Row = [
        amount, math.log1p(amount), rng.lognormvariate(1.5 * fraud, 0.5), rng.lognormvariate(4, 1),
        risk, rng.gauss(0.0, 1.0),
    ]  # fmt: skip
    return [rng.choice(ODD) if rng.random() < oddity else value for value in values]


def outcomes(count: int, seed: int = 1, oddity: float = 0.05) -> Iterator[Outcome]:
    rng = random.Random(seed)
    for _ in range(count):
        fraud = rng.random() < 0.1
        yield row(rng, fraud, oddity), fraud, rng.choice([1.0, 1.0, 1.0, 20.0])


def rows(count: int, seed: int = 2) -> list[Row]:
    rng = random.Random(seed)
    return [row(rng, rng.random() < 0.3, oddity=0.2) for _ in range(count)]


def made(name: str, seed: int = 7, names: tuple[str, ...] = NAMES) -> OnlineModel:
    return (factory(name) if ":" in name else PORTFOLIO[name])(names, seed)


def teach(model: OnlineModel, learned: Iterator[Outcome]) -> OnlineModel:
    for values, fraud, weight in learned:
        model.learn(values, fraud, weight)
    return model


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
