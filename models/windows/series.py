"""One run of events in time order, and how far each window's edge has come.

```text
 times     3  5  5  9 12 14        marks[cut] = how many events lie at or before t - cut
                ^     ^            window (t - a, t]   : events marks[a] .. end
           marks[a]   marks[b]     window (t - a, t - b]: events marks[a] .. marks[b]
 sums   0  .  .  .  .  .  S        sum of a window = difference of two cumulative sums
```

Edges only move forward while events come in order, so an event costs O(1) amortised.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import mul


@dataclass(frozen=True, slots=True)
class Layout:
    """What a compiled plan needs to be kept: edges, and which of them serve what."""

    cuts: tuple[int, ...]  # distances of the edges from t, ms; the last is the horizon
    peaks: tuple[int, ...]  # slots of `cuts` whose window keeps a running maximum
    distincts: tuple[int, ...]  # slots of `cuts` whose window counts distinct others
    keeps_others: bool  # whether each event's other id is kept

    @property
    def horizon_ms(self) -> int:
        """What is at or before the newest event minus this is gone."""
        return self.cuts[-1]


class Series:
    """Times and amounts in time order, cumulative integer sums, window edges.

    `sums[i]` and `squares[i]` are totals of the first i amounts; integers, hence exact.
    """

    __slots__ = ("amounts", "layout", "marks", "peaks", "size", "squares", "sums", "times")

    def __init__(self, layout: Layout, times: Iterable[int] = (), amounts: Iterable[int] = ()):
        self.layout = layout
        self.times = array("q", times)
        self.amounts = array("q", amounts)
        self.size = len(self.times)
        plain = self.amounts.tolist()
        self.sums = list(accumulate(plain, initial=0))
        self.squares = list(accumulate(map(mul, plain, plain), initial=0))
        self.marks = [0] * len(layout.cuts)
        self.peaks: list[tuple[int, deque[int]]] = [(slot, deque()) for slot in layout.peaks]

    def seek(self, clock: int) -> None:
        """Put every edge where it belongs at `clock`, from nothing."""
        times = self.times
        self.marks = [bisect_right(times, clock - cut) for cut in self.layout.cuts]
        for slot, peak in self.peaks:
            peak.clear()
            peak.extendleft(self._falling(self.marks[slot]))

    def truncate(self, size: int) -> None:
        """Keep the oldest `size` events; `seek` must follow."""
        del self.times[size:], self.amounts[size:], self.sums[size + 1 :], self.squares[size + 1 :]
        self.size = size

    def advance(self, clock: int) -> None:
        """Move the edges forward to `clock`, which is never before an earlier one."""
        times, size, marks = self.times, self.size, self.marks
        for slot, cut in enumerate(self.layout.cuts):
            mark = marks[slot]
            if mark < size and times[mark] <= clock - cut:
                marks[slot] = _passed(times, mark, size, clock - cut)
        for slot, peak in self.peaks:
            while peak and peak[0] < marks[slot]:
                peak.popleft()

    def append(self, time: int, amount: int) -> None:
        """Add the newest event; the edges are at `time` already."""
        self.times.append(time)
        self.amounts.append(amount)
        self.sums.append(self.sums[-1] + amount)
        self.squares.append(self.squares[-1] + amount * amount)
        for _, peak in self.peaks:
            self._push(peak, self.size)
        self.size += 1

    def _falling(self, mark: int) -> Iterator[int]:
        """From the newest back, the events above all that follow them: what `_push` keeps."""
        highest = -1
        for back, amount in enumerate(reversed(self.amounts[mark:]), 1):
            if amount > highest:
                highest = amount
                yield self.size - back

    def _push(self, peak: deque[int], index: int) -> None:
        """Keep `peak` a chain of falling amounts, so that its first is the maximum."""
        amounts = self.amounts
        amount = amounts[index]
        while peak and amounts[peak[-1]] <= amount:
            peak.pop()
        peak.append(index)


def _passed(times: array[int], mark: int, size: int, limit: int) -> int:
    while mark < size and times[mark] <= limit:
        mark += 1
    return mark
