"""The full row: transaction features, then the card's, the terminal's, and declared attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import log1p
from typing import Any

from models.features import FEATURES, FeatureSet
from models.windows.plan import Outliers, clip
from models.windows.spec import DAY_MS, HOUR_MS, MINOR_PER_MAJOR, Feature

Value = Callable[[Mapping[str, Any]], float | None]


def weekend(event_time: int) -> float:
    """1 on Saturday and Sunday, UTC; the first of January 1970 was a Thursday.

    >>> weekend(1_522_540_800_000)  # 2018-04-01, a Sunday
    1.0
    """
    return 1.0 if (event_time // DAY_MS + 3) % 7 >= 5 else 0.0


def hour(event_time: int) -> int:
    """The UTC hour of the day, 0 to 23."""
    return event_time // HOUR_MS % 24


OF_TRANSACTION: dict[str, Value] = {
    "amount": lambda t: t["amount_minor"] / MINOR_PER_MAJOR,
    "log_amount": lambda t: log1p(t["amount_minor"] / MINOR_PER_MAJOR),
    "weekend": lambda t: weekend(t["event_time"]),
    "night": lambda t: 1.0 if hour(t["event_time"]) <= 6 else 0.0,
    "hour": lambda t: float(hour(t["event_time"])),
}


def assemble(
    transaction: Mapping[str, Any],
    card_features: Sequence[float | None],
    terminal_features: Sequence[float | None],
    features: FeatureSet = FEATURES,
    outliers: Outliers | None = None,
) -> list[float | None]:
    """The row in the order of ``features.names``.

    >>> event = {"event_time": 0, "amount_minor": 1250}
    >>> empty = [None] * len(FEATURES.card_names), [None] * len(FEATURES.terminal_names)
    >>> assemble(event, *empty)[2:5]
    [0.0, 1.0, 0.0]
    """
    front, back = _steps(features)
    row = _values(front, transaction, outliers)
    row += card_features
    row += terminal_features
    if back:
        row += _values(back, transaction, outliers)
    return row


Step = tuple[Value, float, float, Feature]


def _values(
    steps: Sequence[Step], transaction: Mapping[str, Any], outliers: Outliers | None
) -> list[float | None]:
    row: list[float | None] = []
    for read, low, high, feature in steps:
        value = read(transaction)
        if value is None:
            value = feature.absent
        elif not low <= value <= high:
            value = clip(feature.name, value, low, high, outliers)
        row.append(value)
    return row


@lru_cache(maxsize=64)
def _steps(features: FeatureSet) -> tuple[list[Step], list[Step]]:
    front = [(_of_transaction(f), f.low, f.high, f) for f in features.of("transaction")]
    back = [(_of_attribute(f), f.low, f.high, f) for f in features.of("attribute")]
    return front, back


def _of_transaction(feature: Feature) -> Value:
    if feature.aggregation not in OF_TRANSACTION:
        feature.refuse(f"one of {', '.join(OF_TRANSACTION)}", feature.aggregation)
    return OF_TRANSACTION[feature.aggregation]


def _of_attribute(feature: Feature) -> Value:
    name = feature.column

    def read(transaction: Mapping[str, Any]) -> float | None:
        attributes: Mapping[str, float | None] | None = transaction.get("attributes")
        return attributes.get(name) if attributes else None

    return read
