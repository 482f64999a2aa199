"""Learning anew from the log: River cannot unlearn, but the fold can be made again.

```text
 first reading    which transactions have more than one verdict, and where the last one stands
 second reading   competitors without experience learn each transaction once, by that verdict,
                  without the sources that are excluded by now and what was dropped
```

What was known of each decision stays on record: features as they were scored, scores by the
versions that were in force then. So without reversals and exclusions nothing changes, to the bit.
Counts of what was learned begin anew, those of what happened (freezes, queued, dropped) go on.
Memory: two bytes an outcome while it runs, and an entry for each reversed transaction.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from models.contest.competitor import Combined, Member
from models.contest.entering import enter
from models.contest.opening import Opening
from models.decision import own_weight
from models.learn import Learner
from models.learn_freezing import TOGETHER
from models.learn_memory import Memory
from models.learn_policy import clean_weight
from models.outcome import is_presumed, source_of, transaction_key
from models.shadows import Around, look_ahead, shadows_of
from schemas.errors import InvalidField

ANEW = ("learned", "frauds", "repeats", "corrected", "left_out", "excluded")
"""Counts that say what the models were made of."""
FORGOTTEN = ("competitors", "memory", "trained_from", "counts", "ahead", "opening")
BITS = 16
"""A reading's filter has so many bits an outcome: one in 400 unreversed transactions is noted."""
_MASK = 2**64 - 1
_OTHER = 0x9E3779B97F4A7C15  # tells a transaction's verdict of fraud from the other one
Step = tuple[int, dict[str, Any]]


class Verdicts:
    """Where the last verdict of each reversed transaction stands: `note` all, then `stands`.

    A Bloom filter remembers who had which verdict. Where it errs, a transaction that was never
    reversed is noted with the place of its own verdict, which changes nothing.

    >>> verdicts = Verdicts(outcomes=2)
    >>> verdicts.note(0, 7, fraud=True, presumed=False)
    >>> verdicts.note(1, 7, fraud=False, presumed=False)
    >>> verdicts.stands(0, 7), verdicts.stands(1, 7)
    (False, True)
    """

    def __init__(self, outcomes: int, bits: int = BITS) -> None:
        self._filter = bytearray(max(outcomes, 1) * bits // 8 + 1)
        self._last: dict[int, tuple[bool, int]] = {}
        self.noted = 0

    def note(self, offset: int, key: int, *, fraud: bool, presumed: bool) -> None:
        """Take in an outcome that may teach; what is presumed never takes a label's place."""
        self.noted += 1
        known = self._last.get(key)
        reversed_ = self._has(key, not fraud) if known is None else known[0] is not fraud
        if reversed_ and not presumed:
            self._last[key] = (fraud, offset)
        for at in self._places(key, fraud):
            self._filter[at >> 3] |= 1 << (at & 7)

    def stands(self, offset: int, key: int) -> bool:
        """Whether the verdict at an offset was not reversed."""
        known = self._last.get(key)
        return known is None or known[1] == offset

    def _has(self, key: int, fraud: bool) -> bool:
        return all(self._filter[at >> 3] >> (at & 7) & 1 for at in self._places(key, fraud))

    def _places(self, key: int, fraud: bool) -> Iterator[int]:
        key = (key ^ _OTHER if fraud else key) & _MASK
        step, size = key >> 32 | 1, len(self._filter) * 8
        return ((key + n * step) % size for n in range(4))


def is_due(learner: Learner) -> bool:
    """Whether so many outcomes were learned since the last time as the policy says."""
    every = learner.policy.rebuild
    return bool(every) and learner.counts["learned"] - learner.rebuilt_at >= every


def rebuild(learner: Learner, stop: int, around: Around) -> str:
    """Learn the outcomes below `stop` anew; how many, in words.

    Raises `InvalidField` where the log has lost its beginning, and what an outcome or a version
    raises; then nothing has changed.
    """
    verdicts = _read(learner, stop, around)
    kept = {name: getattr(learner, name) for name in FORGOTTEN}
    try:
        _forget(learner)
        _learn(learner, stop, around, verdicts)
    except Exception:
        for name, value in kept.items():
            setattr(learner, name, value)
        raise
    learner.rebuilt_at = learner.counts["learned"]
    total = verdicts.noted + learner.counts["excluded"]
    return f"{learner.counts['learned']} of {total} outcomes learned anew"


def _read(learner: Learner, stop: int, around: Around) -> Verdicts:
    """The first reading."""
    verdicts, first = Verdicts(stop), None
    for offset, name, body in around.outcomes(0, stop):
        first = offset if first is None else first
        if name == "outcome" and _may_teach(learner, offset, body):
            key, fraud = transaction_key(body), body["label"] == "FRAUD"
            verdicts.note(offset, key, fraud=fraud, presumed=is_presumed(body))
    if learner.trained_from is not None and (first is None or first > learner.trained_from):
        raise InvalidField("fraud.outcomes", expected="records from offset 0", came=first)
    return verdicts


def _may_teach(learner: Learner, offset: int, outcome: Mapping[str, Any]) -> bool:
    dropped = any(since <= offset < end for since, end in learner.dropped)
    out = outcome["label"] == "INCONCLUSIVE" or source_of(outcome) in learner.excluded
    return not dropped and not out


def _forget(learner: Learner) -> None:
    """Competitors without experience; their published versions stay what they are."""
    versions = learner.versions
    learner.competitors = enter(learner.names, learner.policy)
    for name, one in learner.competitors.items():
        one.versions = versions[name]
    learner.memory = Memory(learner.policy.remembered, len(learner.competitors))
    learner.trained_from, learner.opening = None, Opening()
    anew = dict.fromkeys(ANEW, 0) | {"rebuilds": learner.counts["rebuilds"] + 1}
    learner.counts = learner.counts | anew


def _learn(learner: Learner, stop: int, around: Around, verdicts: Verdicts) -> None:
    """The second reading."""
    ahead, ranks = learner.ahead, Ranks(learner)
    steps, left = _lessons(learner, stop, around, verdicts), verdicts.noted
    while chunk := list(islice(steps, TOGETHER)):
        look_ahead(learner, [body for _, body, _ in chunk], around)
        for offset, body, at in chunk:
            if left - at <= learner.policy.ranked:
                ranks.note(body)
            learner.learn(body, offset, partial(shadows_of, learner, around=around))
    ranks.take_over()
    learner.ahead = ahead


def _lessons(
    learner: Learner, stop: int, around: Around, verdicts: Verdicts
) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Offset, outcome and number of what teaches; what an excluded source said is counted."""
    at = 0
    for offset, name, body in around.outcomes(0, stop):
        if name != "outcome" or not learner.teaches(body):
            continue
        if _may_teach(learner, offset, body):
            at += 1
            if verdicts.stands(offset, transaction_key(body)):
                yield offset, {**body, "corrects": 0.0}, at  # what it corrects is not learned


class Ranks:
    """The new models' own scores of the last outcomes, each before it was learned: thresholds are
    quantiles of them. On record is what the old models had said, by labels that are out now."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        size = learner.policy.ranked
        self._scores = {
            name: deque[tuple[float, float]](maxlen=size)
            for name, one in learner.competitors.items()
            if not (isinstance(one, Member) and one.quick)  # those rank themselves so
        }

    def note(self, outcome: Mapping[str, Any]) -> None:
        """Score an outcome that is about to be learned."""
        policy, fraud = self._learner.policy, outcome["label"] == "FRAUD"
        share = 1.0 if fraud else clean_weight(transaction_key(outcome), policy.keep_clean)
        row = [outcome["features"].get(name) for name in self._learner.names]
        said: dict[str, float] = {}
        for name, one in self._learner.competitors.items():
            if isinstance(one, Member):
                said[name] = one.model.score(row)
            elif isinstance(one, Combined):
                said[name] = one.model.combine([said[member] for member in one.members])
        for name, scores in self._scores.items():
            if share > 0 and not math.isnan(said[name]):
                scores.append((said[name], own_weight(outcome) * share))

    def take_over(self) -> None:
        """Let the next thresholds follow from these scores."""
        for name, scores in self._scores.items():
            self._learner.competitors[name].ranked = scores
