"""What an aggregation name means: each builds a function of (log, book, amount, counted).

They run after the edges were moved to the transaction's time and before it is added, so a window
"including this one" is what is there plus the amount; `counted` is 1, or 0 for a reversal or an
advice, which belongs to no window. `log` holds all events, `book` those in its own currency.
None means: no history.
"""

from __future__ import annotations

from math import sqrt

from models.windows.log import EventLog
from models.windows.needs import Compute, Needs
from models.windows.series import Series
from models.windows.spec import MINOR_PER_MAJOR, SECOND_MS, Feature


def count(feature: Feature, needs: Needs) -> Compute:
    """Events in the window, this one included unless the window is delayed."""
    far = needs.cuts(feature.span_ms)
    if feature.delay_ms:
        near = needs.cuts(feature.delay_ms)
        return lambda log, _b, _x, _k: float(log.series.marks[near] - log.series.marks[far])
    return lambda log, _b, _x, k: float(log.series.size - log.series.marks[far] + k)


def total(feature: Feature, needs: Needs) -> Compute:
    """Sum of amounts in major units, this one included."""
    far = needs.cuts(feature.window_ms)

    def compute(_log: EventLog, book: Series, amount: int, counted: int) -> float | None:
        sums = book.sums
        return (sums[-1] - sums[book.marks[far]] + amount * counted) / MINOR_PER_MAJOR

    return compute


def mean(feature: Feature, needs: Needs) -> Compute:
    """Mean amount, this one included; None where the window is empty (a lone reversal)."""
    far = needs.cuts(feature.window_ms)

    def compute(_log: EventLog, book: Series, amount: int, counted: int) -> float | None:
        mark = book.marks[far]
        number = book.size - mark + counted
        if not number:
            return None
        sums = book.sums
        return (sums[-1] - sums[mark] + amount * counted) / (MINOR_PER_MAJOR * number)

    return compute


def ratio(feature: Feature, needs: Needs) -> Compute:
    """Amount / mean of the window, this one included; None without an earlier amount."""
    far = needs.cuts(feature.window_ms)

    def compute(_log: EventLog, book: Series, amount: int, counted: int) -> float | None:
        mark = book.marks[far]
        earlier = book.size - mark
        whole = book.sums[-1] - book.sums[mark] + amount * counted
        return amount * (earlier + counted) / whole if earlier and whole else None

    return compute


def trend(feature: Feature, needs: Needs) -> Compute:
    """Mean of the short window / mean of the long one, this one included in both."""
    short, long = needs.cuts(feature.window_ms), needs.cuts(feature.against_ms)
    if feature.against_ms <= feature.window_ms:
        feature.refuse("against_ms above window_ms", feature.against_ms)

    def compute(_log: EventLog, book: Series, amount: int, counted: int) -> float | None:
        sums, size = book.sums, book.size
        near, far = book.marks[short], book.marks[long]
        own = amount * counted
        whole, part = sums[-1] - sums[far] + own, sums[-1] - sums[near] + own
        number = size - near + counted
        if far == size or not whole or not number:
            return None
        return part * (size - far + counted) / (whole * number)

    return compute


def std(feature: Feature, needs: Needs) -> Compute:
    """Sample standard deviation of the earlier amounts, major units; None below two."""
    far = needs.cuts(feature.window_ms)

    def compute(_log: EventLog, book: Series, _amount: int, _counted: int) -> float | None:
        mark = book.marks[far]
        number = book.size - mark
        if number < 2:
            return None
        plain = book.sums[-1] - book.sums[mark]
        spread = number * (book.squares[-1] - book.squares[mark]) - plain * plain
        return sqrt(spread / (number * (number - 1))) / MINOR_PER_MAJOR

    return compute


def zscore(feature: Feature, needs: Needs) -> Compute:
    """(amount - mean) / std, both of the earlier amounts; None where std is None or 0."""
    far = needs.cuts(feature.window_ms)

    def compute(_log: EventLog, book: Series, amount: int, _counted: int) -> float | None:
        mark = book.marks[far]
        number = book.size - mark
        plain = book.sums[-1] - book.sums[mark]
        spread = number * (book.squares[-1] - book.squares[mark]) - plain * plain
        if number < 2 or not spread:
            return None
        return (number * amount - plain) / number / sqrt(spread / (number * (number - 1)))

    return compute


def maximum(feature: Feature, needs: Needs) -> Compute:
    """Largest earlier amount, major units; None without one."""
    at = needs.peaks(needs.cuts(feature.window_ms))

    def compute(_log: EventLog, book: Series, _amount: int, _counted: int) -> float | None:
        peak = book.peaks[at][1]
        return book.amounts[peak[0]] / MINOR_PER_MAJOR if peak else None

    return compute


def distinct(feature: Feature, needs: Needs) -> Compute:
    """Distinct other ids in the window, this one included."""
    far = needs.cuts(feature.window_ms)
    at = needs.distincts(far)
    needs.others = True

    def compute(log: EventLog, _book: Series, _amount: int, counted: int) -> float | None:
        new = counted if log.prior < log.series.marks[far] else 0
        return float(log.distincts[at] + new)

    return compute


def seen(feature: Feature, needs: Needs) -> Compute:
    """1 where an earlier event had the same other id, else 0; None without earlier events."""
    far = needs.cuts(feature.window_ms)
    needs.others = True

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        mark = log.series.marks[far]
        if mark == log.series.size:
            return None
        return 1.0 if log.prior >= mark else 0.0

    return compute


def since_last(feature: Feature, needs: Needs) -> Compute:
    """Seconds since the previous event; None without one in the window."""
    far = needs.cuts(feature.window_ms)

    def compute(log: EventLog, _book: Series, _amount: int, _counted: int) -> float | None:
        series = log.series
        if series.marks[far] == series.size:
            return None
        return (log.clock - series.times[-1]) / SECOND_MS

    return compute
