"""When a rule fires too often to go on acting, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RatePolicy:
    """When a rule fires too often to go on acting.

    window_hours: what is looked at. Six hours hold more than a burst of one attack.
    reference_hours: what it is compared with, just before; a week holds every weekday once.
    floor: least share of the window's transactions. Two in a hundred doubles an analysts' queue.
    factor: least multiple of the usual share. Five is beyond any season's peak.
    least: transactions that the window needs in a partition, and the reference twice as many.
    cards: firings that the window needs, a card once an hour.
    most: cards told apart a rule and hour; every further firing counts.
    """

    window_hours: int = 6
    reference_hours: int = 168
    floor: float = 0.02
    factor: float = 5.0
    least: int = 500
    cards: int = 20
    most: int = 1_000
