"""Line plots as inline SVG: a few elements each, no library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 720, 260, 56, 34, 28, 150
# Told apart by people who do not see all colours: Okabe and Ito's palette.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888")


class Line(NamedTuple):
    """A named line through (week, value) points, weeks ascending."""

    name: str
    points: Sequence[tuple[int, float]]


class _Scale(NamedTuple):
    first: int
    last: int
    low: float
    high: float

    def x(self, week: float) -> float:
        span = max(self.last - self.first, 1)
        return _LEFT + (week - self.first) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return _HEIGHT - _BOTTOM - (value - self.low) / span * (_HEIGHT - _TOP - _BOTTOM)


def plot(title: str, lines: Sequence[Line]) -> str:
    """An SVG of the lines over weeks; nothing where there is no line.

    >>> plot("AUC", [])
    ''
    """
    if not lines:
        return ""
    scale = _scale(lines)
    body = [_grid(scale), *(_draw(n, line, scale) for n, line in enumerate(lines))]
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' role='img' "
        f"font-family='sans-serif' font-size='12' fill='currentColor'>"
        f"<title>{escape(title)}</title><text x='{_LEFT}' y='18' font-size='14'>{escape(title)}"
        f"</text>{''.join(body)}</svg>"
    )


def _scale(lines: Sequence[Line]) -> _Scale:
    weeks = [week for line in lines for week, _ in line.points]
    values = [value for line in lines for _, value in line.points]
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return _Scale(min(weeks), max(weeks), low - margin, high + margin)


def _grid(scale: _Scale) -> str:
    marks = []
    for step in range(5):
        value = scale.low + (scale.high - scale.low) * step / 4
        y = scale.y(value)
        marks.append(
            f"<line x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}' "
            f"stroke='currentColor' stroke-opacity='.2'/>"
            f"<text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{value:.3g}</text>"
        )
    for week in range(scale.first, scale.last + 1, max((scale.last - scale.first) // 8, 1)):
        place = f"x='{scale.x(week):.1f}' y='{_HEIGHT - 8}' text-anchor='middle'"
        marks.append(f"<text {place}>{week}</text>")
    return "".join(marks)


def _draw(number: int, line: Line, scale: _Scale) -> str:
    colour, x, y = _COLOURS[number % len(_COLOURS)], _WIDTH - _RIGHT + 10, _TOP + 14 * number + 8
    points = " ".join(f"{scale.x(week):.1f},{scale.y(value):.1f}" for week, value in line.points)
    return (
        f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'/>"
        f"<text x='{x}' y='{y}' fill='{colour}'>{escape(line.name)}</text>"
    )
