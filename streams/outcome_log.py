"""Outcomes read back from the log: what queued while learning was frozen, what a crash redoes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from schemas import topics
from schemas.errors import EventError
from streams import changelog
from streams.in_process import InProcessLog
from streams.settings import Settings
from streams.wire import codec

Outcome = tuple[int, str, dict[str, Any]]
"""Offset, schema and body of a record of ``fraud.outcomes``."""


class OutcomeLog(Protocol):
    """Where the learner reads outcomes back."""

    def outcomes(self, first: int, stop: int) -> Iterator[Outcome]:
        """The records from ``first`` up to, not including, ``stop``, without what cannot be read:
        it taught nothing the first time either."""


class KafkaOutcomeLog:
    """Reads ``fraud.outcomes``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def outcomes(self, first: int, stop: int) -> Iterator[Outcome]:
        """The records from ``first`` up to, not including, ``stop``."""
        if first >= stop:
            return
        for message in changelog.read_to_end(self._settings, topics.OUTCOMES, 0, first):
            offset, value = message.offset() or 0, message.value()
            if offset >= stop:
                return
            yield from _read(offset, value if isinstance(value, bytes) else b"")


class InProcessOutcomeLog:
    """The in-process log's outcomes."""

    def __init__(self, log: InProcessLog) -> None:
        self._log = log

    def outcomes(self, first: int, stop: int) -> Iterator[Outcome]:
        """The records from ``first`` up to, not including, ``stop``."""
        for record in self._log.partitions[topics.OUTCOMES, 0][first:stop]:
            yield from _read(record.offset, record.value or b"")


def _read(offset: int, value: bytes) -> Iterable[Outcome]:
    try:
        return [(offset, *codec.decode(value))]
    except EventError:
        return []
