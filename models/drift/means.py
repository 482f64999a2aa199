"""Has a level changed? Page-Hinkley and ADWIN over hourly means, in deviations from the usual.

Each hour of the day has its own level in the reference, so that night is no drift. River's
detectors are fed `(mean - usual) / deviation`, held to a few deviations; ADWIN takes values of the
order of one, so 0.5 is as usual there. Page-Hinkley compares with a running mean, which a change
would soon draw along: it is fed the reference first, hours that are as usual, all of them 0.
The state is the list of values since the last signal, fed again on `restore`: plain numbers.

While a signal stands, the detector waits: its reading is how far the day is from the usual,
against how far it was when it fired.

Sources: Page, Biometrika 41 (1954); Bifet and Gavaldà, SDM 2007; River's implementations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from river.drift import ADWIN, PageHinkley

from models.drift.counts import HOURS
from models.drift.policy import DriftPolicy
from models.drift.readings import Reading

PAGE_HINKLEY, ADWIN_NAME = "PAGE_HINKLEY", "ADWIN"
DETECTORS = (ADWIN_NAME, PAGE_HINKLEY)
_LEAST_LEVEL = 1.0
"""Deviations: a day nearer to the usual than that is calm, whatever fired."""


class MeanWatch:
    """One watched mean. `day` takes the hours of a day, in deviations from the usual.

    >>> watch = MeanWatch("score", DriftPolicy(limit=10.0))
    >>> [one.detector for one in watch.day([0.0] * 48, "", 0) if one.statistic >= one.threshold]
    []
    >>> [one.detector for one in watch.day([3.0] * 24, "", 0) if one.statistic >= one.threshold]
    ['PAGE_HINKLEY']
    """

    def __init__(self, subject: str, policy: DriftPolicy) -> None:
        self.subject = subject
        self.policy = policy
        self.values: dict[str, list[float]] = {name: [] for name in DETECTORS}
        self.levels: dict[str, float] = {}
        self._detectors = {name: self._fresh(name) for name in DETECTORS}

    def day(self, hours: Sequence[float], reference: str, time: int) -> list[Reading]:
        """Take a day's hours (NaN is left out); a reading a detector."""
        held = [max(-self.policy.clip, min(self.policy.clip, z)) for z in hours if z == z]  # noqa: PLR0124
        level = math.fsum(held) / len(held) if held else 0.0
        current = f"{level:+.2f} deviations from the usual over {len(held)} h"
        return [
            Reading(name, self.subject, *self._read(name, held, level), reference, current, time)
            for name in DETECTORS
        ]

    def renew(self, detector: str) -> None:
        """Begin anew, after what the detector signalled has recovered."""
        self.levels.pop(detector, None)
        self.values[detector] = []
        self._detectors[detector] = self._fresh(detector)

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"subject": self.subject, "values": self.values, "levels": self.levels}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what `data` gave."""
        self.values = {name: list(data["values"][name]) for name in DETECTORS}
        self.levels = dict(data["levels"])
        for name in DETECTORS:
            self._refeed(name)

    def _read(self, name: str, held: Sequence[float], level: float) -> tuple[float, float]:
        """Statistic and threshold of a day."""
        if name in self.levels:
            return abs(level), self.levels[name]
        highest, threshold = 0.0, 1.0
        for z in held:
            self._feed(name, z)
            found, bound = self._statistic(name)
            if found / bound > highest / threshold:
                highest, threshold = found, bound
            if self._detectors[name].drift_detected:
                self.levels[name] = max(abs(level), _LEAST_LEVEL)
                return max(found, bound), bound
        return min(highest, threshold * (1.0 - 1e-9)), threshold

    def _feed(self, name: str, z: float) -> None:
        values = self.values[name]
        values.append(z)
        if len(values) > self.policy.kept:
            self.values[name] = values[-(self.policy.kept // 2) :]
            self._refeed(name)
        else:
            self._update(name, z)

    def _refeed(self, name: str) -> None:
        self._detectors[name] = self._fresh(name)
        for z in self.values[name]:
            self._update(name, z)

    def _update(self, name: str, z: float) -> None:
        scaled = 0.5 + z / (2.0 * self.policy.clip) if name == ADWIN_NAME else z
        self._detectors[name].update(scaled)

    def _fresh(self, name: str) -> Any:  # River is partly untyped
        if name == ADWIN_NAME:
            return ADWIN(delta=self.policy.significance, clock=1)  # type: ignore[no-untyped-call]
        slack, limit = self.policy.page_hinkley(self.subject)
        found: Any = PageHinkley(delta=slack, threshold=limit)
        for _ in range(self.policy.reference_days * HOURS):
            found.update(0.0)
        return found

    def _statistic(self, name: str) -> tuple[float, float]:
        """What the detector compares now, and with what."""
        return self._adwin() if name == ADWIN_NAME else self._page_hinkley()

    def _page_hinkley(self) -> tuple[float, float]:
        found, limit = self._detectors[PAGE_HINKLEY], self.policy.page_hinkley(self.subject)[1]
        up = found._sum_increase - found._min_increase  # as River compares them
        down = found._max_decrease - found._sum_decrease
        return max(up, down, 0.0), limit

    def _adwin(self) -> tuple[float, float]:
        """Difference of the window's last day from what is before, and ADWIN's cut for the two."""
        values = self.values[ADWIN_NAME]
        now, before = values[-24:], values[:-24]
        if not before:
            return 0.0, 1.0
        usual, current = math.fsum(before) / len(before), math.fsum(now) / len(now)
        return abs(current - usual), self._cut(values, len(before), len(now))

    def _cut(self, values: Sequence[float], before: int, now: int) -> float:
        """In deviations of an hourly mean (Bifet, Gavaldà 2007, theorem 3.2)."""
        unit = 2.0 * self.policy.clip
        centre = math.fsum(values) / len(values)
        variance = math.fsum((z - centre) ** 2 for z in values) / len(values) / unit**2
        log = math.log(2.0 * math.log(len(values) + 1.0) / self.policy.significance)
        harmonic = 1.0 / before + 1.0 / now
        return unit * (math.sqrt(2.0 * harmonic * variance * log) + 2.0 / 3.0 * harmonic * log)
