"""When each record is due: by a schedule from the start, so that delays never add up."""

import time
from collections.abc import Callable

_EARLY_S = 0.0005  # closer than that, waiting costs more than it gains


class Pacer:
    """Holds a stream to `rate` transactions a second or to `speedup` times its own time.

    With neither, nothing is held. After a stall the stream catches up. `clock` is in seconds;
    `wait` may return early.

    >>> now = [0.0]
    >>> pacer = Pacer(rate=2, clock=lambda: now[0], wait=lambda s: now.__setitem__(0, now[0] + s))
    >>> for sent in range(4): pacer.hold(sent, at=0)
    >>> now
    [1.5]
    """

    def __init__(
        self,
        *,
        rate: float | None = None,
        speedup: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        if rate is not None and speedup is not None:
            raise ValueError("expected rate or speedup, got both")
        for name, value in (("rate", rate), ("speedup", speedup)):
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name}: expected a positive number, got {value}")
        self._rate, self._speedup = rate, speedup
        self._clock, self._wait = clock, wait
        self._start: tuple[float, int, int] | None = None

    @property
    def paced(self) -> bool:
        """Return whether there is a schedule."""
        return self._rate is not None or self._speedup is not None

    def hold(self, sent: int, at: int) -> None:
        """Wait until the next record is due: `sent` transactions before it, arrived `at` ms."""
        if not self.paced:
            return
        due = self._due(sent, at)
        while (left := due - self._clock()) > _EARLY_S:
            self._wait(left)

    def _due(self, sent: int, at: int) -> float:
        if self._start is None:
            self._start = (self._clock(), sent, at)
        start, first_sent, first_at = self._start
        if self._rate is not None:
            return start + (sent - first_sent) / self._rate
        return start + (at - first_at) / 1_000 / (self._speedup or 1.0)
