"""Has the world changed? ADWIN over hourly means of the score, or of the label rate.

River's ADWIN takes values of the order of one, and fraud scores average a hundredth: each mean is
divided by four times the mean of the first day, so that "as usual" is 0.25 and a doubling 0.5, and
held to [0, 1]. After it fired, everything is forgotten and a new first day is taken.
State is the list of means since then, re-fed to a new ADWIN on `unpack`: plain numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from river.drift import ADWIN

from models.drift_buckets import Buckets, Closed
from models.state_versions import check_version

_VERSION = 2
_HEAD = struct.Struct("<BII")  # version, bytes of the JSON part, means


@dataclass(frozen=True)
class DriftPolicy:
    """Settings of the detector.

    delta: ADWIN's significance. 0.002 is River's; a test takes place every hour.
    first: means that set the scale. 24 hours: one round of the clock, so that night is in it.
    least: values a mean needs; hours with fewer are merged with the next.
    kept: means kept (42 days); at that length the older half is dropped.
    """

    delta: float = 0.002
    first: int = 24
    least: int = 50
    kept: int = 1_024


class DriftDetector:
    """One watched number of one partition. `observe` values; signals come out.

    >>> detector = DriftDetector("score")
    >>> detector.observe(0, 0.01, {"stage": "drift", "partition": 0, "offset": 0})
    []
    """

    def __init__(self, subject: str, policy: DriftPolicy | None = None) -> None:
        self.subject = subject
        self.policy = policy or DriftPolicy()
        self.buckets = Buckets(self.policy.least)
        self.means: list[float] = []
        self.unit = 0.0
        self.scorer = ""
        self._adwin = self._fresh()

    def observe(
        self, time: int, value: float, src: Mapping[str, Any], weight: float = 1.0
    ) -> list[dict[str, Any]]:
        """Count a value in [0, 1] at an event time; returns the signals that fired (at most one
        an hour closed). `src` is the record's place in the log and goes into the signal; `weight`
        is how many values it stands for."""
        signals = []
        for closed in self.buckets.add(time, value, weight):
            if self._feed(closed.mean):
                signals.append(self._signal(closed, src))
                self._forget()
        return signals

    def scored_by(self, scorer: str) -> None:
        """Start anew when another kind of scorer took over: its scores have another scale."""
        if scorer != self.scorer:
            self.scorer = scorer
            self.buckets = Buckets(self.policy.least)
            self._forget()

    def pack(self) -> bytes:
        """Version, open buckets as JSON, means as doubles: at most 9 KB."""
        text = json.dumps(
            {
                "subject": self.subject,
                "scorer": self.scorer,
                "unit": self.unit,
                "buckets": self.buckets.data(),
            },
            sort_keys=True,
        ).encode()
        head = _HEAD.pack(_VERSION, len(text), len(self.means))
        return head + text + struct.pack(f"<{len(self.means)}d", *self.means)

    @classmethod
    def unpack(cls, data: bytes, policy: DriftPolicy | None = None) -> DriftDetector:
        """The detector that `pack` wrote; raises `StateFormatError` for another version."""
        check_version("drift", data, _VERSION, _HEAD.size)
        _, size, count = _HEAD.unpack_from(data)
        check_version("drift", data, _VERSION, _HEAD.size + size + 8 * count)
        state = json.loads(data[_HEAD.size : _HEAD.size + size])
        detector = cls(state["subject"], policy)
        detector.scorer, detector.unit = state["scorer"], state["unit"]
        detector.buckets.restore(state["buckets"])
        detector.means = list(struct.unpack_from(f"<{count}d", data, _HEAD.size + size))
        detector._refeed()
        return detector

    def _fresh(self) -> Any:  # River is partly untyped
        return ADWIN(delta=self.policy.delta, clock=1)  # type: ignore[no-untyped-call]

    def _forget(self) -> None:
        self.means, self.unit, self._adwin = [], 0.0, self._fresh()

    def _feed(self, mean: float) -> bool:
        """Give ADWIN one more mean; whether it fired."""
        self.means.append(mean)
        if len(self.means) > self.policy.kept:
            self.means = self.means[-(self.policy.kept // 2) :]
            return self._refeed()
        if self.unit:
            self._adwin.update(self._scaled(mean))
            return bool(self._adwin.drift_detected)
        if len(self.means) == self.policy.first:
            self.unit = 4.0 * max(math.fsum(self.means) / self.policy.first, 1e-4)
            return self._refeed()
        return False

    def _refeed(self) -> bool:
        self._adwin = self._fresh()
        for mean in self.means if self.unit else ():
            self._adwin.update(self._scaled(mean))
            if self._adwin.drift_detected:
                return True
        return False

    def _scaled(self, mean: float) -> float:
        return min(max(mean / self.unit, 0.0), 1.0)

    def _signal(self, closed: Closed, src: Mapping[str, Any]) -> dict[str, Any]:
        width = min(max(int(self._adwin.width), 1), len(self.means) - 1)
        before, now = self.means[:-width], self.means[-width:]
        usual, current = math.fsum(before) / len(before), math.fsum(now) / len(now)
        identity = ("drift", self.subject, str(closed.end), str(src["partition"]))
        return {
            "signal_id": hashlib.sha256("\0".join(identity).encode()).hexdigest()[:32],
            "detector": "ADWIN",
            "subject": self.subject,
            "state": "FIRED",
            "statistic": abs(current - usual),
            "threshold": self._bound(len(before), len(now)),
            "reference": f"mean {usual:.6f} over {len(before)} h",
            "current": f"mean {current:.6f} over {len(now)} h",
            "severity": "MEDIUM" if 0.5 < current / max(usual, 1e-9) < 2.0 else "HIGH",
            "event_time": closed.end,
            "src": dict(src),
        }

    def _bound(self, before: int, now: int) -> float:
        """ADWIN's cut for these two windows in the units of the value (Bifet, Gavaldà 2007)."""
        scaled = [self._scaled(mean) for mean in self.means]
        centre = math.fsum(scaled) / len(scaled)
        variance = math.fsum((x - centre) ** 2 for x in scaled) / len(scaled)
        log = math.log(2.0 * math.log(len(scaled)) / self.policy.delta)
        harmonic = 1.0 / before + 1.0 / now
        cut = math.sqrt(2.0 * harmonic * variance * log) + 2.0 / 3.0 * harmonic * log
        return cut * self.unit


def observe_decision(
    detector: DriftDetector, decision: Mapping[str, Any], src: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Watch the score of a decision at its event time; a change of model kind starts anew."""
    model = decision["model"]
    detector.scored_by(model["name"] if model else "rules")
    return detector.observe(decision["event_time"], decision["score"], src)


def observe_outcome(
    detector: DriftDetector, outcome: Mapping[str, Any], src: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Watch the share of frauds among outcomes, at the time their labels were observed.

    Thinned outcomes count as often as their weight says.
    """
    if outcome["label"] == "INCONCLUSIVE":
        return []
    fraud = float(outcome["label"] == "FRAUD")
    return detector.observe(outcome["observed_at"], fraud, src, outcome["weight"])
