"""A competitor that is learned in two: one model hears every outcome, another what comes fast.

```text
                                         slow                      fast
 analyst's verdict (a fast source)       learns it                 learns it
 chargeback, customer, presumption       learns it                 -
 reverses what fast had learned          learns it, outweighing    learns it, outweighing
 reverses what slow alone had learned    learns it, outweighing    learns it if it is fast, plainly
```

The slow one hears analysts, too. A label that says what is known makes no outcome (`models.join`),
so of most frauds that analysts found no second one ever comes: a model that never heard of them
would lack the very transactions that score highest, and expect too little fraud everywhere. So it
is, to the bit, the model that competes by itself, and the score is that one's until the fast one
has learned enough (`models.portfolio.separate`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.contest.competitor import Competitor, Lesson, Member, correction
from models.learn_policy import SEPARATE, LearnPolicy
from models.portfolio.interface import PayloadError
from models.portfolio.separate import Separate
from models.portfolio.state import dump, load


class Separated(Member):
    """A member of two models; its name says of what kind.

    `known`: transactions that the fast one has learned, by key, the latest last, as many as the
    learner remembers. A mistake is corrected where it was learned; beyond memory, nowhere.
    """

    model: Separate

    def __init__(self, name: str, features: Sequence[str], policy: LearnPolicy) -> None:
        Competitor.__init__(self, name, policy)
        kind = name.removeprefix(SEPARATE)
        self.model = Separate(kind, features, policy.seed, policy.first)
        self.quick = policy.is_quick(name)
        self.keep = self.model.keep
        self.known: dict[int, None] = {}

    def learn(self, lesson: Lesson) -> None:
        """Learn one outcome."""
        super().learn(lesson)
        was_told = bool(lesson.mistake) and lesson.key in self.known
        if not (was_told or lesson.fast):
            return
        alone = lesson if was_told else lesson._replace(mistake=0.0)  # another model's mistake
        weight = correction(alone, self.keep, self.policy)
        self.model.learn_fast(lesson.row, lesson.fraud, weight)
        self._remember(lesson.key)

    def state(self) -> bytes:
        """What both models learned, and which transactions the fast one did."""
        known = np.array([*self.known], dtype="<u8").tobytes()
        return dump({"models": self.model.pack(), "known": known})

    def restore_model(self, data: bytes) -> None:
        """Go on where `state` left off."""
        state = load(data)
        if not isinstance(state, dict) or state.keys() != {"models", "known"}:
            raise PayloadError(f"state of {self.name}", expected="its own", came=state)
        self.model.unpack(state["models"])
        self.known = dict.fromkeys(np.frombuffer(state["known"], dtype="<u8").tolist())

    def _remember(self, key: int) -> None:
        self.known.pop(key, None)
        self.known[key] = None
        if len(self.known) > self.policy.remembered:
            del self.known[next(iter(self.known))]
