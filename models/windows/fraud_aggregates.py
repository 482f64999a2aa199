"""Aggregations over a terminal's known frauds: sets by id, so a verdict never counts twice.

The divisor of a risk is all transactions of the window, not the labelled ones: frauds are labelled
earlier than the rest, so frauds / labelled would be far too high. A terminal has few known frauds;
their sorted times are searched, O(log frauds).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from models.windows.needs import Needs, Value
from models.windows.spec import DAY_MS, MINOR_PER_MAJOR, RUN_LIMIT, Feature


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
    back no further than `RUN_LIMIT`.
    """
    run, far, near = _run(feature, needs)
    return Value(f"float({run})", f"{near} != {far}")


def fraud_run_days(feature: Feature, needs: Needs) -> Value:
    """Days since the oldest transaction of that run; None where the newest is no known fraud."""
    run, _, near = _run(feature, needs)
    return Value(f"(time - times[{near} - {run}]) / {DAY_MS}", run)


def smallest_fraud(feature: Feature, needs: Needs) -> Value:
    """The smallest amount of the window's known frauds, major units; None without one.

    In the transaction's own currency. Of transactions of equal time, one of which is a fraud, all
    count.
    """
    found = _amounts(feature, needs)
    return Value(f"{found}[0] / {MINOR_PER_MAJOR}", f"{found}[2]")


def mean_fraud(feature: Feature, needs: Needs) -> Value:
    """The mean amount of the same frauds."""
    found = _amounts(feature, needs)
    return Value(f"{found}[1] / ({MINOR_PER_MAJOR} * {found}[2])", f"{found}[2]")


def _amounts(feature: Feature, needs: Needs) -> str:
    """A name for what `fraud_amounts` finds in the window."""
    begin, end = needs.known(feature.span_ms, feature.delay_ms)
    book = needs.book
    found = f"fraud_amounts({book}times, {book}amounts, frauds[{begin}:{end}])"
    return needs.share(f"of_{begin}_{end}", f"{found} if {end} > {begin} else (0, 0, 0)")


def _run(feature: Feature, needs: Needs) -> tuple[str, str, str]:
    """Names of the length of the run, and of where its window begins and ends."""
    far, near = needs.mark(feature.span_ms), "n"
    if feature.delay_ms:
        near = needs.mark(feature.delay_ms)
    needs.known(feature.span_ms)  # reads `frauds`
    run = f"run_of_frauds(times, frauds, {far}, {near}) if frauds else 0"
    return needs.share(f"run_{far}_{near}", run), far, near


def run_of_frauds(times: array[int], frauds: list[int], first: int, end: int) -> int:
    """How many of the events before `end`, back to `first`, are frauds without a break.

    Followed back no further than `RUN_LIMIT`.

    >>> run_of_frauds(array("q", [1, 2, 3]), [2, 3], 0, 3)
    2
    """
    run = 0
    while end > first and run < RUN_LIMIT:
        time = times[end - 1]
        start = bisect_left(times, time, first, end)
        known = bisect_right(frauds, time) - bisect_left(frauds, time)
        if known < end - start:
            break
        run, end = run + end - start, start
    return run


def fraud_amounts(
    times: array[int], amounts: array[int], frauds: list[int]
) -> tuple[int, int, int]:
    """The least, the sum and the number of the amounts at the times of frauds, minor units.

    >>> fraud_amounts(array("q", [1, 2, 3]), array("q", [10, 20, 30]), [2, 3, 3, 4])
    (20, 50, 2)
    """
    found: list[int] = []
    for time in dict.fromkeys(frauds):
        start = bisect_left(times, time)
        found += amounts[start : bisect_right(times, time, start)]
    return min(found, default=0), sum(found), len(found)
