"""How far a publication is: reported while it runs, and kept in a file to resume from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producers.errors import ProgressInvalid
from producers.source import START, Position

_REPORT_S = 0.25


@dataclass(frozen=True)
class Progress:
    """A moment of a publication. Counts include what an earlier, interrupted run delivered."""

    transactions: int
    labels: int
    undelivered: int
    total: int
    """Transactions there are to send; of a CSV file an estimate."""
    seconds: float
    """Since this run began."""
    rate: float
    """Transactions a second of this run."""
    eta_seconds: float | None
    """Until the last transaction; None before anything was sent."""
    arrival: int
    """Of the last record, UTC milliseconds."""


class Reporter:
    """Makes a `Progress` of where a publication is, and hands it on a few times a second."""

    def __init__(
        self,
        total: int,
        start: Position,
        on_progress: Callable[[Progress], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self._total, self._start, self._tell, self._clock = total, start, on_progress, clock
        self._began = self._told = clock()

    def due(self) -> bool:
        """Return whether it is time to report."""
        return self._clock() - self._told >= _REPORT_S

    def report(self, position: Position, undelivered: int, arrival: int) -> Progress:
        """Return the progress after handing it to the callback."""
        self._told = self._clock()
        seconds = self._told - self._began
        done = position.transactions - self._start.transactions
        rate = done / seconds if seconds > 0 else 0.0
        left = max(self._total - position.transactions, 0)
        eta_seconds = left / rate if rate else None
        progress = Progress(
            *position, undelivered, self._total, seconds, rate, eta_seconds, arrival
        )
        if self._tell is not None:
            self._tell(progress)
        return progress


@dataclass(frozen=True)
class ProgressFile:
    """The file that an interrupted publication goes on from; gone once it is complete.

    `identity` is what the position belongs to: sources, mapping, cluster.
    """

    path: Path
    identity: dict[str, Any]

    def load(self) -> Position:
        """Return the position, or the start where there is no file.

        Raises `ProgressInvalid` for a file of another publication.
        """
        if not self.path.exists():
            return START
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            position = Position(int(found["transactions"]), int(found["labels"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProgressInvalid(f"{self.path}: expected a progress file: {error!r}") from error
        if found.get("of") != self.identity:
            raise ProgressInvalid(f"{self.path} is of another file, mapping or cluster")
        return position

    def save(self, position: Position) -> None:
        """Write the position, whole or not at all; `ProgressInvalid` where it cannot be."""
        part = self.path.with_name(self.path.name + ".part")
        content = json.dumps({**position._asdict(), "of": self.identity})
        try:
            part.write_text(content, encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            raise ProgressInvalid(f"{self.path}: cannot be written: {error}") from error

    def remove(self) -> None:
        """Remove the file: there is nothing left to resume."""
        self.path.unlink(missing_ok=True)
