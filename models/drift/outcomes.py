"""What became of the decisions: the model's error, the share of frauds, its calibration.

Each outcome counts at the time its label was observed, with its weight, by the score that was in
force at the decision. An attack shows here no sooner than its labels come. One of the control share
counts for itself: by its weight a single fraud would be a wave.

```text
 label_rate    frauds / outcomes
 log_loss      -ln of the probability that the score gave to what came true (prequential error)
 calibration   mean of (fraud - score): above zero the model promises too little
```
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from models.decision import own_weight
from models.drift.collecting import PATIENCE_MS, SCORER, scorer
from models.drift.counts import DAY_MS, HOUR_MS, DayCounts
from models.drift.gathering import packed_days, unpacked_days
from models.drift.group import Group
from models.drift.policy import DriftPolicy
from models.drift.readings import Edge
from models.state_versions import check_version

MEANS = ("label_rate", "log_loss", "calibration")
_SURE = 1e-6
"""Scores nearer to 0 or 1 than that count as this near: one certain mistake is not a thousand."""
_VERSION = 1
_NO_DAY = -(2**62)


class OutcomeWatch:
    """`add` outcomes; what changed comes out when a day of labels is over.

    >>> OutcomeWatch().add({"label": "INCONCLUSIVE", "observed_at": 0})
    []
    """

    def __init__(self, policy: DriftPolicy | None = None) -> None:
        self.group = Group("outcomes", policy or DriftPolicy(), MEANS)
        self.days: dict[int, DayCounts] = {}
        self.below = _NO_DAY
        self.late = 0

    def add(self, outcome: Mapping[str, Any]) -> list[Edge]:
        """Count an outcome; the edges of the days that it closed."""
        time = outcome["observed_at"]
        if outcome["label"] == "INCONCLUSIVE":
            return []
        if time // DAY_MS < self.below:
            self.late += 1
            return []
        day = self.days.setdefault(time // DAY_MS, DayCounts((), MEANS))
        fraud, score = outcome["label"] == "FRAUD", outcome["score"]
        values = (float(fraud), log_loss(fraud, score), fraud - score)
        day.tally(time % DAY_MS // HOUR_MS, own_weight(outcome), values)
        day.say(SCORER, {scorer(outcome["model"]): 1})
        done = (time - PATIENCE_MS) // DAY_MS
        return self._close(done) if done > self.below else []

    def _close(self, below: int) -> list[Edge]:
        self.below = below
        ready = [(day, self.days.pop(day)) for day in sorted(self.days) if day < below]
        return [edge for day, one in ready for edge in self.group.day(one.most(SCORER), day, one)]

    def pack(self) -> bytes:
        """Version, then JSON."""
        state = {
            "below": self.below, "late": self.late, "group": self.group.data(),
            "days": packed_days(sorted(self.days.items())),
        }  # fmt: skip
        text = json.dumps(state, sort_keys=True, separators=(",", ":"))
        return bytes([_VERSION]) + text.encode()

    @classmethod
    def unpack(cls, data: bytes, policy: DriftPolicy | None = None) -> OutcomeWatch:
        """What `pack` wrote; raises `StateFormatError` for another version."""
        check_version("drift outcomes", data, _VERSION, 2)
        state: Mapping[str, Any] = json.loads(data[1:])
        watch = cls(policy)
        watch.below, watch.late = state["below"], state["late"]
        watch.days = dict(unpacked_days(state["days"]))
        watch.group.restore(state["group"])
        return watch


def log_loss(fraud: bool, score: float) -> float:
    """-ln of the probability given to what came true.

    >>> round(log_loss(True, 0.5), 4), log_loss(False, 0.0) < 1e-5
    (0.6931, True)
    """
    given = score if fraud else 1.0 - score
    return -math.log(min(max(given, _SURE), 1.0))
