"""A combination of scores, learned online: River's logistic regression on the members' log-odds.

It knows no members, only what they said. Teach it the scores that were in force when the
transaction was decided: one computed when the label arrives has seen the labels of the days
between, and flatters. It learns the frauds and the share of negatives that the tree members learn
too, and is corrected for that once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from river import linear_model, optim, utils

from models.portfolio.imbalance import corrected, hashed, log_odds, thinned
from models.portfolio.interface import PayloadError
from models.portfolio.river_model import RIVER_VERSION
from models.portfolio.settings import CHOSEN, Settings
from models.portfolio.state import dump, load

KIND = "river.blend"
FORMAT = 1


class Combination:
    """Weights over the scores of `members`, by name and in order.

    >>> both = Combination(("forest", "logistic"), seed=1)
    >>> both.learn([0.9, 0.2], True, 1.0)
    >>> 0.2 < both.combine([0.9, 0.2]) < 0.9
    True
    """

    def __init__(self, members: Sequence[str], seed: int, settings: Settings | None = None) -> None:
        self.settings = CHOSEN["blend"] | (settings or {}) | {"members": list(members)}
        self.members, self.seed, self.keep = tuple(members), seed, self.settings["keep"]
        self.outcomes = 0
        self._back = log_odds(1.0 / (1.0 + self.keep))  # the members' scores were corrected already
        self.model: Any = linear_model.LogisticRegression(
            optimizer=optim.SGD(self.settings["rate"]), intercept_lr=self.settings["rate"]
        )
        self._place([1.0 / len(self.members)] * len(self.members))

    def learn(self, scores: Sequence[float], fraud: bool, weight: float) -> None:
        """Learn one outcome from the members' scores at its decision."""
        share = self.draw(fraud, weight)
        if share:
            self.teach(scores, fraud, share)

    def draw(self, fraud: bool, weight: float) -> float:
        """Count an outcome; the weight to teach it with, 0.0 for one that is left out."""
        self.outcomes += 1
        if fraud:
            return weight
        return thinned(weight, self.keep, hashed(self.outcomes, self.seed))

    def teach(self, scores: Sequence[float], fraud: bool, share: float) -> None:
        """Learn an outcome that `draw` did not leave out."""
        self.model.learn_one(self._shifted(scores), fraud, share)

    def combine(self, scores: Sequence[float]) -> float:
        """The probability of fraud from the members' scores."""
        return corrected(self.model.predict_proba_one(self._shifted(scores))[True], self.keep)

    def combine_many(self, columns: Sequence[Sequence[float]]) -> list[float]:
        """`combine` of each row, given a list of scores a member."""
        return [self.combine(scores) for scores in zip(*columns, strict=True)]

    def pack(self) -> bytes:
        """Everything learned; see `models.portfolio.state`."""
        return dump(
            {
                "about": self._about(),
                "outcomes": self.outcomes,
                "weights": self.weights(),
                "intercept": float(self.model.intercept),
                "steps": self.model.optimizer.n_iterations,
            }
        )

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError`."""
        state = load(data)
        if not isinstance(state, dict) or state.get("about") != self._about():
            raise PayloadError("state of a combination", expected=str(self._about()), came=state)
        self.outcomes = state["outcomes"]
        self._place(state["weights"])
        self.model.intercept = state["intercept"]
        self.model.optimizer.n_iterations = state["steps"]

    def compiled(self, member_payloads: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The payload of the whole: weights, and what the members compiled to."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "keep": self.keep.hex(),
            "weights": [weight.hex() for weight in self.weights()],
            "intercept": float(self.model.intercept).hex(),
            "members": list(member_payloads),
        }

    def weights(self) -> list[float]:
        """A weight a member."""
        return [float(self.model.weights[str(at)]) for at in range(len(self.members))]

    def _shifted(self, scores: Sequence[float]) -> dict[str, float]:
        return {str(at): log_odds(score) + self._back for at, score in enumerate(scores)}

    def _place(self, weights: Sequence[float]) -> None:
        # River offers no public way to place weights
        self.model._weights = utils.VectorDict({str(at): w for at, w in enumerate(weights)})

    def _about(self) -> dict[str, Any]:
        return {
            "river": RIVER_VERSION, "seed": self.seed, "settings": self.settings,
        }  # fmt: skip
