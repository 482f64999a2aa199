"""What was in force, and when: the control markers of `fraud.activity`, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from schemas import topics
from streams.history.log import Log
from streams.task import META_KEY
from streams.wire import codec

Marker = dict[str, Any]
NOTES = "fraud-learn-learn-changelog"
MARKER = codec.header("control_marker")
CHUNK = 20_000
"""Records looked through at a time, from the end backwards; then twice as many, and so on: the last
markers are near, and the log may hold a thousand million records."""


def markers(log: Log, partition: int = 0, chunk: int = CHUNK) -> Iterator[Marker]:
    """The control markers of a partition of `fraud.activity`, newest first, each sequence once.

    Every partition has every marker. Those older than the log's retention are gone.
    """
    first, end = log.begin(topics.ACTIVITY, partition), log.end(topics.ACTIVITY, partition)
    known: set[int] = set()
    while end > first:
        start = max(first, end - chunk)
        found = _markers(log, partition, start, end)
        yield from (found[sequence] for sequence in sorted(found.keys() - known, reverse=True))
        known |= found.keys()
        end, chunk = start, chunk * 2


def in_force(log: Log) -> Marker | None:
    """What decides now: the newest marker, or the learner's own note of it.

    Where a version is held for longer than `fraud.activity` keeps its records, no marker is left;
    the learner's changelog is kept for ever. None: no learner ever ran.
    """
    return next(markers(log), None) or _noted(log)


def _noted(log: Log) -> Marker | None:
    last = None
    for record in log.read(NOTES):
        if record.key == META_KEY and record.value:
            last = record.value
    found: Marker | None = None if last is None else json.loads(last)["stage"].get("marker")
    return found


def before(log: Log, marker: Mapping[str, Any]) -> Marker | None:
    """The newest marker that had another model than `marker`, of those that are still there."""
    for older in markers(log):
        other = older["model"] is not None and older["model"] != marker["model"]
        if other and older["sequence"] < marker["sequence"]:
            return older
    return None


def ref(model: Mapping[str, Any] | None) -> str | None:
    """A record's reference to a model as people write it.

    >>> ref({"name": "logistic", "version": 500}), ref(None)
    ('logistic@500', None)
    """
    return None if model is None else f"{model['name']}@{model['version']}"


def _markers(log: Log, partition: int, start: int, end: int) -> dict[int, Marker]:
    """By sequence: a learner that starts again repeats an older marker after a newer one."""
    records = log.read(topics.ACTIVITY, partition, start, end)
    values = (r.value for r in records if r.value and r.value.startswith(MARKER))
    return {body["sequence"]: body for body in (codec.decode(value)[1] for value in values)}
