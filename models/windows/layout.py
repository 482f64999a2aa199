"""What a compiled plan needs to be kept beside the events: window edges and what lies within them.

```text
 times     3  5  5  9 12 14        mark of a cut = how many events lie at or before t - cut
                ^     ^            window (t - a, t]   : events mark(a) .. end
            mark(a)  mark(b)       window (t - a, t - b]: events mark(a) .. mark(b)
```

Edges move forward while events come in order, each past each event once: O(1) amortised. The sum
of a window is a running integer, hence exact: what enters is added, what the edge passes is
subtracted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass

from models.windows.columns import OTHER_BYTES

Edges = tuple[int, ...]
"""Marks, then sums, squares, peaks and distincts, each group in the order of its slots."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which edges there are, and which windows keep what. Slots are indices of `cuts`."""

    cuts: tuple[int, ...]  # distances of the edges from t, ms
    sums: tuple[int, ...]  # slots whose window keeps the sum of its amounts
    squares: tuple[int, ...]  # the sum of their squares
    peaks: tuple[int, ...]  # the index of the newest of its largest amounts, -1 for none
    distincts: tuple[int, ...]  # the number of distinct others
    keeps_others: bool  # whether each event's other id is kept
    horizon_ms: int  # what is at or before the newest event minus this is gone

    def nothing(self, size: int) -> Edges:
        """Edges that have passed all of `size` events: every window is empty.

        >>> Layout((60, 3600), (1,), (), (0,), (), False, 3600).nothing(5)
        (5, 5, 0, -1)
        """
        totals = (0,) * (len(self.sums) + len(self.squares))
        return (
            *(size,) * len(self.cuts), *totals,
            *(-1,) * len(self.peaks), *(0,) * len(self.distincts),
        )  # fmt: skip

    def shifted(self, edges: Edges, gone: int) -> Edges:
        """The edges once the oldest `gone` events, behind all of them, are removed."""
        marks = len(self.cuts)
        first = marks + len(self.sums) + len(self.squares)
        last = first + len(self.peaks)
        return tuple(
            value - gone if at < marks or first <= at < last else value
            for at, value in enumerate(edges)
        )


def highest(amounts: array[int], first: int, end: int) -> int:
    """Index of the newest of the largest amounts from `first` to `end`, exclusive; -1 for none.

    >>> highest(array("I", [9, 5, 7, 7, 1]), 1, 5)
    3
    """
    if first == end:
        return -1
    backwards = amounts[first:end][::-1]
    return end - 1 - backwards.index(max(backwards))


def median(amounts: array[int], first: int, end: int) -> float:
    """The median of the amounts from `first` to `end`, exclusive; 0.0 for none.

    They are sorted each time: of some sixty amounts that is two microseconds, and needs no state.

    >>> median(array("I", [9, 5, 7, 8, 1]), 1, 5)
    6.0
    """
    if first == end:
        return 0.0
    held, middle = amounts[first:end].tolist(), (end - first) // 2
    held.sort()
    return float(held[middle]) if (end - first) % 2 else (held[middle - 1] + held[middle]) / 2


def above(amounts: array[int], first: int, end: int, bound: float) -> int:
    """How many of the amounts from `first` to `end`, exclusive, are above the bound.

    >>> above(array("I", [9, 5, 7, 8, 1]), 1, 5, 6.0)
    2
    """
    return sum([amount > bound for amount in amounts[first:end]])


def is_last(others: bytearray, index: int) -> bool:
    """Whether no later event has the other id of this one."""
    at = index * OTHER_BYTES
    other = others[at : at + OTHER_BYTES]
    at = others.find(other, at + OTHER_BYTES)
    while at >= 0 and at % OTHER_BYTES:  # a match that straddles two ids is none
        at = others.find(other, at + 1)
    return at < 0


def last_of(others: bytearray, other: bytes) -> int:
    """Index of the newest event with this other id; -1 for none."""
    at = others.rfind(other)
    while at >= 0 and at % OTHER_BYTES:
        at = others.rfind(other, 0, at + OTHER_BYTES - 1)
    return at // OTHER_BYTES


def count_distinct(others: bytearray, first: int, end: int) -> int:
    """How many different other ids the events `first` to `end`, exclusive, have."""
    return len(set(array("Q", bytes(others[first * OTHER_BYTES : end * OTHER_BYTES]))))


def moved_back(
    layout: Layout,
    edges: Edges,
    columns: tuple[array[int], array[int], bytearray],
    clock: int,
    size: int,
) -> Edges:
    """The edges at an earlier `clock`, over the first `size` events of (times, amounts, others).

    What an edge passes on its way back counts again, what follows `size` no longer.
    """
    times, amounts, others = columns
    marks = [bisect_right(times, clock - cut) for cut in layout.cuts]
    moved, held = [*marks], edges[len(marks) :]
    for slots, measure in ((layout.sums, sum), (layout.squares, _sum_of_squares)):
        newer = measure(amounts[size:])
        for was, slot in zip(held, slots, strict=False):
            moved.append(was + measure(amounts[marks[slot] : edges[slot]]) - newer)
        held = held[len(slots) :]
    moved += [highest(amounts, marks[slot], size) for slot in layout.peaks]
    moved += [count_distinct(others, marks[slot], size) for slot in layout.distincts]
    return tuple(moved)


def _sum_of_squares(amounts: array[int]) -> int:
    return sum(amount * amount for amount in amounts)
