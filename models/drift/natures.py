"""What of a subject's definition bears on its drift, read from the feature specifications."""

from __future__ import annotations

import math
from typing import NamedTuple

from models.features import FEATURES, Feature
from models.windows.spec import DAY_MS

MIX = ("channel", "country", "currency", "entry_mode", "mcc_group")
"""Words of a transaction whose mix is watched; a merchant category's group is its first two digits.
"""
_NEW_EACH_TIME = {"zscore", "amount_ratio"}
"""The present amount against the window's: it differs from one to the next whatever the window, and
hardly knows how many there were in it."""


class Nature(NamedTuple):
    """How a subject moves by itself.

    slow_days: over so many days its values depend on one another.
    reach_days: so far back it looks, delay included.
    volume_driven: it counts, sums, or is surer of a mean, with more transactions.
    words: its values have no order.
    """

    slow_days: float = 0.0
    reach_days: int = 0
    volume_driven: bool = False
    words: bool = False


def nature(subject: str) -> Nature:
    """The nature of a subject; an amount or an attribute has no window.

    >>> nature("card_count_7d").slow_days, nature("amount") == Nature()
    (7.0, True)
    """
    return _NATURES.get(subject, Nature())


def _of(feature: Feature) -> Nature:
    days = feature.span_ms / DAY_MS
    fresh = feature.aggregation in _NEW_EACH_TIME
    return Nature(0.0 if fresh else days, math.ceil(days), feature.span_ms > 0 and not fresh)


_LONGEST = max(math.ceil(feature.span_ms / DAY_MS) for feature in FEATURES.features)
_NATURES = {
    **{feature.name: _of(feature) for feature in FEATURES.features},
    **{word: Nature(words=True) for word in MIX},
    "score": Nature(0.0, _LONGEST, volume_driven=True),  # made of all features
}
