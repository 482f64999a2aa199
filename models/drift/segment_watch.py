"""Has one segment changed, where the whole has not as much? Score and alert rate of each part.

```text
 whole's day ─► its readings, its means ─┐
 segment's day ─► reference of its own ──┴► beyond what the whole explains? ─► score/country=PL
```

A segment's means are off only as far as they are beyond both their usual and one and a half times
the whole's own change that day: what happens everywhere is the whole's to say, and a segment that
stays as it was while another moves the whole is none, either. So a segment of two thirds or more of
all is the whole, to this watch. Its indices must be beyond the whole's in the same way, and are not
read while the whole's own are beyond their thresholds: tails differ too much from part to part.

While the whole has no reference, no segment is read; when a new one takes the place of the whole's,
every segment begins anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.drift.collecting import MEANS, SCORE
from models.drift.counts import DAY_MS, MICRO, DayCounts
from models.drift.group import Group
from models.drift.means import DETECTORS
from models.drift.policy import DriftPolicy
from models.drift.psi import Floats
from models.drift.readings import Edge, Reading
from models.drift.reference import Reference, hourly
from models.drift.segments import dimension
from models.drift.watched import SHARE_DAY, Watched

_KEPT = 504
"""Hourly means kept for a segment's detectors: three weeks; there may be dozens of segments."""
_DIGITS = 3
"""Of those means, in deviations: they are the larger part of the state."""
_FACTOR = 20.0
"""The whole's mean explains no more than so many times the usual: one that never was is no factor.
"""
_LEAST = 1e-6
_SLACK = 0.6
"""Of Page-Hinkley, in deviations; less than the whole's, for what a model wanders is the whole's.
"""


class SegmentWatched(Watched):
    """A segment's score and alert rate, read beside the whole's of the same day."""

    def __init__(
        self, group: str, policy: DriftPolicy, means: Sequence[str], whole: Watched
    ) -> None:
        super().__init__(group, policy, means)
        self.whole = whole

    def _readings(self, reference: Reference, day: int, counts: DayCounts) -> list[Reading]:
        if self.whole.reference is None or self.whole.today is None:
            return []
        _, readings = self.whole.today
        known = {one.detector: one for one in readings if one.subject == SCORE}
        found = []
        for one in super()._readings(reference, day, counts):
            whole = known.get(one.detector)
            if whole is not None and one.detector in DETECTORS:
                found.append(one)
            elif whole is not None and whole.statistic < whole.threshold:
                found.append(self._beyond(one, whole.statistic, counts.size))
        return found

    def _beyond(self, reading: Reading, whole: float, size: int) -> Reading:
        """With the threshold that the whole's statistic of the same kind leaves.

        An index grows with the square of a shift; a distance in standard errors with the root of
        the sample.
        """
        times = self.policy.segment_beyond
        if reading.detector == SHARE_DAY:
            explained = times * whole * math.sqrt(size / self.whole.volumes[-1][1])
        else:
            explained = times**2 * whole
        return reading._replace(threshold=reading.threshold + explained)

    def _volume_off(self, reference: Reference, day: int, days: int) -> float:
        """The whole's: a season excuses a segment, a volume of its own does not."""
        if self.whole.reference is None:
            return super()._volume_off(reference, day, days)
        return self.whole._volume_off(self.whole.reference, day, days)

    def _off_usual(self, reference: Reference, counts: DayCounts) -> Floats:
        usual, deviation = reference.levels[:, 0], reference.levels[:, 1]
        explained = self.policy.segment_beyond * self._explained_off(usual)
        off = hourly(counts) - usual
        within = np.clip(off, np.minimum(explained, 0.0), np.maximum(explained, 0.0))
        level = np.maximum(usual, usual + explained)
        error = _error(level, reference, counts)
        found: Floats = np.round((off - within) / np.maximum(deviation, error), _DIGITS)
        return found

    def _explained_off(self, usual: Floats) -> Floats:
        """How far the whole's day was off, for hours of such a level: by as much, or by as many
        times, whichever is more; shape (means, 24)."""
        reference, today = self.whole.reference, self.whole.today
        if reference is None or today is None:
            return np.zeros_like(usual)
        sums = today[0].sums.astype(np.float64)
        size = max(float(sums[:, 0].sum()), 1.0)
        mean = sums[:, 1:].sum(axis=0)[:, None] / size
        expected = (reference.levels[:, 0] * sums[:, 0]).sum(axis=1)[:, None] / size
        times = np.clip(mean / np.maximum(expected, _LEAST), 0.0, _FACTOR)
        found: Floats = np.sign(mean - expected) * np.maximum(
            usual * np.abs(times - 1.0), np.abs(mean - expected)
        )
        return found


def _error(level: Floats, reference: Reference, counts: DayCounts) -> Floats:
    """The deviation that an hour of so few has by itself, at most: of a share, or of anything from
    0 to 1. What never was in the reference was once, and in no hour less than on average."""
    least = 1.0 / max(int(reference.whole[0].sum()), 1)
    share = np.maximum(np.maximum(level, level.mean(axis=1, keepdims=True)), least)
    share = np.minimum(share, 0.5)
    size = np.maximum(counts.sums[:, 0] / MICRO, 1.0)
    found: Floats = np.sqrt(share * (1.0 - share) / size)
    return found


class SegmentWatch:
    """Folds the segments of each closed day, beside the group of the whole's scores.

    A segment is watched from the first day on which it holds `least_day`; at most `segment_most` of
    a dimension are, the largest first; one that held less for `most_days` is forgotten.
    """

    def __init__(self, policy: DriftPolicy, whole: Group) -> None:
        self.policy = replace(policy, kept=_KEPT, slack=_SLACK)
        self.whole = whole.watched
        self.groups: dict[str, Group] = {}
        self.held: dict[str, int] = {}  # the last day of enough, by segment
        self.against = ""
        self.beside = ""

    def day(self, day: int, scorer: str, parts: Mapping[str, DayCounts]) -> list[Edge]:
        """Take a day's segments, after the whole has taken it; what changed, by segment."""
        self._follow()
        self._admit(day, parts)
        edges: list[Edge] = []
        for segment, group in sorted(self.groups.items()):
            counts = parts.get(segment) or DayCounts((SCORE,), MEANS)
            found = group.day(scorer + self.beside, day, counts)
            edges += [named(edge, segment) for edge in found]
        return edges + self._forget(day)

    def _follow(self) -> None:
        """Begin anew with the whole: what it calls usual now would be a change in every segment."""
        now = "" if self.whole.reference is None else self.whole.reference.name
        if self.against and now and now != self.against:
            self.beside = f" beside {now.split()[0]}"  # its label, without the dates
        self.against = now

    def _admit(self, day: int, parts: Mapping[str, DayCounts]) -> None:
        least = self.policy.least_day
        enough = {name: one.size for name, one in parts.items() if one.size >= least}
        for segment in sorted(enough, key=lambda name: (-enough[name], name)):
            if segment in self.groups or self._room(dimension(segment)):
                self.groups.setdefault(segment, self._group(segment))
                self.held[segment] = day

    def _room(self, name: str) -> bool:
        used = sum(1 for segment in self.groups if dimension(segment) == name)
        return used < self.policy.segment_most

    def _group(self, segment: str) -> Group:
        group = Group(f"scores/{segment}", self.policy, MEANS)
        group.watched = SegmentWatched(group.watched.group, self.policy, MEANS, self.whole)
        return group

    def _forget(self, day: int) -> list[Edge]:
        gone = sorted(n for n, last in self.held.items() if last <= day - self.policy.most_days)
        edges: list[Edge] = []
        for segment in gone:
            why = f"scores/{segment}: too few for {self.policy.most_days} days"
            ended = self.groups.pop(segment).edges.clear(why, (day + 1) * DAY_MS)
            edges += [named(edge, segment) for edge in ended]
            del self.held[segment]
        return edges

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return {
            "beside": self.beside, "against": self.against, "held": self.held,
            "groups": {segment: group.data() for segment, group in self.groups.items()},
        }  # fmt: skip

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take over what `data` gave."""
        self.beside, self.against = found["beside"], found["against"]
        self.held = dict(found["held"])
        for segment, state in found["groups"].items():
            self.groups[segment] = self._group(segment)
            self.groups[segment].restore(state)


def named(edge: Edge, segment: str) -> Edge:
    """An edge with its segment in its subject's name.

    >>> named((Reading("PSI_DAY", "score", 0.5, 0.1, "", "", 0), "FIRED"), "country=PL")[0].subject
    'score/country=PL'
    """
    reading, state = edge
    return reading._replace(subject=f"{reading.subject}/{segment}"), state
