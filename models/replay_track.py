"""One model through a replay: it scores in the state in force, and learns what was observed.

Live, a model learns continuously but decides by its latest published snapshot. Here the outcomes
observed since the last publication wait in a queue and are learned together when the next one is
due, so that the model's own state *is* the one in force: no copy is made, and nothing scored
between two publications has seen a label that came after the first of them.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from models.learn_policy import LearnPolicy, should_publish

Row = Sequence[float | None]
"""A feature row in the order of the feature set's names; None is a missing value."""
_BATCH = 2_000  # rows scored together at most: bounds what waits where no label comes for long
_FOREVER = 2**62


class Model(Protocol):
    """What a replay asks of a model; `models.replay_models` makes them by name."""

    name: str

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome."""

    def score(self, row: Row) -> float:
        """The probability of fraud, in [0, 1]; changes nothing."""

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row, to 1e-9."""


class Hears(Protocol):
    """What a replay tells of each decision and each outcome, in their order."""

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """Score a transaction by the state now in force."""

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Take an observed outcome."""

    def settle(self) -> None:
        """Score what waits: nothing more will be told."""


class Period(NamedTuple):
    """Event times from `start` up to, not including, `end`, in UTC ms.

    >>> Period(0, 10).holds(10)
    False
    """

    start: int = -_FOREVER
    end: int = _FOREVER

    def holds(self, event_time: int) -> bool:
        """Whether a time lies in the period."""
        return self.start <= event_time < self.end


ALWAYS = Period()


class Scored(NamedTuple):
    """The scores that a track gave, NaN where no model was in force, and of which transactions."""

    ordinals: array[int]
    scores: array[float]


class Heard(NamedTuple):
    """An outcome that waits to be learned."""

    ordinal: int
    row: Row
    fraud: bool


class Track:
    """A model, what it may learn from, what it is assessed on, and the scores it gave.

    `ordinals` and `scores` are parallel. A score is NaN where no model was in force yet: live, the
    rules alone decide until the first publication.
    """

    def __init__(
        self,
        model: Model,
        policy: LearnPolicy,
        *,
        learns: Period = ALWAYS,
        assesses: Period = ALWAYS,
    ) -> None:
        self.model = model
        self.policy = policy
        self.learns = learns
        self.assesses = assesses
        self.ordinals = array("q")
        self.scores = array("d")
        self.learned = 0
        self._rows: list[Row] = []
        self._heard: list[Heard] = []
        self._in_force = False

    @property
    def scored(self) -> Scored:
        """What it gave so far."""
        return Scored(self.ordinals, self.scores)

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """Score a transaction by the state now in force."""
        if self.assesses.start <= event_time < self.assesses.end:
            self.ordinals.append(ordinal)
            self._rows.append(row)
            if len(self._rows) >= _BATCH:
                self.settle()

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Take an observed outcome; it is learned with the next publication."""
        if self.learns.start <= event_time < self.learns.end:
            self._heard.append(Heard(ordinal, row, fraud))
            if should_publish(self.learned + len(self._heard), self.policy):
                self.publish()

    def publish(self) -> None:
        """Put everything heard in force, after what came before was scored without it."""
        self.settle()
        for _, row, fraud in self._heard:
            self.model.learn(row, fraud, 1.0)
        self.learned += len(self._heard)
        self._in_force = True
        self._heard = []

    def settle(self) -> None:
        """Score what waits; call it at the end."""
        if not self._rows:
            return  # a model that publishes each outcome need not compile each
        if self._in_force:
            self.scores.extend(self.model.score_many(self._rows))
        else:
            self.scores.extend([math.nan] * len(self._rows))
        self._rows = []

    def score_of(self, ordinal: int) -> float:
        """The score on record of a transaction; NaN where there is none."""
        at = bisect_left(self.ordinals, ordinal)
        known = at < len(self.scores) and self.ordinals[at] == ordinal
        return self.scores[at] if known else math.nan
