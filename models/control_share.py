"""The control share: some of what the model would decline is let through, to learn what it was.

Nobody charges a declined payment back, so nothing on the log says how many declined customers were
honest. A share p of the model's declines, chosen by a hash of the transaction id, goes on as if the
model had said nothing; its labels come as any other's, and each stands for 1 / p.

```text
 declined by the model alone ──► a rule challenges or declines it? ─ yes ─► DECLINE, as ever
                                            │ no
                                 hash(seed, id) < p? ─ no ─► DECLINE
                                            │ yes
                                 what the rules say: APPROVE, or REVIEW; weight 1 / p
```

A rule is somebody's order (sanctions, stolen cards): what it stops is never let through. APPROVE
and not REVIEW for what the model alone would stop: an alert at the top of the queue would have the
card blocked, and the label would tell what analysts do instead of what the payment was.

Metrics, promotion and reports count it 1 / p times. It is learned once: which payments are let
through follows from their features, so that what is learned of such features is right without the
weight, and a single honest payment of a high score, learned fifty times as heavily, turns a
logistic regression around.

The share and its seed travel in the control marker, and the reason on record has both, so whoever
derives the decision again, or weighs its outcome, needs no setting of anybody's.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.errors import InvalidField

CODE = "CONTROL_SHARE"
"""Code of the reason; no rule may have it."""
LEAST, MOST = 0.01, 0.1
"""Bounds of a share that is not 0. More than a tenth gives too much fraud away; below a hundredth
one payment would stand for more than a hundred, and teach and measure by itself."""


@dataclass(frozen=True)
class ControlShare:
    """Which of the model's declines are let through; `InvalidField` for a share out of bounds.

    share: 0.0 lets nothing through, else from `LEAST` to `MOST`.
    seed: another one chooses others; a larger share of the same seed keeps those of the smaller.
    """

    share: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.share != 0.0 and not LEAST <= self.share <= MOST:
            raise InvalidField(
                "control_share", expected=f"0, or from {LEAST:g} to {MOST:g}", came=self.share
            )

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> ControlShare:
        """What a marker says; a marker that says nothing lets nothing through."""
        return cls() if record is None else cls(record["share"], record["seed"])

    def record(self) -> dict[str, Any] | None:
        """As a marker carries it; None where nothing is let through.

        >>> ControlShare().record(), ControlShare.of(ControlShare(0.02, 7).record()).seed
        (None, 7)
        """
        return {"share": self.share, "seed": self.seed} if self.share else None

    def draws(self, transaction_id: str) -> bool:
        """Whether a transaction is of the share: a function of id, seed and share alone.

        The hash is of its own kind, so that what thins by id is not thinned with it.

        >>> sum(ControlShare(0.1).draws(f"t{n}") for n in range(1000))
        108
        """
        if not self.share:
            return False
        key = self.seed.to_bytes(8, "little", signed=True)
        digest = hashlib.blake2b(
            transaction_id.encode(), digest_size=8, key=key, person=b"control"
        ).digest()
        return int.from_bytes(digest, "little") < self.share * 2.0**64

    @property
    def weight(self) -> float:
        """How many of the model's declines one that was let through stands for."""
        return 1.0 / self.share if self.share else 1.0

    def reason(self) -> dict[str, str]:
        """Why a payment goes on that the model would have stopped.

        >>> ControlShare(0.02, 7).reason()["text"]
        'would be DECLINE; let through by the control share 0.02 of seed 7, stands for 50'
        """
        text = f"would be DECLINE; let through by the control share {self.share!r} of seed "
        return {"code": CODE, "text": f"{text}{self.seed}, stands for {self.weight:g}"}


_SAID = re.compile(r"control share (?P<share>\S+) of seed (?P<seed>-?\d+),")


def on_record(decision: Mapping[str, Any]) -> ControlShare:
    """The share that let a decision's payment through, to the bit; one of 0.0 where none did.

    >>> on_record({"reasons": [ControlShare(0.03, 5).reason()]}), on_record({"reasons": []}).share
    (ControlShare(share=0.03, seed=5), 0.0)
    """
    for reason in decision.get("reasons", ()):
        if reason["code"] == CODE and (said := _SAID.search(reason["text"])) is not None:
            return ControlShare(float(said["share"]), int(said["seed"]))
    return ControlShare()


class Estimate(NamedTuple):
    """A total and its standard error."""

    total: float
    error: float


def estimate(weights: Iterable[float]) -> Estimate:
    """How many there are of a kind among the model's declines, by those that were let through.

    Horvitz and Thompson (1952): each stands for its weight 1 / p, and, drawn independently, adds
    (1 - p) / p^2 to the variance. A kind of which none was met has an error of 0, and may be there
    all the same: three times the weight bounds it with 95 % confidence.

    >>> found = estimate([50.0] * 8)
    >>> found.total, round(found.error, 1)
    (400.0, 140.0)
    """
    each = list(weights)
    return Estimate(math.fsum(each), math.sqrt(math.fsum(w * (w - 1.0) for w in each)))
