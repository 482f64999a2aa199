"""One model in the contest: it learns every outcome, and publishes versions of its own.

A member is a model of the portfolio. A combination learns from what the members had said when the
transaction was decided, so that members learn and score once; its snapshot names their versions.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from models.learn_policy import LearnPolicy, alert_threshold
from models.portfolio import competing
from models.portfolio.combination import Combination
from models.portfolio.inputs import Row
from models.portfolio.interface import OnlineModel
from models.provenance import PLATFORM, RIVER_VERSION
from models.scorer import FORMAT, KIND, canonical

PIPELINE = "river.logistic_pipeline"
COMBINED = "blend"
RANKED_OF = 4
"""One lesson of so many is scored just before it is learned, once there are enough scores for a
threshold: River's own score costs as much as a lesson, and the threshold is a quantile."""


class Lesson(NamedTuple):
    """One outcome, as competitors are taught it: `scores` are those at the decision, by name, NaN
    for none; `mistake` is the weight at which its transaction was learned as the other class
    before, 0.0 where it was not; `number` counts lessons; `key` names the transaction; `fast`:
    whether it was told by a source that the policy calls so."""

    row: Row
    fraud: bool
    weight: float
    mistake: float
    scores: Mapping[str, float]
    number: int
    key: int = 0
    fast: bool = False


def correction(lesson: Lesson, keep: float, policy: LearnPolicy) -> float:
    """The weight at which a model that keeps a share of the negatives is taught a lesson.

    A correction outweighs the mistake as it was learned: a presumption that stood for ten weighs
    ten, or the share that is kept of it. One to legitimate must not be thinned away either: the
    mistake, a fraud, was learned whole.

    >>> presumed = Lesson([], True, 1.0, 10.0, {}, 0)
    >>> correction(presumed, 1.0, LearnPolicy()), correction(presumed, 0.05, LearnPolicy())
    (20.0, 2.0)
    """
    if not lesson.mistake:
        return lesson.weight
    learned = lesson.mistake * (keep if lesson.fraud else 1.0)
    return max(lesson.weight, learned) * policy.outweigh / (1.0 if lesson.fraud else keep)


class Competitor:
    """What a member and a combination share: latest scores, versions, thresholds."""

    def __init__(self, name: str, policy: LearnPolicy) -> None:
        self.name = name
        self.policy = policy
        self.row_by_row = False
        """Whether scorers ask River itself, a row at a time."""
        self.ranked: deque[tuple[float, float]] = deque(maxlen=policy.ranked)
        self.versions: list[tuple[int, float]] = []

    @property
    def latest(self) -> int | None:
        """The last version published, None before the first."""
        return self.versions[-1][0] if self.versions else None

    def in_force(self, version: int) -> int | None:
        """The latest version at or before another model's `version`; None where there is none,
        or where it is so old that it was forgotten."""
        at = bisect_right(self.versions, (version, math.inf))
        return self.versions[at - 1][0] if at else None

    def threshold(self, version: int) -> float | None:
        """The threshold that goes with a version; None for one that is not known."""
        return dict(self.versions).get(version)

    def learn(self, lesson: Lesson) -> None:
        """Learn one outcome."""
        raise NotImplementedError

    def scores(
        self, rows: Sequence[Row], members: Mapping[str, Sequence[float]]
    ) -> Sequence[float]:
        """The model's own scores of some rows; `members` are the members' scores of them."""
        raise NotImplementedError

    def payload(self, members: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
        """Kind and canonical bytes of what scorers read; `members` are snapshots just made."""
        raise NotImplementedError

    def state(self) -> bytes:
        """What the model learned."""
        raise NotImplementedError

    def restore_model(self, data: bytes) -> None:
        """Go on where `state` left off."""
        raise NotImplementedError

    def publish(self, offset: int, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A whole snapshot as of `offset` of `fraud.outcomes`, which becomes its version, without
        what only the learner knows: feature spec, metrics, where learning began. It counts once it
        has entered."""
        kind, payload = self.payload(members)
        threshold = alert_threshold(self.ranked, self.policy.alerts_per_1000)
        return {
            "name": self.name, "version": offset, "parent": self.latest, "kind": kind,
            "river_version": RIVER_VERSION, "platform": PLATFORM,
            "offset": offset, "payload": payload,
            "sha256": hashlib.sha256(payload).hexdigest(),
            "threshold": threshold,
            "part": 0, "parts": 1,
        }  # fmt: skip

    def enter(self, record: Mapping[str, Any]) -> None:
        """Take a snapshot for a version that may decide and be judged."""
        self.versions.append((record["version"], record["threshold"]))
        del self.versions[: -self.policy.versions]

    def _rank(self, score: float, weight: float) -> None:
        """Take a score into those whose quantile is the next threshold."""
        if not math.isnan(score):
            self.ranked.append((score, weight))

    def pack(self) -> dict[str, Any]:
        """All state as data for `models.portfolio.state`."""
        return {
            "model": self.state(),
            "ranked": np.array(self.ranked, dtype="<f8").tobytes(),
            "versions": self.versions,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on where `pack` left off."""
        self.restore_model(data["model"])
        self.versions = list(data["versions"])
        pairs = np.frombuffer(data["ranked"], dtype="<f8").reshape(-1, 2).tolist()
        self.ranked.clear()
        self.ranked.extend((score, weight) for score, weight in pairs)


class Member(Competitor):
    """A model of the portfolio, or `module:name` of a classifier or of what makes a model."""

    def __init__(self, name: str, features: Sequence[str], policy: LearnPolicy) -> None:
        super().__init__(name, policy)
        self.model: OnlineModel = competing(name, features, policy.seed)
        self.quick = name in policy.quick
        self.keep = float(getattr(self.model, "keep", 1.0))
        self.row_by_row = bool(getattr(self.model, "row_by_row", False))

    def learn(self, lesson: Lesson) -> None:
        """Learn one outcome. A quick model is ranked by its score just before, the others by what
        they said at the decision: to ask a forest through River costs more than to teach it."""
        if not self.quick:
            self._rank(lesson.scores[self.name], lesson.weight)
        elif len(self.ranked) < self.policy.ranked or lesson.number % RANKED_OF == 0:
            self._rank(self.model.score(lesson.row), lesson.weight)
        self.model.learn(lesson.row, lesson.fraud, self._weight(lesson))

    def _weight(self, lesson: Lesson) -> float:
        return correction(lesson, self.keep, self.policy)

    def scores(
        self, rows: Sequence[Row], members: Mapping[str, Sequence[float]]  # noqa: ARG002
    ) -> Sequence[float]:  # fmt: skip
        """By River's own arithmetic."""
        return [self.model.score(row) for row in rows]

    def payload(self, members: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:  # noqa: ARG002
        """The compiled model."""
        data = self.model.compiled()
        if data["kind"] == PIPELINE:  # what scorers have read since the first version
            return KIND, canonical({"format": FORMAT, **data["model"]})
        return data["kind"], canonical(data)

    def state(self) -> bytes:
        """What the model learned."""
        return self.model.pack()

    def restore_model(self, data: bytes) -> None:
        """Go on where `state` left off."""
        self.model.unpack(data)


class Combined(Competitor):
    """All members' scores, combined online."""

    def __init__(
        self, members: Sequence[str], features: Sequence[str], policy: LearnPolicy
    ) -> None:
        super().__init__(COMBINED, policy)
        self.members = tuple(members)
        self.features = tuple(features)
        self.model = Combination(self.members, policy.seed)

    def learn(self, lesson: Lesson) -> None:
        """Learn an outcome that every member had scored when it was decided."""
        self._rank(lesson.scores[self.name], lesson.weight)
        scores = [lesson.scores[name] for name in self.members]
        if any(map(math.isnan, scores)):
            return
        weight = correction(lesson, self.model.keep, self.policy)
        self.model.learn(scores, lesson.fraud, weight)

    def scores(
        self, rows: Sequence[Row], members: Mapping[str, Sequence[float]]  # noqa: ARG002
    ) -> Sequence[float]:  # fmt: skip
        """By River's own arithmetic, from what the members say."""
        return self.model.combine_many([members[name] for name in self.members])

    def payload(self, members: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
        """Weights, and the versions of the members just published."""
        named = {one["name"]: one for one in members}
        refs = [{part: named[name][part] for part in ("name", "version", "sha256")}
                for name in self.members]  # fmt: skip
        data = {**self.model.compiled(refs), "features": list(self.features)}
        return data["kind"], canonical(data)

    def state(self) -> bytes:
        """What the combination learned."""
        return self.model.pack()

    def restore_model(self, data: bytes) -> None:
        """Go on where `state` left off."""
        self.model.unpack(data)
