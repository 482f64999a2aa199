"""All partitions' counts as one: closes days, reads the detectors, says what changed.

A day closes once every partition is past it, or one is `slack_days` further: a partition without
events holds nobody up. Counts for a closed day are late: counted, not used. All of it is a fold
over the recorded order of `fraud.drift-counts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models.drift.collecting import MEANS, SCORE, SCORER
from models.drift.counts import DayCounts
from models.drift.gathering import packed_days, unpacked_days
from models.drift.group import Group
from models.drift.policy import DriftPolicy
from models.drift.readings import Edge
from models.drift.segment_watch import SegmentWatch
from models.drift.segments import SegmentDays
from models.state_versions import check_version

_VERSION = 2
_NOT_YET = -(2**62)


class Merger:
    """`take` one partition's finished days; what changed comes out, in order.

    Days of decisions hold the score: they make two groups, features and scores, and the scores of
    their segments. Days of arrivals make one.

    >>> merger = Merger(DriftPolicy(), partitions=1)
    >>> merger.take(0, 1, [(0, DayCounts(("amount", "score")))])
    []
    """

    def __init__(self, policy: DriftPolicy | None = None, partitions: int = 4) -> None:
        self.policy = policy or DriftPolicy()
        self.below = [_NOT_YET] * partitions
        self.closed_below = _NOT_YET
        self.late = 0
        self.days: dict[int, DayCounts] = {}
        self.groups = {
            "arrivals": Group("arrivals", self.policy, ()),
            "features": Group("features", self.policy, ()),
            "scores": Group("scores", self.policy, MEANS),
        }
        self.parts = SegmentDays((SCORE,), MEANS)
        self.segments = SegmentWatch(self.policy, self.groups["scores"])

    def take(
        self,
        partition: int,
        below: int,
        days: Sequence[tuple[int, DayCounts]],
        parts: Sequence[tuple[int, str, DayCounts]] = (),
    ) -> list[Edge]:
        """Add a partition's days, all of those before `below`, and their segments; the edges of the
        days that close."""
        for day, counts in days:
            self._add(day, counts)
        for day, segment, counts in parts:
            if day >= self.closed_below:
                self.parts.merge(day, segment, counts)
        self.below[partition] = max(self.below[partition], below)
        done = max(min(self.below), max(self.below) - self.policy.slack_days)
        if done <= self.closed_below:
            return []
        self.closed_below = done
        ready = sorted(day for day in self.days if day < done)
        return [edge for day in ready for edge in self._close(day, self.days.pop(day))]

    def _add(self, day: int, counts: DayCounts) -> None:
        known = self.days.get(day)
        if day < self.closed_below:
            self.late += counts.size
        elif known is None:
            self.days[day] = counts
        elif SCORE in counts.names and known.names != counts.names:
            # On the day on which the features changed the larger part stands for it.
            self.days[day] = max(known, counts, key=lambda one: one.size)
        else:
            names = tuple(dict.fromkeys((*known.names, *counts.names)))
            self.days[day] = known.only(names)
            self.days[day].merge(counts.only(names))

    def _close(self, day: int, counts: DayCounts) -> list[Edge]:
        if SCORE not in counts.names:
            return self.groups["arrivals"].day("arrivals", day, counts)
        names = counts.names[:-1]
        known = counts.only(names, means=False)
        features = self.groups["features"].day("|".join(names), day, known)
        scorer = counts.most(SCORER)
        scores = self.groups["scores"].day(scorer, day, counts.only((SCORE,)))
        parts = {segment: one for _, segment, one in self.parts.pop(day + 1)}
        return features + scores + self.segments.day(day, scorer, parts)

    def pack(self) -> bytes:
        """Version, then JSON: up to 1 MB while a reference is gathered, 150 KB after; a segment
        adds 40 KB and 15 KB."""
        state = {
            "below": self.below, "closed_below": self.closed_below, "late": self.late,
            "days": packed_days(sorted(self.days.items())),
            "parts": self.parts.data(),
            "segments": self.segments.data(),
            "groups": {name: group.data() for name, group in self.groups.items()},
        }  # fmt: skip
        text = json.dumps(state, sort_keys=True, separators=(",", ":"))
        return bytes([_VERSION]) + text.encode()

    @classmethod
    def unpack(cls, data: bytes, policy: DriftPolicy | None = None) -> Merger:
        """What `pack` wrote; raises `StateFormatError` for another version."""
        check_version("drift merge", data, _VERSION, 2)
        state: Mapping[str, Any] = json.loads(data[1:])
        merger = cls(policy, len(state["below"]))
        merger.below, merger.closed_below = state["below"], state["closed_below"]
        merger.late, merger.days = state["late"], dict(unpacked_days(state["days"]))
        merger.parts.restore(state["parts"])
        for name, group in merger.groups.items():
            group.restore(state["groups"][name])
        merger.segments.restore(state["segments"])
        return merger
