"""Analysts look at the highest scores of each day and say a day later what they were.

Labels of the alerts are quick, and all of high scores; the others are slow. Two ways to learn
from both (Dal Pozzolo, Adaptive Machine Learning for Credit Card Fraud Detection, ULB 2015, ch. 6):
a model of each kind, their probabilities averaged, or one model that learns what comes. Live, where
a label that says what is known is no outcome, it is both at once: `models.contest.separate`.

The feedback teaches the learners alone. The terminals' windows hear the file's labels when they
come, so that every way of learning is compared on the same features.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from models.replay_history import DAY_MS
from models.replay_track import Heard, Row, Track


class Analysts:
    """Chooses the `per_day` highest scores of each day of event time; ties by order of arrival.

    A transaction chosen is labelled 24 hours after its event time: the next day, never before its
    day is over. `fraud_of` says what they find, by ordinal.

    >>> analysts = Analysts(1, fraud_of=lambda ordinal: True)
    >>> analysts.saw(0, 5, ()); analysts.saw(1, 6, ())
    >>> analysts.close([0.1, 0.9])
    >>> [(at, heard.ordinal) for at, heard in analysts.due(DAY_MS + 6)]
    [(6, 1)]
    """

    def __init__(self, per_day: int, fraud_of: Callable[[int], bool]) -> None:
        self._per_day, self._fraud_of = per_day, fraud_of
        self.chosen = array("q")
        """Ordinals of all that was chosen."""
        self.oldest = 0
        """No ordinal below this one will be told."""
        self._day = -1
        self._today: list[tuple[int, int, Row]] = []
        self._waiting: deque[tuple[int, int, Row]] = deque()

    def is_over(self, event_time: int) -> bool:
        """Whether a transaction of this time begins a new day: `close` the one before first."""
        return event_time // DAY_MS > self._day and bool(self._today)

    def saw(self, ordinal: int, event_time: int, row: Row) -> None:
        """A transaction was decided; a late one counts to the day it arrived in."""
        self._day = max(self._day, event_time // DAY_MS)
        self._today.append((ordinal, event_time, row))

    @property
    def many(self) -> int:
        """How many transactions of the open day there are."""
        return len(self._today)

    def close(self, scores: Sequence[float]) -> None:
        """End the day; `scores` are those of its transactions, NaN (no model yet) never chosen."""
        scored = (n for n, score in enumerate(scores) if not math.isnan(score))
        top = sorted(scored, key=lambda n: (-scores[n], n))[: self._per_day]
        found = sorted((self._today[n] for n in top), key=lambda one: (one[1], one[0]))
        self.chosen.extend(ordinal for ordinal, _, _ in found)
        self._waiting.extend(found)
        after = self._today[-1][0] + 1
        self.oldest = min((ordinal for ordinal, _, _ in self._waiting), default=after)
        self._today = []

    def due(self, now: int) -> Iterator[tuple[int, Heard]]:
        """What they have found by `now`, UTC ms, and not told before, with its event time."""
        while self._waiting and self._waiting[0][1] + DAY_MS <= now:
            ordinal, event_time, row = self._waiting.popleft()
            yield event_time, Heard(ordinal, row, self._fraud_of(ordinal))


class FeedbackTrack(Track):
    """A track that asks analysts about its own highest scores, and learns what they say.

    `slow` and `fast` are tracks as `models.replay_models.tracks` makes them for one model, which
    stands first; tell a replay of this track alone. Without `fast` one model learns both kinds of
    labels, each transaction's verdict once, whichever kind brings it. With it, `slow` learns the
    file's labels, those of the alerts too when they come, `fast` learns the feedback, and the score
    is the mean of the two; of `slow` alone while `fast` is not in force. Where labels teach `once`,
    `slow` learns as the one model does, and `fast` the feedback beside it.
    """

    def __init__(
        self, slow: Sequence[Track], fast: Sequence[Track] | None, analysts: Analysts, *,
        once: bool = False,
    ) -> None:  # fmt: skip
        one = slow[0]
        super().__init__(one.model, one.policy, learns=one.learns, assesses=one.assesses)
        self._slow, self._fast, self.analysts = slow, fast, analysts
        self._once = once or fast is None
        self._told: dict[int, bool] = {}  # once: feedback whose label is still to come
        self._early: set[int] = set()  # once: labels that came before feedback could

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """Score a transaction by the state now in force."""
        if self.analysts.is_over(event_time):
            self.settle()
            self.analysts.close(self.scores[-self.analysts.many :])
            self._early = {known for known in self._early if known >= self.analysts.oldest}
        for at, heard in self.analysts.due(event_time):
            self._feed_back(at, heard)
        self.ordinals.append(ordinal)
        for track in (*self._slow, *(self._fast or ())):
            track.decide(ordinal, event_time, row)
        self.analysts.saw(ordinal, event_time, row)

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Take an outcome that came as the file says."""
        if self._once:
            if self._told.pop(ordinal, None) is fraud:
                return
            if ordinal >= self.analysts.oldest:
                self._early.add(ordinal)
        for track in self._slow:
            track.hear(ordinal, event_time, row, fraud)

    def settle(self) -> None:
        """Score what waits, and average."""
        done = len(self.scores)
        groups = [self._slow[0], *([self._fast[0]] if self._fast else [])]
        for track in groups:
            track.settle()
        for scores in zip(*(track.scores[done:] for track in groups), strict=True):
            known = [score for score in scores if not math.isnan(score)]
            unknown = math.isnan(scores[0])
            self.scores.append(math.nan if unknown else math.fsum(known) / len(known))
        self.learned = sum(track.learned for track in groups)

    def _feed_back(self, event_time: int, heard: Heard) -> None:
        hears = [*(self._fast or ())]
        if self._once and heard.ordinal not in self._early:
            self._told[heard.ordinal] = heard.fraud
            hears += self._slow
        for track in hears:
            track.hear(heard.ordinal, event_time, heard.row, heard.fraud)
