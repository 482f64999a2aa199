"""A group of subjects that share a reference: the features, or the scores of one kind of model.

```text
 gathering ──► reference closed: watched ──► a signal stood for a week: gathering beside it ──┐
                     ▲                                                                       │
                     └────────────── the new reference is complete: version + 1 ◄────────────┘
```
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.drift.counts import DAY_MS, DayCounts
from models.drift.gathering import Gathering
from models.drift.means import MeanWatch
from models.drift.natures import nature
from models.drift.policy import WEEK, DriftPolicy
from models.drift.psi import BINS, Counts, Floats, binned, psi, share_off
from models.drift.readings import Reading
from models.drift.reference import Reference, close, data, hourly, iso, restored

PSI_DAY, PSI_WEEK, SHARE_DAY, VOLUME = "PSI_DAY", "PSI_WEEK", "SHARE_DAY", "VOLUME"
_LONGEST = 45
"""Days of volume kept: as long as any window and its delay, and a week."""


Today = tuple[DayCounts, list[Reading]]
"""The last day that was read, for what is compared with it; no part of the state."""


class Watched:
    """`day` takes a finished day of the group's subjects and gives the readings of its detectors.

    identity: what the counts belong to (a feature specification, a kind of scorer); another one
        begins a new reference, once the windows are full.
    """

    def __init__(self, group: str, policy: DriftPolicy, means: Sequence[str]) -> None:
        self.group = group
        self.policy = policy
        self.mean_names = tuple(means)
        self.identity = ""
        self.version = 0
        self.ready: int | None = None  # the first day whose windows are full
        self.gathering: Gathering | None = None
        self.reference: Reference | None = None
        self.week: list[tuple[int, Counts]] = []
        self.volumes: list[tuple[int, int]] = []
        self.means = self._fresh_means()
        self.today: Today | None = None

    def _fresh_means(self) -> list[MeanWatch]:
        return [MeanWatch(one, self.policy) for one in self.mean_names]

    def of(self, identity: str, day: int) -> bool:
        """Note whose counts come; whether that is another one than before, so all begins anew."""
        if identity == self.identity:
            return False
        if self.ready is None:
            self.ready = day + self.policy.warm_up_days
        changed = bool(self.identity)
        self.identity, self.reference = identity, None
        self.gathering, self.week = Gathering(max(day, self.ready)), []
        self.means = self._fresh_means()
        return changed

    def day(self, day: int, counts: DayCounts) -> list[Reading]:
        """The readings of a day; none before there is a reference, or of a day with too little."""
        self.volumes = [*self.volumes, (day, counts.size)][-_LONGEST:]
        self.today = None
        readings: list[Reading] = []
        if self.reference is not None and counts.size >= self.policy.least_day:
            readings = self._readings(self.reference, day, counts)
            self.today = counts, readings
        if self.gathering is not None:
            self.gathering.add(day, counts)
        return readings

    def renewed(self, day: int, standing: int) -> bool:
        """Whether a new reference took effect at the end of `day`; `standing` is for how many days
        the oldest signal of the group has stood."""
        lasting = standing >= self.policy.renew_days or self._outgrown(day)
        if self.gathering is None and lasting:
            self.gathering = Gathering(day + 1)
        elif self.reference is not None and standing < 0 and not self._off_since(day, 1):
            self.gathering = None  # it passed by itself
        if self.gathering is None or not self.gathering.complete(day, self.policy):
            self._forget_a_week(day)
            return False
        self.version += 1
        label = f"{self.group}@{self.version}"
        self.reference = close(label, self.gathering.days, self.policy)
        self.gathering, self.week = None, []
        self.means = self._fresh_means()
        return True

    def _outgrown(self, day: int) -> bool:
        """Whether the volume has been off for longer than any season: nothing would fire again."""
        return self._off_since(day, self.policy.season_days)

    def _off_since(self, day: int, days: int) -> bool:
        """Whether the volume was off its weekday's on each of the last days."""
        reference = self.reference
        if reference is None:
            return False
        off = [self._off(reference, one, size) for one, size in self.volumes if one > day - days]
        return len(off) >= days and min(off) > 0.0

    def _forget_a_week(self, day: int) -> None:
        if self.gathering is not None and self.gathering.overdue(day, self.policy):
            self.gathering.drop_week()

    def renew_mean(self, reading: Reading) -> None:
        """Let a detector of means begin anew once its signal has recovered."""
        for mean in self.means:
            if mean.subject == reading.subject:
                mean.renew(reading.detector)

    # -- readings -----------------------------------------------------------------------------

    def _readings(self, reference: Reference, day: int, counts: DayCounts) -> list[Reading]:
        found = binned(counts.only(reference.names).cells, reference.table)
        self.week = [(one, bins) for one, bins in self.week if one > day - WEEK] + [(day, found)]
        time = (day + 1) * DAY_MS
        readings: list[Reading] = []
        if reference.names:
            readings += self._psi_day(reference, day, found, time)
        if reference.names and len(self.week) == WEEK:
            readings += self._psi_week(reference, day, time)
        if self.group == "arrivals":
            readings.append(self._volume(reference, day, counts.size, time))
        return readings + self._mean_readings(reference, day, counts, time)

    def _mean_readings(
        self, reference: Reference, day: int, counts: DayCounts, time: int
    ) -> list[Reading]:
        """Of the means; what a score is made of moves with a season, for as long as it reaches."""
        reach = max((nature(name).reach_days for name in reference.names), default=0)
        if not self.means or (reach and self._volume_off(reference, day, 1 + reach)):
            return []
        off, found = self._off_usual(reference, counts).tolist(), []
        for mean, hours in zip(self.means, off, strict=True):
            found += mean.day(hours, reference.name, time)
        return found

    def _off_usual(self, reference: Reference, counts: DayCounts) -> Floats:
        """How far the means of each hour are off, in deviations, shape (means, 24)."""
        off: Floats = (hourly(counts) - reference.levels[:, 0]) / reference.levels[:, 1]
        return off

    def _psi_day(self, reference: Reference, day: int, found: Counts, time: int) -> list[Reading]:
        usual = reference.weekdays[day % WEEK]
        size = int(found[0].sum())
        explained = self._explained(reference, day, 1)
        against = f"{reference.name}, its {_NAMES[day % WEEK]}s"
        like = Reading(PSI_DAY, "", 0.0, 0.0, against, f"{iso(day)}: {size} counted", time)
        indices = _each(reference, psi(found, usual), reference.day_limits + explained, like)
        limits = self._share_limits(reference, day, size * explained)
        off, like = share_off(found, usual), like._replace(detector=SHARE_DAY)
        return indices + _each(reference, off, limits, like)

    def _share_limits(self, reference: Reference, day: int, explained: Floats) -> Floats:
        """The square of a share's distance grows as the index times the sample, but for tails."""
        limits: Floats = np.sqrt(reference.share_limits**2 + explained)
        for at, name in enumerate(reference.names):
            if nature(name).volume_driven:
                off = self._volume_off(reference, day, 1 + nature(name).reach_days)
                limits[at] *= 1.0 + (off / self.policy.volume_shares) ** 4
        return limits

    def _psi_week(self, reference: Reference, day: int, time: int) -> list[Reading]:
        # Days count alike: where the volume steps, the weekend's share of it would seem to.
        sizes = [max(int(bins[0].sum()), 1) for _, bins in self.week]
        total = np.zeros(self.week[0][1].shape)
        for (_, bins), size in zip(self.week, sizes, strict=True):
            total += bins * (sum(sizes) / WEEK / size)
        limits = reference.week_limits + self._explained(reference, day, WEEK)
        current = f"{iso(day - WEEK + 1)} to {iso(day)}: {sum(sizes)} counted"
        like = Reading(PSI_WEEK, "", 0.0, 0.0, reference.name, current, time)
        return _each(reference, psi(total, reference.whole), limits, like)

    def _explained(self, reference: Reference, day: int, days: int) -> Floats:
        """The index that the volume alone explains, by subject."""
        found = []
        for name in reference.names:
            kind = nature(name)
            share = self.policy.volume_driven if kind.volume_driven else self.policy.volume_other
            # A feature reaches back beyond the days compared, by its window.
            found.append(share * self._volume_off(reference, day, days + kind.reach_days) ** 2)
        return np.array(found)

    def _volume_off(self, reference: Reference, day: int, days: int) -> float:
        """How far the volume of the last `days` was off its weekday's, at most, beyond scatter."""
        off = [self._off(reference, one, size) for one, size in self.volumes if one > day - days]
        return max(off, default=0.0)

    def _off(self, reference: Reference, day: int, size: int) -> float:
        usual = max(float(reference.volumes[day % WEEK]), 1.0)
        scatter = max(self.policy.volume_least, self.policy.volume_errors / math.sqrt(usual))
        return max(abs(size / usual - 1.0) - scatter, 0.0)

    def _volume(self, reference: Reference, day: int, size: int, time: int) -> Reading:
        daily = max(float(reference.volumes[day % WEEK]), 1.0)
        ratio = max(size / daily, daily / size)
        current = f"{iso(day)}: {size} transactions"
        usual = f"{reference.name}: {daily:.0f} on its {_NAMES[day % WEEK]}s"
        return Reading(VOLUME, "volume", ratio, self.policy.volume_factor, usual, current, time)

    # -- state --------------------------------------------------------------------------------

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return {
            "identity": self.identity,
            "version": self.version,
            "ready": self.ready,
            "gathering": None if self.gathering is None else self.gathering.data(),
            "reference": None if self.reference is None else data(self.reference),
            "week": [[day, bins.tolist()] for day, bins in self.week],
            "volumes": self.volumes,
            "means": [mean.data() for mean in self.means],
        }

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take over what `data` gave."""
        self.identity, self.version = found["identity"], found["version"]
        self.ready = found["ready"]
        gathering, reference = found["gathering"], found["reference"]
        self.gathering = None if gathering is None else Gathering.restored(gathering)
        self.reference = None if reference is None else restored(reference)
        self.week = [(day, _bins(bins)) for day, bins in found["week"]]
        self.volumes = [(day, size) for day, size in found["volumes"]]
        for mean, state in zip(self.means, found["means"], strict=True):
            mean.restore(state)


_NAMES = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")
"""By days since 1970, a Thursday."""


def _bins(data: Sequence[Sequence[int]]) -> Counts:
    """Bins of a day, of any number of subjects, none included."""
    return np.array(data, dtype=np.int64).reshape(-1, BINS)


def _each(reference: Reference, found: Floats, limits: Floats, like: Reading) -> list[Reading]:
    """A reading a subject, for the rest like another."""
    return [
        like._replace(subject=name, statistic=statistic, threshold=limit)
        for name, statistic, limit in zip(
            reference.names, found.tolist(), limits.tolist(), strict=True
        )
    ]
