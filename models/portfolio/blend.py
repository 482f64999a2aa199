"""Members and their combination as one model.

A stream learns its members once and combines what they said at the decision
(`models.portfolio.combination`). This model stands alone: it teaches the combination the members'
scores *before* they learn the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.portfolio import PORTFOLIO
from models.portfolio.combination import Combination
from models.portfolio.inputs import Row
from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.settings import CHOSEN, Settings
from models.portfolio.state import dump, load

MEMBERS: tuple[str, ...] = tuple(CHOSEN["blend"]["members"])


class Blend:
    """The combination of `MEMBERS`, or of others.

    >>> model = Blend(("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> 0.0 < model.score([12.5]) < 1.0
    True
    """

    name = "blend"

    def __init__(
        self, names: Sequence[str], seed: int, members: Sequence[OnlineModel] | None = None,
        settings: Settings | None = None,
    ) -> None:  # fmt: skip
        self.features = tuple(names)
        made = [PORTFOLIO[name](names, seed) for name in MEMBERS] if members is None else members
        self.members: Sequence[OnlineModel] = made
        self.combination = Combination([member.name for member in made], seed, settings)

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome."""
        share = self.combination.draw(fraud, weight)
        if share:
            scores = [member.score(row) for member in self.members]
            self.combination.teach(scores, fraud, share)
        for member in self.members:
            member.learn(row, fraud, weight)

    def score(self, row: Row) -> float:
        """The probability of fraud, by River's own arithmetic."""
        return self.combination.combine([member.score(row) for member in self.members])

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """The states of the combination and of the members; see `models.portfolio.state`."""
        members = [member.pack() for member in self.members]
        return dump([list(self.features), self.combination.pack(), members])

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError`."""
        state = load(data)
        if not isinstance(state, list) or state[:1] != [list(self.features)]:
            raise PayloadError("state of blend", expected=f"of {self.features}", came=state)
        self.combination.unpack(state[1])
        for member, packed in zip(self.members, state[2], strict=True):
            member.unpack(packed)

    def compiled(self) -> dict[str, Any]:
        """Weights and the members' payloads."""
        return self.combination.compiled([member.compiled() for member in self.members])
