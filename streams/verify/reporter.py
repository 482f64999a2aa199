"""How a shadow says that a decision on record is not what the log gives."""

from __future__ import annotations

import logging
from collections.abc import Callable

from schemas import topics
from streams.history.log import KafkaLog
from streams.metrics import METRICS
from streams.settings import Settings
from streams.verify.difference import difference
from streams.verify.recorded import Place
from streams.verify.sealed import Source

logger = logging.getLogger(__name__)

IN_FULL = 50
"""Mismatches of a process that are looked at closely: each reads a record again, and where there
are more they have one cause. All are counted."""
ReadAgain = Callable[[Place], bytes]
"""Reads one record of the decisions again; empty where it is gone."""


class Reporter:
    """Counts mismatches, and logs the first ones with both sides."""

    def __init__(self, again: ReadAgain) -> None:
        self._again = again
        self._left = IN_FULL

    def __call__(self, derived: bytes | None, source: Source | None, place: Place | None) -> None:
        """Report one; `place` is None where nothing is on record."""
        METRICS.verify_mismatches.inc()
        if self._left == 0:
            return
        self._left -= 1
        recorded = None if place is None else self._again(place)
        found = difference(recorded, derived, source, place)
        logger.error("a recorded decision is not what the log gives: %s", found)


def reading(settings: Settings) -> ReadAgain:
    """Reads single records of a cluster's decisions."""

    def again(place: Place) -> bytes:
        log = KafkaLog(settings.bootstrap)
        records = log.read(topics.DECISIONS, place.partition, place.offset, place.offset + 1)
        return next((record.value or b"" for record in records), b"")

    return again
