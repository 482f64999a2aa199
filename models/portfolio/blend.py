"""A combination of models, learned online: River's logistic regression on their log-odds.

Members learn every outcome; the combination learns the frauds and the share of negatives that its
tree members learn too, and is corrected for that once. It is taught with the members' scores
*before* they learn the outcome. Better are those in force when the transaction was decided, which
have not seen the labels of the days between: pass them as `decided` where they are on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from river import linear_model, optim, utils

from models.portfolio.adaptive_random_forest import AdaptiveRandomForest
from models.portfolio.ensemble import KEEP, RIVER_VERSION
from models.portfolio.imbalance import corrected, hashed, log_odds, thinned
from models.portfolio.inputs import Row
from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.leveraging_bagging import LeveragingBagging
from models.portfolio.logistic import Logistic
from models.portfolio.state import dump, load

KIND = "river.blend"
FORMAT = 1
RATE = 0.002
"""Of the SGD on log-odds: of 0.0005, 0.002 and 0.01, the best average precision on VALID."""
MEMBERS = (LeveragingBagging, AdaptiveRandomForest, Logistic)


class Blend:
    """Leveraging bagging, adaptive random forest and logistic regression, combined.

    >>> model = Blend(("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> 0.0 < model.score([12.5]) < 1.0
    True
    """

    name = "blend"

    def __init__(
        self, names: Sequence[str], seed: int, members: Sequence[OnlineModel] | None = None,
        keep: float = KEEP,
    ) -> None:  # fmt: skip
        self.features, self.seed, self.keep = tuple(names), seed, keep
        self.members = [make(names, seed) for make in MEMBERS] if members is None else members
        self.outcomes = 0
        self.model: Any = linear_model.LogisticRegression(optimizer=optim.SGD(RATE),
                                                          intercept_lr=RATE)  # fmt: skip
        self._place([1.0 / len(self.members)] * len(self.members))

    def learn(
        self, row: Row, fraud: bool, weight: float, decided: Sequence[float] | None = None
    ) -> None:
        """Learn one outcome; `decided` holds the members' scores at the decision, in order."""
        self.outcomes += 1
        share = weight
        if not fraud:
            share = thinned(weight, self.keep, hashed(self.outcomes, self.seed))
        if share:
            scores = decided or [member.score(row) for member in self.members]
            self.model.learn_one(self._shifted(scores), fraud, share)
        for member in self.members:
            member.learn(row, fraud, weight)

    def score(self, row: Row) -> float:
        """The probability of fraud, by River's own arithmetic."""
        return self.combine([member.score(row) for member in self.members])

    def combine(self, scores: Sequence[float]) -> float:
        """The probability of fraud from the members' scores, in order."""
        return corrected(self.model.predict_proba_one(self._shifted(scores))[True], self.keep)

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """Weights and the members' states; see `models.portfolio.state`."""
        return dump(
            {
                "about": self._about(),
                "outcomes": self.outcomes,
                "weights": self._weights(),
                "intercept": float(self.model.intercept),
                "steps": self.model.optimizer.n_iterations,
                "members": [member.pack() for member in self.members],
            }
        )

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError`."""
        state = load(data)
        if not isinstance(state, dict) or state.get("about") != self._about():
            raise PayloadError("state of blend", expected=str(self._about()), came=state)
        self.outcomes = state["outcomes"]
        self._place(state["weights"])
        self.model.intercept = state["intercept"]
        self.model.optimizer.n_iterations = state["steps"]
        for member, packed in zip(self.members, state["members"], strict=True):
            member.unpack(packed)

    def compiled(self) -> dict[str, Any]:
        """Weights and the members' payloads."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "keep": self.keep.hex(),
            "weights": [weight.hex() for weight in self._weights()],
            "intercept": float(self.model.intercept).hex(),
            "members": [member.compiled() for member in self.members],
        }

    def _shifted(self, scores: Sequence[float]) -> dict[str, float]:
        back = log_odds(1.0 / (1.0 + self.keep))  # the members' scores were corrected already
        return {str(at): log_odds(score) + back for at, score in enumerate(scores)}

    def _weights(self) -> list[float]:
        return [float(self.model.weights[str(at)]) for at in range(len(self.members))]

    def _place(self, weights: Sequence[float]) -> None:
        # River offers no public way to place weights
        self.model._weights = utils.VectorDict({str(at): w for at, w in enumerate(weights)})

    def _about(self) -> dict[str, Any]:
        return {
            "name": self.name, "river": RIVER_VERSION, "seed": self.seed, "keep": self.keep,
            "features": list(self.features), "members": [one.name for one in self.members],
        }  # fmt: skip
