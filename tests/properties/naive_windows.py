"""Every aggregation counted again from the whole history, with no cleverness: the reference."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from statistics import median
from typing import Any

from models.windows.spec import DAY_MS, Feature

OTHER = {"card": "terminal_id", "terminal": "card_id"}


class Naive:
    """All transactions ever counted at one key, and all outcomes heard of."""

    def __init__(self, features: tuple[Feature, ...]):
        self.features = features
        self.events: list[dict[str, Any]] = []
        self.outcomes: list[dict[str, Any]] = []

    def row(self, event: dict[str, Any]) -> list[float | None]:
        """The features of an event, which is then counted if it is a request."""
        kind = event["message_type"]
        counted = kind[1] in "12" and kind[2] == "0"
        row = [self.value(f, event, counted) for f in self.features]
        if counted:
            self.events.append(event)
        return row

    def value(self, feature: Feature, event: dict[str, Any], counted: bool) -> float | None:
        value = getattr(self, feature.aggregation)(feature, event, counted)
        if value is None:
            return feature.absent
        return float(min(max(value, feature.low), feature.high))

    def earlier(
        self, event: dict[str, Any], window: int, delay: int = 0, currency: str | None = None
    ) -> list[dict[str, Any]]:
        """What arrived before and lies in the window, in time order, ties by arrival."""
        t = event["event_time"]
        return sorted(
            (
                e
                for e in self.events
                if t - delay - window < e["event_time"] <= t - delay
                and currency in (None, e["currency"])
            ),
            key=lambda e: e["event_time"],
        )

    def amounts(self, event: dict[str, Any], window: int) -> list[int]:
        chosen = self.earlier(event, window, 0, event["currency"])
        return [e["amount_minor"] for e in chosen]

    def frauds(self, event: dict[str, Any], window: int, delay: int = 0) -> list[dict[str, Any]]:
        newest: dict[str, dict[str, Any]] = {}
        for o in sorted(
            self.outcomes, key=lambda o: (o["observed_at"], o["outcome_id"], o["label"] == "FRAUD")
        ):
            newest[o["transaction_id"]] = o
        t = event["event_time"]
        return sorted(
            (
                o
                for o in newest.values()
                if o["label"] == "FRAUD" and t - delay - window < o["event_time"] <= t - delay
            ),
            key=lambda o: o["event_time"],
        )

    def count(self, f, e, k):
        return len(self.earlier(e, f.window_ms, f.delay_ms)) + (k if not f.delay_ms else 0)

    def sum(self, f, e, k):
        return Fraction(sum(self.amounts(e, f.window_ms)) + k * e["amount_minor"], 100)

    def mean(self, f, e, k, window=None):
        amounts = self.amounts(e, window or f.window_ms) + [e["amount_minor"]] * k
        return Fraction(sum(amounts), 100 * len(amounts)) if amounts else None

    def ratio(self, f, e, k):
        mean = self.mean(f, e, k)
        if not self.amounts(e, f.window_ms) or not mean:
            return None
        return Fraction(e["amount_minor"], 100) / mean

    def trend(self, f, e, k):
        short, long = self.mean(f, e, k), self.mean(f, e, k, f.against_ms)
        if not self.amounts(e, f.against_ms) or short is None or not long:
            return None
        return short / long

    def variance(self, amounts):
        mean = Fraction(sum(amounts), len(amounts))
        return sum((a - mean) ** 2 for a in amounts) / (len(amounts) - 1)

    def std(self, f, e, _k):
        amounts = self.amounts(e, f.window_ms)
        return sqrt(self.variance(amounts)) / 100 if len(amounts) > 1 else None

    def zscore(self, f, e, k):
        amounts = self.amounts(e, f.window_ms)
        if not self.std(f, e, k):
            return None
        off = e["amount_minor"] - Fraction(sum(amounts), len(amounts))
        return float(off) / sqrt(self.variance(amounts))

    def max(self, f, e, _k):
        amounts = self.amounts(e, f.window_ms)
        return Fraction(max(amounts), 100) if amounts else None

    def high_amounts(self, f, e, _k):
        usual = self.amounts(e, f.against_ms)
        return sum(x > 3 * median(usual) for x in self.amounts(e, f.window_ms)) if usual else None

    def others(self, f, e):
        return {x[f.column] for x in self.earlier(e, f.window_ms)}

    def distinct(self, f, e, k):
        return len(self.others(f, e) | ({e[f.column]} if k else set()))

    def seen(self, f, e, _k):
        others = self.others(f, e)
        return e[f.column] in others if others else None

    def since_last(self, f, e, _k):
        before = self.earlier(e, f.window_ms)
        return Fraction(e["event_time"] - before[-1]["event_time"], 1000) if before else None

    def known_frauds(self, f, e, _k):
        return len(self.frauds(e, f.window_ms, f.delay_ms))

    def risk(self, f, e, _k):
        number = len(self.earlier(e, f.window_ms, f.delay_ms))
        frauds = self.known_frauds(f, e, _k)
        return (frauds + f.prior * f.strength) / (number + f.strength) if number else None

    smoothed_risk = risk_known = risk

    def days_since_last_fraud(self, f, e, _k):
        frauds = self.frauds(e, f.window_ms)
        return Fraction(e["event_time"] - frauds[-1]["event_time"], DAY_MS) if frauds else None

    def days_since_first_fraud(self, f, e, _k):
        frauds = self.frauds(e, f.window_ms)
        return Fraction(e["event_time"] - frauds[0]["event_time"], DAY_MS) if frauds else None

    def run(self, f, e):
        """The transactions of the run of frauds, newest first; None without a transaction."""
        before = self.earlier(e, f.window_ms, f.delay_ms)
        known = [o["event_time"] for o in self.frauds(e, 10**15)]
        run = []
        for time in sorted({x["event_time"] for x in before}, reverse=True):
            here = [x for x in before if x["event_time"] == time]
            if known.count(time) < len(here):
                break
            run += here
        return run if before else None

    def fraud_run(self, f, e, _k):
        run = self.run(f, e)
        return None if run is None else len(run)

    def fraud_run_days(self, f, e, _k):
        run = self.run(f, e)
        return Fraction(e["event_time"] - run[-1]["event_time"], DAY_MS) if run else None

    def fraud_amounts(self, f, e):
        times = {o["event_time"] for o in self.frauds(e, f.window_ms, f.delay_ms)}
        before = self.earlier(e, f.window_ms, f.delay_ms, e["currency"])
        return [x["amount_minor"] for x in before if x["event_time"] in times]

    def fraud_amount_min(self, f, e, _k):
        amounts = self.fraud_amounts(f, e)
        return Fraction(min(amounts), 100) if amounts else None

    def fraud_amount_mean(self, f, e, _k):
        amounts = self.fraud_amounts(f, e)
        return Fraction(sum(amounts), 100 * len(amounts)) if amounts else None
