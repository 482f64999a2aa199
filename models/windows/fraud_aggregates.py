"""Aggregations over a terminal's known frauds: sets by id, so a verdict never counts twice.

The divisor of a risk is all transactions of the window, not the labelled ones: frauds are labelled
earlier than the rest, so frauds / labelled would be far too high. A terminal has few known frauds;
their sorted times are searched, O(log frauds).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from models.windows.log import EventLog
from models.windows.needs import Compute, Needs
from models.windows.series import Series
from models.windows.spec import DAY_MS, Feature


def frauds_between(log: EventLog, far: int, near: int) -> int:
    """Known frauds with event time in ``(t - far, t - near]``."""
    frauds, clock = log.frauds, log.clock
    if not frauds:
        return 0
    return bisect_right(frauds, clock - near) - bisect_right(frauds, clock - far)


def known_frauds(feature: Feature, _needs: Needs) -> Compute:
    """Frauds of the window, as known now."""
    far, near = feature.span_ms, feature.delay_ms
    return lambda log, _b, _x, _k: float(frauds_between(log, far, near))


def risk(feature: Feature, needs: Needs) -> Compute:
    """Known frauds / earlier transactions of the window, smoothed by `strength` transactions of
    rate `prior`; None where there are none.
    """
    far, near = needs.cuts(feature.span_ms), needs.cuts(feature.delay_ms)
    prior, strength = feature.prior * feature.strength, feature.strength

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        marks = log.series.marks
        number = (marks[near] if feature.delay_ms else log.series.size) - marks[far]
        if not number:
            return None
        return (frauds_between(log, feature.span_ms, feature.delay_ms) + prior) / (
            number + strength
        )

    return compute


def since_last_fraud(feature: Feature, _needs: Needs) -> Compute:
    """Days since the newest known fraud; None without one in the window."""
    window = feature.window_ms

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        if not frauds_between(log, window, 0):
            return None
        newest = log.frauds[bisect_right(log.frauds, log.clock) - 1]
        return (log.clock - newest) / DAY_MS

    return compute


def since_first_fraud(feature: Feature, _needs: Needs) -> Compute:
    """Days since the oldest known fraud of the window; None without one."""
    window = feature.window_ms

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        if not frauds_between(log, window, 0):
            return None
        oldest = log.frauds[bisect_right(log.frauds, log.clock - window)]
        return (log.clock - oldest) / DAY_MS

    return compute


def fraud_run(feature: Feature, needs: Needs) -> Compute:
    """How many of the window's newest transactions are known frauds without a break.

    Transactions of equal time count when all of them are. None without a transaction; followed
    back no further than `high`.
    """
    far, near = needs.cuts(feature.span_ms), needs.cuts(feature.delay_ms)

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        first, end = log.series.marks[far], log.series.marks[near]
        if not feature.delay_ms:
            end = log.series.size
        if first == end:
            return None
        run = 0
        while log.frauds and end > first and run < feature.high:
            time = log.series.times[end - 1]
            start = bisect_left(log.series.times, time, first, end)
            known = bisect_right(log.frauds, time) - bisect_left(log.frauds, time)
            if known < end - start:
                break
            run, end = run + end - start, start
        return float(run)

    return compute
