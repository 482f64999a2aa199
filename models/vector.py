"""The full row: transaction features, then the card's, the terminal's, and declared attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import log1p
from typing import Any

from models.features import FEATURES, FeatureSet
from models.windows.bounds import Outliers, Row, bounded
from models.windows.needs import Value
from models.windows.source import RUNTIME, define
from models.windows.spec import DAY_MS, HOUR_MS, MINOR_PER_MAJOR, Feature

Values = Sequence[float | None]
Assemble = Callable[[Mapping[str, Any], Values, Values, Outliers | None], Row]

_AMOUNT = f"transaction['amount_minor'] / {MINOR_PER_MAJOR}"
_HOUR = f"transaction['event_time'] // {HOUR_MS} % 24"
_WEEKDAY = f"(transaction['event_time'] // {DAY_MS} + 3) % 7"  # 1970-01-01 was a Thursday
OF_TRANSACTION = {
    "amount": _AMOUNT,
    "log_amount": f"log1p({_AMOUNT})",
    "weekend": f"1.0 if {_WEEKDAY} >= 5 else 0.0",
    "night": f"1.0 if {_HOUR} <= 6 else 0.0",
    "hour": f"float({_HOUR})",
}
"""Aggregation of a transaction's own feature -> its expression; times are UTC."""


def assemble(
    transaction: Mapping[str, Any],
    card_features: Values,
    terminal_features: Values,
    features: FeatureSet = FEATURES,
    outliers: Outliers | None = None,
) -> Row:
    """The row in the order of ``features.names``.

    >>> event = {"event_time": 0, "amount_minor": 1250}
    >>> empty = [None] * len(FEATURES.card_names), [None] * len(FEATURES.terminal_names)
    >>> assemble(event, *empty)[2:5]
    [0.0, 1.0, 0.0]
    """
    make = _of_default if features is FEATURES else _compiled(features)
    return make(transaction, card_features, terminal_features, outliers)


@lru_cache(maxsize=64)
def _compiled(features: FeatureSet) -> Assemble:
    """The function of a feature set, made once, like those of :mod:`models.windows.source`.

    ```python
    def assemble(transaction, card, terminal, outliers):
        v0 = transaction['amount_minor'] / 100
        if not (0.0 <= v0 and v0 <= 1e10): v0 = clip('amount', v0, 0.0, 1e10, outliers)
        attributes = transaction.get('attributes') or {}
        a0 = attributes.get('device_score')
        if a0 is not None:
            a0 = a0
            if not (-1e12 <= a0 and a0 <= 1e12): a0 = clip(...)
        else: a0 = None
        return [v0, *card, *terminal, a0]
    ```
    """
    own, declared = features.of("transaction"), features.of("attribute")
    lines = [
        line
        for at, feature in enumerate(own)
        for line in bounded(feature, _of_transaction(feature), f"v{at}")
    ]
    if declared:
        lines.append("attributes = transaction.get('attributes') or {}")
    for at, feature in enumerate(declared):
        lines.append(f"a{at} = attributes.get({feature.column!r})")
        lines += bounded(feature, Value(f"a{at}", f"a{at} is not None"), f"a{at}")
    names = [f"v{at}" for at in range(len(own))] + ["*card", "*terminal"]
    names += [f"a{at}" for at in range(len(declared))]
    lines.append(f"return [{', '.join(names)}]")
    head = "transaction, card, terminal, outliers"
    made: Assemble = define("assemble", head, lines, RUNTIME | {"log1p": log1p})
    return made


def _of_transaction(feature: Feature) -> Value:
    if feature.aggregation not in OF_TRANSACTION:
        feature.refuse(f"one of {', '.join(OF_TRANSACTION)}", feature.aggregation)
    return Value(OF_TRANSACTION[feature.aggregation])


_of_default = _compiled(FEATURES)
