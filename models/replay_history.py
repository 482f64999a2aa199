"""What a replay puts on record: a column an attribute, a row a transaction, in order of arrival."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.replay_track import Scored

UNKNOWN = -1
DAY_MS = 86_400_000


class Recorded(NamedTuple):
    """The record as arrays of one length. `truth` is 1 fraud, 0 legitimate, -1 never labelled."""

    event_time: NDArray[np.int64]  # UTC ms
    card: NDArray[np.int64]  # index into the cards' ids
    amount: NDArray[np.int64]  # minor units
    truth: NDArray[np.int8]
    rules: NDArray[np.float64]  # score of the rules alone

    @property
    def day(self) -> NDArray[np.int64]:
        """Days since 1970, UTC."""
        return self.event_time // DAY_MS

    def take(self, mask: NDArray[np.bool_]) -> Recorded:
        """The rows of a mask."""
        return Recorded(
            self.event_time[mask], self.card[mask], self.amount[mask], self.truth[mask],
            self.rules[mask],
        )  # fmt: skip


class Names:
    """Numbers ids in order of first sight.

    >>> names = Names()
    >>> names.number("b"), names.number("a"), names.number("b"), names.ids
    (0, 1, 0, ['b', 'a'])
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, identity: str) -> int:
        """The number of an id."""
        found = self._numbers.setdefault(identity, len(self.ids))
        if found == len(self.ids):
            self.ids.append(identity)
        return found


class History:
    """Grows by a row a transaction; 29 bytes each, and its id."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.cards = Names()
        self.event_time, self.amount = array("q"), array("q")
        self.card = array("i")
        self.truth, self.rules = array("b"), array("d")

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, transaction: Mapping[str, Any], rules: float) -> int:
        """Append a transaction; returns its ordinal."""
        self.ids.append(transaction["transaction_id"])
        self.event_time.append(transaction["event_time"])
        self.amount.append(transaction["amount_minor"])
        self.card.append(self.cards.number(transaction["card_id"]))
        self.truth.append(UNKNOWN)
        self.rules.append(rules)
        return len(self.ids) - 1

    def recorded(self) -> Recorded:
        """The record so far, copied."""
        return Recorded(
            np.array(self.event_time, dtype=np.int64),
            np.array(self.card, dtype=np.int64),
            np.array(self.amount, dtype=np.int64),
            np.array(self.truth, dtype=np.int8),
            np.array(self.rules, dtype=np.float64),
        )

    def scores(self, scored: Scored) -> NDArray[np.float64]:
        """The score of every transaction, NaN where there is none."""
        found = np.full(len(self), np.nan)
        found[np.array(scored.ordinals, dtype=np.int64)] = np.array(scored.scores)
        return found
