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

_TOLD = np.dtype([("key", "<u8"), ("fraud", "u1"), ("weight", "<f8")])


class Separated(Member):
    """A member of two models; its name says of what kind.

    `told`: what the fast one learned of a transaction, verdict and weight by key, the latest last:
    as many as the learner remembers, which is months longer, for it learns few. A chargeback that
    comes weeks after an analyst's mistake still finds it.
    """

    model: Separate

    def __init__(self, name: str, features: Sequence[str], policy: LearnPolicy) -> None:
        Competitor.__init__(self, name, policy)
        kind = name.removeprefix(SEPARATE)
        self.model = Separate(kind, features, policy.seed, policy.first)
        self.quick = policy.is_quick(name)
        self.keep = self.model.keep
        self.row_by_row = self.model.row_by_row
        self.told: dict[int, tuple[bool, float]] = {}

    def learn(self, lesson: Lesson) -> None:
        """Learn one outcome."""
        super().learn(lesson)
        before, mistake = self.told.get(lesson.key, (None, 0.0))  # its own, not the slow one's
        if before is lesson.fraud or (before is None and not lesson.fast):
            return
        weight = correction(lesson._replace(mistake=mistake), self.keep, self.policy)
        self.model.learn_fast(lesson.row, lesson.fraud, weight)
        self._remember(lesson)

    def state(self) -> bytes:
        """What both models learned, and which transactions the fast one did."""
        told = [(key, fraud, weight) for key, (fraud, weight) in self.told.items()]
        return dump({"models": self.model.pack(), "told": np.array(told, _TOLD).tobytes()})

    def restore_model(self, data: bytes) -> None:
        """Go on where `state` left off."""
        state = load(data)
        if not isinstance(state, dict) or state.keys() != {"models", "told"}:
            raise PayloadError(f"state of {self.name}", expected="its own", came=state)
        self.model.unpack(state["models"])
        told = np.frombuffer(state["told"], _TOLD).tolist()
        self.told = {key: (bool(fraud), weight) for key, fraud, weight in told}

    def _remember(self, lesson: Lesson) -> None:
        self.told.pop(lesson.key, None)
        self.told[lesson.key] = (lesson.fraud, lesson.weight)
        if len(self.told) > self.policy.remembered:
            del self.told[next(iter(self.told))]
