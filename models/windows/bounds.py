"""A feature's value within its bounds: the code for it, and what happens outside them."""

from __future__ import annotations

from models.windows.needs import Value
from models.windows.spec import Feature

Outliers = dict[str, int]
"""Feature name -> how many of its values were clipped or not a number."""

Row = list[float | None]


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


def bounded(feature: Feature, value: Value, to: str) -> list[str]:
    """Statements that put a feature's value, within its bounds, into the variable `to`.

    >>> feature = Feature(name="n", entity="card", aggregation="mean", column="x", high=9.0)
    >>> print(*bounded(feature, Value("w0 / c0", "c0"), "v1"), sep=chr(10))
    if c0:
        v1 = w0 / c0
        if not (0.0 <= v1 and v1 <= 9.0): v1 = clip('n', v1, 0.0, 9.0, outliers)
    else: v1 = None
    """
    low, high = repr(feature.low), repr(feature.high)
    lines = [
        f"{to} = {value.expression}",
        f"if not ({low} <= {to} and {to} <= {high}): "  # faster than a chain
        f"{to} = clip({feature.name!r}, {to}, {low}, {high}, outliers)",
    ]
    if not value.when:
        return lines
    return [f"if {value.when}:", *indented(lines), f"else: {to} = {feature.absent!r}"]


def indented(lines: list[str]) -> list[str]:
    """The lines, one level further in."""
    return ["    " + line for line in lines]


def tuple_of(names: list[str]) -> str:
    """A tuple's source.

    >>> tuple_of(["a"]), tuple_of([])
    ('(a,)', '()')
    """
    return f"({', '.join(names)}{',' if names else ''})"
