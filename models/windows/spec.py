"""One feature as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from models.windows.errors import FeatureSpecError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

LATENESS_MS = 2 * DAY_MS
FUTURE_MS = 5 * 60_000  # how far ahead of its arrival an event time is believed
"""Allowed lateness L: an event at most this much older than its key's newest is exact."""

MINOR_PER_MAJOR = 100
"""Amount features are minor units / 100, whatever the currency's own exponent."""

Entity = Literal["transaction", "card", "terminal", "attribute"]
ENTITIES: tuple[Entity, ...] = ("transaction", "card", "terminal", "attribute")

COUNT_LIMIT = 1e6  # an entity with more events in a window is beyond what the models were shown
RUN_LIMIT = 100.0  # events that a run of frauds is followed back
AMOUNT_LIMIT = 1e10  # 10_000_000_000.00: validation calls larger amounts absurd


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature of the vector.

    Its window is ``(t - delay_ms - window_ms, t - delay_ms]``, t being the transaction's own
    event time. A value outside ``[low, high]`` is clipped and counted; NaN becomes None and is
    counted. ``absent`` stands where there is no history to speak of: None (missing, the default)
    or a number, where a published definition names one. What an aggregation computes, and which
    ``column`` it reads, is in :mod:`models.windows.aggregates`.

    >>> Feature(name="n", entity="card", aggregation="count", column="transaction_id",
    ...         window_ms=DAY_MS).span_ms
    86400000

    Raises :class:`~models.windows.errors.FeatureSpecError`.
    """

    name: str
    entity: Entity
    aggregation: str
    column: str
    window_ms: int = 0
    delay_ms: int = 0
    against_ms: int = 0  # `trend`: the longer window, whose mean divides the shorter one's
    prior: float = 0.0  # `smoothed_risk`: the rate assumed before any evidence
    strength: float = 0.0  # `smoothed_risk`: how many transactions that assumption weighs
    absent: float | None = None
    low: float = 0.0
    high: float = COUNT_LIMIT
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.entity not in ENTITIES:
            self.refuse(f"an entity of {', '.join(ENTITIES)}", self.entity)
        if min(self.window_ms, self.delay_ms, self.against_ms) < 0:
            self.refuse("windows and delays of at least 0 ms", self.canonical())
        if not self.low <= self.high:
            self.refuse("low <= high", (self.low, self.high))

    def refuse(self, expected: str, came: object) -> None:
        """Raise the :class:`~models.windows.errors.FeatureSpecError` that names this feature."""
        raise FeatureSpecError(f"feature {self.name!r}", expected=expected, came=came)

    @property
    def span_ms(self) -> int:
        """How far back from ``t`` the feature looks, in ms."""
        return self.delay_ms + max(self.window_ms, self.against_ms)

    def canonical(self) -> dict[str, object]:
        """Everything that changes a value; the prose does not."""
        spec = asdict(self)
        del spec["meaning"]
        return spec
