"""When a first model may be published where frauds are known long before silence counts.

A bank that labels frauds alone hears of them after ten days and presumes the rest legitimate after
sixty. Until then every lesson is a fraud; a model of them finds fraud everywhere, and goes on
finding too much for weeks, because their legitimate contemporaries are never learned. So:

```text
 frauds beyond a tenth of the lessons, before there are legitimate ones ─► left out, and late
 at the first count that is due:      not late ─► open
 late, once legitimate ones are there: blocks of lessons, each foreseen by the model just before it
                                       learned it; in one of them about as many frauds were
                                       expected as came ─► open
```

Once open it stays open: from there on both classes come at the rate at which they happen. All is
counted, no clock is read. How much a first model may be off is measured and not derived from a
share of lessons: that depends on how rare fraud is, which nobody knows by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FRAUDS = 20
"""Frauds that a block must hold: with twenty their number is known to a fifth or so."""
FACTOR = 1.5
"""Between frauds expected and frauds that came; with that fifth it stays within a factor of two."""
LONGEST = 10
"""A block of so many times `first` lessons is judged with fewer; fraud is rarer than that."""
BLOCKS = 20
"""Blocks after which it opens in any case: what is off by then is the model's own."""


@dataclass
class Opening:
    """Whether models may be published, and the present block.

    `at`: the lesson that opened it late, which completes a publication out of turn.

    >>> opening = Opening()
    >>> opening.first_due(500, clean=490, share=0.9)
    >>> opening.is_open, opening.at
    (True, None)
    """

    is_open: bool = False
    late: bool = False
    at: int | None = None
    blocks: int = 0
    clean: int = 0
    frauds: int = 0
    expected: float = 0.0
    came: float = 0.0

    def leaves_out(self, clean: int, frauds: int, first: int, share: float) -> bool:
        """Whether one more fraud is one too many, after so many lessons of both kinds."""
        if self.is_open or clean >= share * first or frauds < (1.0 - share) * (first + clean):
            return False
        self.late = True
        return True

    def looks(self, clean: int, first: int, share: float) -> bool:
        """Whether the lesson to come is to be foreseen."""
        return self.late and clean >= share * first

    def first_due(self, learned: int, clean: int, share: float) -> None:
        """Open after `learned` lessons, `clean` of them legitimate, unless frauds came early."""
        self.late = self.late or clean < min(share, 0.5) * learned
        self.is_open = not self.late

    def note(self, learned: int, first: int, *, score: float, fraud: bool, weight: float) -> None:
        """Take the `learned`-th lesson into the block, with what was foreseen of it."""
        self.clean += not fraud
        self.frauds += fraud
        self.expected += score * weight
        self.came += weight * fraud
        lessons = self.clean + self.frauds
        if 2 * self.clean >= first and (self.frauds >= FRAUDS or lessons >= LONGEST * first):
            self._judge(learned)

    def _judge(self, learned: int) -> None:
        """Open where expected and came agree, or begin another block."""
        self.blocks += 1
        came = max(self.came, FRAUDS / 2)
        if came / FACTOR <= self.expected <= came * FACTOR or self.blocks >= BLOCKS:
            self.is_open, self.late, self.at = True, False, learned
        self.clean = self.frauds = 0
        self.expected = self.came = 0.0

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Opening:
        """Go on where `data` left off."""
        return cls(**data)
