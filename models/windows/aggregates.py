"""What an aggregation name means: each builds an expression over the variables of `Needs`.

They are read after the edges were moved to the transaction's time and before it is added, so a
window "including this one" is what is there plus the amount; `counted` is 1, or 0 for a reversal
or an advice, which belongs to no window. Where `when` is false there is no history to speak of.
"""

from __future__ import annotations

from models.windows.needs import Needs, Value
from models.windows.spec import MINOR_PER_MAJOR, SECOND_MS, Feature

HIGH = 3
"""How many times the median an amount is no longer usual: of amounts that spread by half of their
mean, a normal one in 30,000 lies beyond."""


def count(feature: Feature, needs: Needs) -> Value:
    """Events in the window, this one included unless the window is delayed."""
    if feature.delay_ms:
        near, far = needs.mark(feature.delay_ms), needs.mark(feature.span_ms)
        return Value(f"float({near} - {far})")
    return Value(f"float({needs.number(feature.span_ms)})")


def total(feature: Feature, needs: Needs) -> Value:
    """Sum of amounts in major units, this one included."""
    return Value(f"{needs.amounts(feature.window_ms).whole} / {MINOR_PER_MAJOR}")


def mean(feature: Feature, needs: Needs) -> Value:
    """Mean amount, this one included; None where the window is empty (a lone reversal)."""
    of = needs.amounts(feature.window_ms)
    return Value(f"{of.whole} / ({MINOR_PER_MAJOR} * {of.number})", of.number)


def ratio(feature: Feature, needs: Needs) -> Value:
    """Amount / mean of the window, this one included; None without an earlier amount."""
    of = needs.amounts(feature.window_ms)
    return Value(f"amount * {of.number} / {of.whole}", f"{of.earlier} and {of.whole}")


def trend(feature: Feature, needs: Needs) -> Value:
    """Mean of the short window / mean of the long one, this one included in both."""
    short, long = needs.amounts(feature.window_ms), needs.amounts(feature.against_ms)
    if feature.against_ms <= feature.window_ms:
        feature.refuse("against_ms above window_ms", feature.against_ms)
    return Value(
        f"{short.whole} * {long.number} / ({long.whole} * {short.number})",
        f"{long.earlier} and {long.whole} and {short.number}",
    )


def std(feature: Feature, needs: Needs) -> Value:
    """Sample standard deviation of the earlier amounts, major units; None below two."""
    of, deviation = needs.amounts(feature.window_ms), needs.deviation(feature.window_ms)
    return Value(f"{deviation} / {MINOR_PER_MAJOR}", f"{of.earlier} > 1")


def zscore(feature: Feature, needs: Needs) -> Value:
    """(amount - mean) / std, both of the earlier amounts; None where std is None or 0."""
    of, deviation = needs.amounts(feature.window_ms), needs.deviation(feature.window_ms)
    off = f"({of.earlier} * amount - {of.plain}) / {of.earlier}"
    return Value(f"{off} / {deviation}", needs.spread(feature.window_ms))


def maximum(feature: Feature, needs: Needs) -> Value:
    """Largest earlier amount, major units; None without one."""
    peak = needs.peak(feature.window_ms)
    return Value(f"{needs.book}amounts[{peak}] / {MINOR_PER_MAJOR}", f"{peak} >= 0")


def high_amounts(feature: Feature, needs: Needs) -> Value:
    """Earlier amounts of the window beyond `HIGH` times the median of those of the longer one.

    None without an earlier amount in the longer window.
    """
    if feature.against_ms < feature.window_ms:
        feature.refuse("against_ms of at least window_ms", feature.against_ms)
    book, peak = needs.book, needs.peak(feature.against_ms)
    bound = f"{HIGH} * {needs.median(feature.against_ms)}"
    found = f"above({book}amounts, {book}{needs.mark(feature.window_ms)}, {book}n, {bound})"
    return Value(  # nothing is to be counted where the largest is usual
        f"float({found}) if {book}amounts[{peak}] > {bound} else 0.0", f"{peak} >= 0"
    )


def distinct(feature: Feature, needs: Needs) -> Value:
    """Distinct other ids in the window, this one included."""
    return Value(f"float({needs.distinct(feature.window_ms)})")


def seen(feature: Feature, needs: Needs) -> Value:
    """1 where an earlier event had the same other id, else 0; None without earlier events."""
    mark, earlier = needs.mark(feature.window_ms), needs.earlier(feature.window_ms)
    return Value(f"1.0 if {needs.prior()} >= {mark} else 0.0", earlier)


def since_last(feature: Feature, needs: Needs) -> Value:
    """Seconds since the previous event; None without one in the window."""
    return Value(f"(time - times[-1]) / {SECOND_MS}", needs.earlier(feature.window_ms))
