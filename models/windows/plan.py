"""A feature set compiled once for one entity: what to keep, and the function that folds an event.

Events in order, in the log's one currency, are the generated code's own; this is where the others
(late ones, other currencies, the first one) are made ready for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from models.features import FeatureSet
from models.windows import aggregates, fraud_aggregates
from models.windows.bounds import Outliers, Row
from models.windows.columns import Event
from models.windows.log import EventLog
from models.windows.needs import Needs, Value
from models.windows.source import RUNTIME, define, run_lines
from models.windows.spec import Entity, Feature

Build = Callable[[Feature, Needs], Value]
Run = Callable[[EventLog, Event, int, Outliers | None], Row]
RunMixed = Callable[[EventLog, EventLog, Event, int, Outliers | None], Row]

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
    "high_amounts": (AMOUNT, aggregates.high_amounts),
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
    "fraud_run_days": ("label", fraud_aggregates.fraud_run_days),
    "fraud_amount_min": ("label", fraud_aggregates.smallest_fraud),
    "fraud_amount_mean": ("label", fraud_aggregates.mean_fraud),
}
DELAYED = {
    "count", "known_frauds", "risk", "smoothed_risk", "fraud_run", "fraud_run_days",
    "fraud_amount_min", "fraud_amount_mean",
}  # fmt: skip


class Plan:
    """The compiled features of one windowed entity.

    `run(log, event, counted, outliers)` scores one event as of its own time, then adds it to the
    log if it counts (`counted` is 1 or 0).
    """

    def __init__(self, features: FeatureSet, entity: Entity):
        declared, horizon = features.of(entity), features.horizon_ms(entity)
        needs, needs_of_book = Needs(), Needs("b")
        values = [(f, _build(f)(f, needs)) for f in declared]
        values_of_book = [(f, _build(f)(f, needs_of_book)) for f in declared]
        self.layout = needs.layout(horizon)
        scope = RUNTIME | {"out_of_turn": self._out_of_turn}
        head = "event, counted, outliers"
        lines = run_lines(needs, self.layout, values)
        self.run: Run = define("run", f"log, {head}", lines, scope)
        lines = run_lines(needs_of_book, self.layout, values_of_book)
        self._run_mixed: RunMixed = define("run_mixed", f"log, book, {head}", lines, scope)

    def _out_of_turn(
        self, log: EventLog, event: Event, counted: int, outliers: Outliers | None
    ) -> Row:
        time, _, currency, _ = event
        if time < log.clock:
            return self._run_late(log, event, counted, outliers)
        if log.times:
            return self._run_in_book(log, event, counted, outliers)
        log.currency = currency
        row = self.run(log, event, counted, outliers)
        if not counted:
            log.currency = None
        return row

    def _run_late(
        self, log: EventLog, event: Event, counted: int, outliers: Outliers | None
    ) -> Row:
        if not log.rewinds(event[0], event[2]):
            row = self.run(log.before(event[0]), event, counted, outliers)
            if counted:
                log.insert(event)
            return row
        newer = log.rewind(event[0])
        row = self.run(log, event, counted, outliers)
        for one in newer:
            self.run(log, one, 1, None)
        return row

    def _run_in_book(
        self, log: EventLog, event: Event, counted: int, outliers: Outliers | None
    ) -> Row:
        """Score against the events of the event's own currency, of a log with several."""
        book = log.book(event[2])
        row = self._run_mixed(log, book, event, counted, outliers)
        if counted:
            log.enter(event[2], book)
        if len(log.times) > log.compact_at:
            log.compact()
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
