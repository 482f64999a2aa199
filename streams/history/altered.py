"""The outcomes of a log as they would have been: some left out, or each with its final verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.history.left_out import LeftOut
from streams.history.rederived import Rederived

VERDICT = ("outcome_id", "label_id", "label", "source", "observed_at", "weight", "presumed")
"""What a later outcome of the same transaction says otherwise; all else is the decision's."""


class FinalLabels:
    """Each transaction once, in the place of its first outcome, with the last verdict known.

    `note` every outcome of the whole log in order; then `final` is a function of the offset.

    >>> seen = {"card_id": "c", "transaction_id": "t", "observed_at": 5, "label": "LEGITIMATE"}
    >>> seen |= {"outcome_id": "1", "label_id": "1", "source": "ISSUER", "weight": 10.0}
    >>> seen |= {"presumed": True}
    >>> later = seen | {"label": "FRAUD", "source": "CHARGEBACK", "observed_at": 9, "weight": 1.0}
    >>> later |= {"presumed": False}
    >>> final = FinalLabels(as_of=9)
    >>> final.note(0, seen), final.note(1, later)
    (None, None)
    >>> final.final(0, seen)["label"], final.final(1, later)
    ('FRAUD', None)
    """

    def __init__(self, as_of: int) -> None:
        self.as_of = as_of
        self._first: dict[int, int] = {}
        self._last: dict[int, tuple[Any, ...]] = {}

    def note(self, offset: int, outcome: Mapping[str, Any]) -> None:
        """Take an outcome's verdict in, if it was known at `as_of` (UTC ms, of `observed_at`)."""
        if outcome["observed_at"] > self.as_of:
            return
        key = _key(outcome)
        if self._first.setdefault(key, offset) != offset:
            self._last[key] = tuple(outcome[name] for name in VERDICT)

    def final(self, offset: int, outcome: dict[str, Any]) -> dict[str, Any] | None:
        """The outcome to learn here; None where another place has it, or nobody knew yet."""
        key = _key(outcome)
        if self._first.get(key) != offset:
            return None
        last = self._last.get(key)
        return outcome if last is None else outcome | dict(zip(VERDICT, last, strict=True))


@dataclass(frozen=True)
class Altered:
    """What becomes of each outcome: a function of its offset, the same at every reading.

    >>> keep = Altered()
    >>> keep(0, {"label": "FRAUD"})
    {'label': 'FRAUD'}
    """

    without: LeftOut = field(default_factory=LeftOut)
    final: FinalLabels | None = None
    features: Rederived | None = None

    def __call__(self, offset: int, outcome: dict[str, Any]) -> dict[str, Any] | None:
        """The outcome at an offset as it is to be learned; None for one that is left out."""
        kept = None if self.without.takes(outcome) else outcome
        if kept is not None and self.final is not None:
            kept = self.final.final(offset, kept)
        if kept is None or self.features is None:
            return kept
        src = kept["decided_src"]
        known = kept["features"]
        found = self.features.corrected(src["partition"], src["offset"], known)
        return kept if found is known else kept | {"features": found}


def _key(outcome: Mapping[str, Any]) -> int:
    """64 bits that stand for the transaction: a whole log's fit in memory."""
    identity = f"{outcome['card_id']}\0{outcome['transaction_id']}".encode()
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "little")
