"""Aggregations over a terminal's known frauds: sets by id, so a verdict never counts twice.

The divisor of a risk is all transactions of the window, not the labelled ones: frauds are labelled
earlier than the rest, so frauds / labelled would be far too high. A terminal has few known frauds;
their sorted times are searched, O(log frauds).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from models.windows.needs import Needs, Value
from models.windows.spec import DAY_MS, Feature


def known_frauds(feature: Feature, needs: Needs) -> Value:
    """Frauds of the window, as known now."""
    begin, end = needs.known(feature.span_ms, feature.delay_ms)
    return Value(f"float({end} - {begin})")


def risk(feature: Feature, needs: Needs) -> Value:
    """Known frauds / earlier transactions of the window, smoothed by `strength` transactions of
    rate `prior`; None where there are none.
    """
    far, near = needs.mark(feature.span_ms), "n"
    if feature.delay_ms:
        near = needs.mark(feature.delay_ms)
    begin, end = needs.known(feature.span_ms, feature.delay_ms)
    prior, strength = feature.prior * feature.strength, feature.strength
    return Value(
        f"({end} - {begin} + {prior!r}) / ({near} - {far} + {strength!r})", f"{near} != {far}"
    )


def since_last_fraud(feature: Feature, needs: Needs) -> Value:
    """Days since the newest known fraud; None without one in the window."""
    begin, end = needs.known(feature.window_ms)
    return Value(f"(time - frauds[{end} - 1]) / {DAY_MS}", f"{end} != {begin}")


def since_first_fraud(feature: Feature, needs: Needs) -> Value:
    """Days since the oldest known fraud of the window; None without one."""
    begin, end = needs.known(feature.window_ms)
    return Value(f"(time - frauds[{begin}]) / {DAY_MS}", f"{end} != {begin}")


def fraud_run(feature: Feature, needs: Needs) -> Value:
    """How many of the window's newest transactions are known frauds without a break.

    Transactions of equal time count when all of them are. None without a transaction; followed
    back no further than `high`.
    """
    far, near = needs.mark(feature.span_ms), "n"
    if feature.delay_ms:
        near = needs.mark(feature.delay_ms)
    needs.known(feature.span_ms)  # reads `frauds`
    return Value(
        f"run_of_frauds(times, frauds, {far}, {near}, {feature.high!r}) if frauds else 0.0",
        f"{near} != {far}",
    )


def run_of_frauds(times: array[int], frauds: list[int], first: int, end: int, high: float) -> float:
    """How many of the events before `end`, back to `first`, are frauds without a break.

    >>> run_of_frauds(array("q", [1, 2, 3]), [2, 3], 0, 3, 100.0)
    2.0
    """
    run = 0
    while end > first and run < high:
        time = times[end - 1]
        start = bisect_left(times, time, first, end)
        known = bisect_right(frauds, time) - bisect_left(frauds, time)
        if known < end - start:
            break
        run, end = run + end - start, start
    return float(run)
