"""What a detector read, and the edges that are worth a signal: FIRED once, RECOVERED once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models.drift.policy import DriftPolicy

FIRED, RECOVERED = "FIRED", "RECOVERED"


class Reading(NamedTuple):
    """One detector's statistic of one subject at an event time (ms), and what it is held against.

    `reference` and `current` say for a person which windows were compared.
    """

    detector: str
    subject: str
    statistic: float
    threshold: float
    reference: str
    current: str
    time: int


Edge = tuple[Reading, str]
"""What a reading changed: it fired or recovered."""


class Edges:
    """Which signals stand; a reading at or above its threshold fires one, calm days end it.

    >>> edges = Edges(DriftPolicy(calm_days=1))
    >>> high, low = (Reading("PSI", "amount", x, 0.1, "", "", 0) for x in (0.2, 0.01))
    >>> [[state for _, state in edges.update([one])] for one in (high, high, low, low)]
    [['FIRED'], [], ['RECOVERED'], []]
    """

    def __init__(self, policy: DriftPolicy) -> None:
        self.policy = policy
        self.standing: dict[tuple[str, str], list[int]] = {}  # calm days, days it has stood

    def update(self, readings: Iterable[Reading]) -> list[Edge]:
        """Take a day's readings; those that changed something, in their order."""
        changed = []
        for reading in readings:
            key = (reading.detector, reading.subject)
            standing = self.standing.get(key)
            if standing is None:
                if reading.statistic >= reading.threshold:
                    self.standing[key] = [0, 0]
                    changed.append((reading, FIRED))
            elif self._calmed(standing, reading):
                del self.standing[key]
                changed.append((reading, RECOVERED))
        return changed

    def _calmed(self, standing: list[int], reading: Reading) -> bool:
        calm = reading.statistic < self.policy.calm * reading.threshold
        standing[0] = standing[0] + 1 if calm else 0
        standing[1] += 1
        return standing[0] >= self.policy.calm_days

    def longest(self) -> int:
        """For how many days the oldest signal has stood; -1 without one."""
        return max((days for _, days in self.standing.values()), default=-1)

    def clear(self, why: str, time: int) -> list[Edge]:
        """End all signals: what they were compared with is no longer usual."""
        ended = [
            (Reading(*key, 0.0, 0.0, why, "is what later days are compared with", time), RECOVERED)
            for key in sorted(self.standing)
        ]
        self.standing.clear()
        return ended

    def data(self) -> list[list[Any]]:
        """What stands, as plain data."""
        return [[*key, *standing] for key, standing in sorted(self.standing.items())]

    def restore(self, data: Iterable[Any]) -> None:
        """Take over what `data` gave."""
        self.standing = {(one, two): [calm, stood] for one, two, calm, stood in data}


def signal(reading: Reading, state: str, src: Mapping[str, Any]) -> dict[str, Any]:
    """The `drift_signal` event of an edge; its id depends on what, when and where alone."""
    identity = (reading.detector, reading.subject, state, str(reading.time))
    return {
        "signal_id": hashlib.sha256("\0".join(identity).encode()).hexdigest()[:32],
        "detector": reading.detector,
        "subject": reading.subject,
        "state": state,
        "statistic": reading.statistic,
        "threshold": reading.threshold,
        "reference": reading.reference,
        "current": reading.current,
        "severity": severity(reading, state),
        "event_time": reading.time,
        "src": dict(src),
    }


def severity(reading: Reading, state: str) -> str:
    """LOW for what recovered; MEDIUM, HIGH and CRITICAL at 1, 2 and 8 times the threshold.

    >>> severity(Reading("PSI", "amount", 0.5, 0.1, "", "", 0), FIRED)
    'HIGH'
    """
    if state == RECOVERED:
        return "LOW"
    times = reading.statistic / reading.threshold if reading.threshold else 1.0
    return "CRITICAL" if times >= 8.0 else "HIGH" if times >= 2.0 else "MEDIUM"
