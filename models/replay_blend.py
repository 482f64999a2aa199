"""A blend through a replay: it combines what its members' tracks scored, and learns from that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from models.learn_policy import should_publish
from models.portfolio.combination import Combination
from models.replay_track import Row, Track


class BlendTrack(Track):
    """The track of a combination over the tracks of its members, in the combination's order.

    It learns from the scores that its members had in force at the decision. A transaction that no
    member was assessed on (a fold's training week, where nothing was in force) is scored by the
    members as they are before they learn it: give a replay this track before theirs.

    An outcome that the combination leaves out is counted and not kept.
    """

    def __init__(self, combination: Combination, members: Sequence[Track]) -> None:
        one = members[0]
        super().__init__(one.model, one.policy, learns=one.learns, assesses=one.assesses)
        self.combination, self.members = combination, members
        self._kept: list[tuple[int, Sequence[float] | None, bool, float]] = []
        self._counted = 0

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:  # noqa: ARG002 - members do
        """Note a transaction that the members score."""
        if self.assesses.start <= event_time < self.assesses.end:
            self.ordinals.append(ordinal)

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Take an observed outcome; it is learned with the next publication."""
        if not self.learns.start <= event_time < self.learns.end:
            return
        self._counted += 1
        share = self.combination.draw(fraud, 1.0)
        if share:
            on_record = self.assesses.holds(event_time)
            scores = None if on_record else [one.model.score(row) for one in self.members]
            self._kept.append((ordinal, scores, fraud, share))
        if should_publish(self._counted, self.policy):
            self.publish()

    def publish(self) -> None:
        """Put everything heard in force, after what came before was combined without it."""
        self.settle()
        for ordinal, fresh, fraud, share in self._kept:
            scores = fresh or [one.score_of(ordinal) for one in self.members]
            if not any(map(math.isnan, scores)):
                self.combination.teach(scores, fraud, share)
        self._kept = []
        self.learned = self._counted

    def settle(self) -> None:
        """Combine what the members scored since."""
        done = len(self.scores)
        for one in self.members:
            one.settle()
        for scores in zip(*(one.scores[done:] for one in self.members), strict=True):
            unknown = any(map(math.isnan, scores))
            self.scores.append(math.nan if unknown else self.combination.combine(scores))
