"""Bar charts as inline SVG, in the look of the replay's plots."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 720, 220, 72, 34, 28, 20
_COLOUR = "#0072b2"
_MARKS = 8


def bars(title: str, found: Sequence[tuple[str, int]]) -> str:
    """An SVG of (label, count) bars in their order; nothing where there is none.

    >>> bars("Amounts", [])
    ''
    >>> bars("Amounts", [("1", 5), ("2", 3)]).count("<rect")
    2
    """
    if not found:
        return ""
    most = max(1, *(number for _, number in found))
    body = [_grid(most), *_bars(found, most), *_labels([label for label, _ in found])]
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' role='img' "
        f"font-family='sans-serif' font-size='12' fill='currentColor'>"
        f"<title>{escape(title)}</title><text x='{_LEFT}' y='18' font-size='14'>{escape(title)}"
        f"</text>{''.join(body)}</svg>"
    )


def _step(many: int) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / many


def _tall(number: int, most: int) -> float:
    return number / most * (_HEIGHT - _TOP - _BOTTOM)


def _bars(found: Sequence[tuple[str, int]], most: int) -> list[str]:
    step = _step(len(found))
    return [
        f"<rect x='{_LEFT + at * step:.1f}' y='{_HEIGHT - _BOTTOM - _tall(number, most):.1f}' "
        f"width='{max(step * 0.85, 0.5):.1f}' height='{_tall(number, most):.1f}' fill='{_COLOUR}'>"
        f"<title>{escape(label)}: {number:,}</title></rect>"
        for at, (label, number) in enumerate(found)
    ]


def _grid(most: int) -> str:
    marks = []
    for step in range(3):
        y = _HEIGHT - _BOTTOM - _tall(step, 2)
        marks.append(
            f"<line x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}' "
            f"stroke='currentColor' stroke-opacity='.2'/>"
            f"<text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{most * step / 2:,.0f}</text>"
        )
    return "".join(marks)


def _labels(labels: Sequence[str]) -> list[str]:
    every, step = ceil(len(labels) / _MARKS), _step(len(labels))
    return [
        f"<text x='{_LEFT + (at + 0.42) * step:.1f}' y='{_HEIGHT - 8}' text-anchor='middle'>"
        f"{escape(labels[at])}</text>"
        for at in range(0, len(labels), every)
    ]
