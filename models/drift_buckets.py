"""Event-time buckets: a stream of values becomes one mean an hour, whatever order it came in."""

from __future__ import annotations

from typing import NamedTuple

HOUR_MS = 3_600_000
MICRO = 1_000_000


class Closed(NamedTuple):
    """One finished bucket: weighted mean of its values, how many there were, and the end of its
    time (ms, excluded)."""

    mean: float
    size: int
    end: int


class Buckets:
    """Hourly counts, weights and sums in millionths: integers merge exactly in any order.

    A bucket closes when an event lies `patience_ms` beyond its end. Buckets with fewer than `least`
    values are held and merged with the next. A value for a closed hour is counted, not used.

    >>> buckets = Buckets(least=1, patience_ms=0)
    >>> buckets.add(0, 0.25), buckets.add(1_000, 0.75), buckets.add(HOUR_MS, 0.1)
    ([], [], [Closed(mean=0.5, size=2, end=3600000)])
    """

    def __init__(self, least: int = 50, patience_ms: int = HOUR_MS) -> None:
        self.least = least
        self.patience_ms = patience_ms
        self.open: dict[int, tuple[int, int, int]] = {}
        self.held = (0, 0, 0)
        self.closed_below = 0
        self.late = 0

    def add(self, time: int, value: float, weight: float = 1.0) -> list[Closed]:
        """Count one value at an event time (ms); returns the buckets that this closed, in order.

        `weight` is how many values it stands for: those left out count in the mean.
        """
        hour = time // HOUR_MS
        if hour < self.closed_below:
            self.late += 1
            return []
        count, mass, total = self.open.get(hour, (0, 0, 0))
        mass, total = mass + round(weight * MICRO), total + round(value * weight * MICRO)
        self.open[hour] = (count + 1, mass, total)
        done = (time - self.patience_ms) // HOUR_MS
        return self._close(done) if done > self.closed_below else []

    def _close(self, below: int) -> list[Closed]:
        closed = []
        self.closed_below = below
        for hour in sorted(hour for hour in self.open if hour < below):
            count, mass, total = map(sum, zip(self.open.pop(hour), self.held, strict=True))
            self.held = (count, mass, total)
            if count >= self.least:
                closed.append(Closed(total / mass, count, (hour + 1) * HOUR_MS))
                self.held = (0, 0, 0)
        return closed

    def data(self) -> dict[str, list[list[int]]]:
        """The state as plain data."""
        return {
            "open": [[hour, *self.open[hour]] for hour in sorted(self.open)],
            "rest": [[*self.held, self.closed_below, self.late]],
        }

    def restore(self, data: dict[str, list[list[int]]]) -> None:
        """Go on where `data` left off."""
        self.open = {hour: (count, mass, total) for hour, count, mass, total in data["open"]}
        ((count, mass, total, self.closed_below, self.late),) = data["rest"]
        self.held = (count, mass, total)
