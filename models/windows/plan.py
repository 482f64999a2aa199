"""A feature set compiled once for one entity: what to keep, and the functions to run in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from models.features import FeatureSet
from models.windows import aggregates, fraud_aggregates
from models.windows.columns import Event
from models.windows.log import EventLog
from models.windows.needs import Compute, Needs
from models.windows.series import Layout, Series
from models.windows.spec import Entity, Feature

Build = Callable[[Feature, Needs], Compute]
Outliers = dict[str, int]
"""Feature name -> how many of its values were clipped or not a number."""

AMOUNT = "amount_minor"
OTHER = {"card": "terminal_id", "terminal": "card_id"}
WINDOWED: dict[str, tuple[str, Build]] = {
    "count": ("transaction_id", aggregates.count),
    "sum": (AMOUNT, aggregates.total),
    "mean": (AMOUNT, aggregates.mean),
    "ratio": (AMOUNT, aggregates.ratio),
    "trend": (AMOUNT, aggregates.trend),
    "std": (AMOUNT, aggregates.std),
    "zscore": (AMOUNT, aggregates.zscore),
    "max": (AMOUNT, aggregates.maximum),
    "distinct": ("other", aggregates.distinct),
    "seen": ("other", aggregates.seen),
    "since_last": ("event_time", aggregates.since_last),
    "known_frauds": ("label", fraud_aggregates.known_frauds),
    "risk": ("label", fraud_aggregates.risk),
    "smoothed_risk": ("label", fraud_aggregates.risk),
    "risk_known": ("label", fraud_aggregates.risk),
    "days_since_last_fraud": ("label", fraud_aggregates.since_last_fraud),
    "days_since_first_fraud": ("label", fraud_aggregates.since_first_fraud),
    "fraud_run": ("label", fraud_aggregates.fraud_run),
}
DELAYED = {"count", "known_frauds", "risk", "smoothed_risk", "fraud_run"}


def clip(
    name: str, value: float, low: float, high: float, outliers: Outliers | None
) -> float | None:
    """The nearest value within the bounds, None for NaN; counted under `name`.

    >>> counts = {}
    >>> clip("amount", 12.0, 0.0, 10.0, counts), counts
    (10.0, {'amount': 1})
    """
    if outliers is not None:
        outliers[name] = outliers.get(name, 0) + 1
    return min(max(value, low), high) if value == value else None  # noqa: PLR0124  NaN alone differs


class Plan:
    """The compiled features of one windowed entity."""

    def __init__(self, features: FeatureSet, entity: Entity):
        needs = Needs()
        self.entity = entity
        self.steps = [
            (_build(f)(f, needs), f.absent, f.low, f.high, f.name) for f in features.of(entity)
        ]
        cuts = (*needs.cuts.values, features.horizon_ms(entity))
        self.layout = Layout(
            cuts, tuple(needs.peaks.values), tuple(needs.distincts.values), needs.others
        )

    def row(
        self, log: EventLog, book: Series, amount: int, counted: int, outliers: Outliers | None
    ) -> list[float | None]:
        """The features of one event at which `log` and `book` stand."""
        row: list[float | None] = []
        for compute, absent, low, high, name in self.steps:
            value = compute(log, book, amount, counted)
            if value is None:
                value = absent
            elif not low <= value <= high:
                value = clip(name, value, low, high, outliers)
            row.append(value)
        return row

    def run(
        self, log: EventLog, event: Event, counted: int, outliers: Outliers | None
    ) -> list[float | None]:
        """Score one event as of its own time, then add it to the log if it counts."""
        if event[0] >= log.clock:
            return self._run_in_order(log, event, counted, outliers)
        if log.rewinds(event[0], event[2]):
            newer = log.rewind(event[0])
            row = self._run_in_order(log, event, counted, outliers)
            log.replay(newer)
            return row
        row = self._run_in_order(log.before(event[0]), event, counted, outliers)
        if counted:
            log.insert(event)
        return row

    def _run_in_order(
        self, log: EventLog, event: Event, counted: int, outliers: Outliers | None
    ) -> list[float | None]:
        time, amount, currency, other = event
        log.advance(time, other)
        row = self.row(log, log.book(currency), amount, counted, outliers)
        if counted:
            log.append(event)
        return row


@lru_cache(maxsize=64)
def plan_for(features: FeatureSet, entity: Entity) -> Plan:
    """The plan of a feature set, compiled once."""
    return Plan(features, entity)


def _build(feature: Feature) -> Build:
    if feature.aggregation not in WINDOWED:
        feature.refuse(f"an aggregation of {', '.join(sorted(WINDOWED))}", feature.aggregation)
    column, build = WINDOWED[feature.aggregation]
    if column == "label" and feature.entity != "terminal":
        feature.refuse("the entity 'terminal', which alone hears of outcomes", feature.entity)
    column = OTHER[feature.entity] if column == "other" else column
    if feature.column != column:
        feature.refuse(f"the column {column!r} for {feature.aggregation!r}", feature.column)
    if feature.window_ms <= 0:
        feature.refuse("window_ms above 0", feature.window_ms)
    if feature.delay_ms and feature.aggregation not in DELAYED:
        feature.refuse(f"delay_ms 0 for {feature.aggregation!r}", feature.delay_ms)
    return build
