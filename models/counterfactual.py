"""What would have changed a decision: the smallest single changes to what it was made from.

One thing is changed at a time and the rest stays, whether or not the world could do that (a larger
amount would also have raised the card's mean): this says how the decision hangs on each number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.decision import Control, decide
from models.features import FEATURES, FeatureSet
from models.portfolio.imbalance import log_odds
from models.rules import Ruleset
from models.scorer import ModelScorer, Row
from models.windows.spec import Feature

WHOLE = frozenset(
    {"count", "distinct", "seen", "known_frauds", "fraud_run", "weekend", "night", "hour"}
)
"""Aggregations that give whole numbers."""
FINEST = 2.0**-10
"""First step of the search, relative to the value; each further one is twice as far."""
ROUNDS = 24
"""Halvings of the last step: the value found is right to seven digits of it."""


class Outcome(NamedTuple):
    """A decision and its score."""

    decision: str
    score: float


class Change(NamedTuple):
    """A feature, what it was, what it would have to be (None: unknown), and what then comes."""

    feature: str
    value: float | None
    instead: float | None
    outcome: Outcome

    @property
    def size(self) -> float:
        """How far, relative to the value (at least 1)."""
        if self.value is None or self.instead is None:
            return math.inf
        return abs(self.instead - self.value) / max(abs(self.value), 1.0)


@dataclass(frozen=True)
class Case:
    """Everything that one decision was made from, to be made again with something changed."""

    transaction: Mapping[str, Any]
    row: Row
    control: Control
    ruleset: Ruleset
    scorer: ModelScorer | None = None
    features: FeatureSet = FEATURES

    def outcome(self) -> Outcome:
        """The decision as it was."""
        return self.outcomes([self.row])[0]

    def outcomes(self, rows: Sequence[Row], without: str | None = None) -> list[Outcome]:
        """The decision on each of some rows, all else equal; `without` a rule, by code."""
        if not rows:
            return []
        scores: Sequence[float | None] = [None] * len(rows)
        if self.scorer is not None:
            scores = self.scorer.score_many(rows)
        return [self._one(row, score, without) for row, score in zip(rows, scores, strict=True)]

    def _one(self, row: Row, score: float | None, without: str | None) -> Outcome:
        hits = [hit for hit in self.ruleset.evaluate(row, self.transaction) if hit.code != without]
        made = decide(
            self.transaction, row, score, hits, self.control, src={}, features=self.features
        )
        return Outcome(made["decision"], made["score"])

    def with_value(self, at: int, value: float | None) -> list[float | None]:
        """The row with one feature changed."""
        return [*self.row[:at], value, *self.row[at + 1 :]]


def bounds(case: Case) -> dict[str, float | None]:
    """The score, what it would have had to reach or stay below, and how far that is in log-odds."""
    score, modelled = case.outcome().score, case.scorer is not None
    found: dict[str, float | None] = {"score": score}
    for name in ("threshold", "decline_threshold"):
        bound = getattr(case.control, name)
        found[name] = bound
        found[f"to_{name}"] = log_odds(bound) - log_odds(score) if modelled else None
    return found


def without_each_rule(case: Case) -> dict[str, Outcome]:
    """What the decision would be without each rule that acted, by code."""
    hits = case.ruleset.evaluate(case.row, case.transaction)
    acted = [hit.code for hit in hits if not hit.shadow and hit.action != "NOTE"]
    return {code: case.outcomes([case.row], without=code)[0] for code in acted}


def unknown_each(case: Case) -> list[Change]:
    """What would have come had one feature been unknown, where that is another decision."""
    known = [at for at, value in enumerate(case.row) if value is not None]
    found = case.outcomes([case.with_value(at, None) for at in known])
    was = case.outcome().decision
    return [
        Change(case.features.names[at], case.row[at], None, outcome)
        for at, outcome in zip(known, found, strict=True)
        if outcome.decision != was
    ]


def nearest(case: Case) -> list[Change]:
    """For each feature the nearest value found that changes the decision, nearest first.

    Values are tried up and down at distances that double, within the feature's declared bounds;
    then the last step is halved until the edge is found.
    """
    was = case.outcome().decision
    tried = [
        (at, value)
        for at, feature in enumerate(case.features.features)
        for values in _rays(feature, case.row[at])
        for value in values
    ]
    found = case.outcomes([case.with_value(*one) for one in tried])
    firsts = _first_changes(case, tried, [one.decision != was for one in found])
    edges = _edges(case, firsts, lambda outcome: outcome.decision != was)
    best: dict[int, Change] = {}
    for change in edges:
        at = case.features.names.index(change.feature)
        best[at] = min(best.get(at, change), change, key=lambda one: one.size)
    return sorted(best.values(), key=lambda one: one.size)


def _rays(feature: Feature, value: float | None) -> Iterator[list[float]]:
    """Values to try, below and above, nearest first."""
    if value is None or not math.isfinite(value):
        return
    whole = feature.aggregation in WHOLE
    finest = 1.0 if whole else max(abs(value), 1.0) * FINEST
    for bound in (feature.low, feature.high):
        room, ray, distance = abs(bound - value), [], finest
        while distance < room:
            ray.append(value + math.copysign(distance, bound - value))
            distance *= 2.0
        yield [*ray, bound] if room else []


def _first_changes(
    case: Case, tried: Sequence[tuple[int, float]], changed: Sequence[bool]
) -> list[tuple[int, float, float]]:
    """(place, last value that changes nothing, first one that does) along each ray."""
    found: dict[tuple[int, bool], tuple[int, float, float]] = {}
    last: dict[tuple[int, bool], float] = {}
    for (at, value), change in zip(tried, changed, strict=True):
        was = case.row[at] or 0.0
        ray = (at, value > was)
        if change and ray not in found:
            found[ray] = (at, last.get(ray, was), value)
        last[ray] = value
    return list(found.values())


def _edges(
    case: Case, firsts: Sequence[tuple[int, float, float]], changes: Callable[[Outcome], bool]
) -> list[Change]:
    """Halve between the two values of each, all together."""
    spans = list(firsts)
    for _ in range(ROUNDS):
        middles = [_middle(case.features.features[at], same, other) for at, same, other in spans]
        rows = [
            case.with_value(span[0], middle) for span, middle in zip(spans, middles, strict=True)
        ]
        spans = [
            (at, same, middle) if changes(outcome) else (at, middle, other)
            for (at, same, other), middle, outcome in zip(
                spans, middles, case.outcomes(rows), strict=True
            )
        ]
    ends = case.outcomes([case.with_value(at, other) for at, _, other in spans])
    return [
        Change(case.features.names[at], case.row[at], other, outcome)
        for (at, _, other), outcome in zip(spans, ends, strict=True)
    ]


def _middle(feature: Feature, same: float, other: float) -> float:
    middle = (same + other) / 2.0
    if feature.aggregation not in WHOLE:
        return middle
    return math.floor(middle) if other > same else math.ceil(middle)
