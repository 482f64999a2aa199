"""Up to where a publication was delivered, whatever order the broker's reports come in."""

from collections import deque
from collections.abc import Callable

from producers.source import START, Position

_SECTION = 256  # records; what an interruption repeats at most beyond the undelivered


class _Section:
    """A stretch of the stream: its receipt counts what was delivered."""

    __slots__ = ("delivered", "sent", "start")

    def __init__(self, start: Position) -> None:
        self.start, self.sent, self.delivered = start, 0, 0

    def receipt(self) -> None:
        self.delivered += 1

    @property
    def complete(self) -> bool:
        return self.delivered >= self.sent


class Track:
    """The position up to which everything was delivered, whatever order reports come in.

    >>> track = Track()
    >>> receipt = track.receipt()
    >>> track.sent(Position(1, 0))
    >>> track.delivered, receipt(), track.delivered
    (Position(transactions=0, labels=0), None, Position(transactions=1, labels=0))
    """

    def __init__(self, start: Position = START) -> None:
        self.position = start
        self._sections: deque[_Section] = deque([_Section(start)])

    def receipt(self) -> Callable[[], None]:
        """Return what is to be called when the next record is delivered."""
        if self._sections[-1].sent >= _SECTION:
            self._sections.append(_Section(self.position))
        return self._sections[-1].receipt

    def sent(self, after: Position) -> None:
        """Count the record that brings the stream to `after`: it is the sender's from now on."""
        self._sections[-1].sent += 1
        self.position = after

    @property
    def delivered(self) -> Position:
        """Return where to go on after an interruption."""
        while len(self._sections) > 1 and self._sections[0].complete:
            self._sections.popleft()
        first = self._sections[0]
        return self.position if first.complete and len(self._sections) == 1 else first.start
