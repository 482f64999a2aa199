"""The models and rulesets of a recorded log, for whoever folds it again."""

from __future__ import annotations

from contextlib import suppress

from schemas import topics
from schemas.errors import FraudStreamsError
from streams.history.log import Log
from streams.published import Library, Published, VersionMissing

SMALL = 16_384
"""Bytes of a record that stays in memory: a logistic regression has a third of it, and to read one
again takes 50 ms, in each partition."""


def library(log: Log) -> Published:
    """Every model and ruleset on the log; a large payload is read again when it is compiled."""
    kept: dict[int, bytes] = {}

    def fetch(place: int) -> bytes:
        if place in kept:
            return kept[place]
        for record in log.read(topics.MODELS, 0, place, place + 1):
            return record.value or b""
        raise VersionMissing(f"{topics.MODELS}@{place}", expected="its record", came="nothing")

    made = Library(fetch)
    for record in log.read(topics.MODELS):
        value = record.value or b""
        if len(value) <= SMALL:
            kept[record.offset] = value
        # As a worker does: what cannot be read is skipped, and missed if a marker names it.
        with suppress(FraudStreamsError):
            made.add(value, record.offset)
    return made
