"""The learner's bounded memory: what it learned lately, and how each competitor had scored it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.outcome import digest
from models.state_versions import check_version

_VERSION = 2
_HEAD = struct.Struct("<BII")  # version, rows, competitors

Table = NDArray[Any]
"""Rows with the fields of `row_type`."""


class Seen(NamedTuple):
    """A learned outcome: digests, time and amount of its transaction, its verdict, and the score
    that each competitor had in force at the decision, NaN for none."""

    key: int
    card: int
    event_time: int
    amount: int
    weight: float
    fraud: bool
    scores: Sequence[float]


def seen(key: int, outcome: Mapping[str, Any], weight: float, scores: Sequence[float]) -> Seen:
    """What is remembered of an outcome that is learned."""
    return Seen(
        key, digest(outcome["card_id"]), outcome["event_time"], outcome["amount_minor"], weight,
        outcome["label"] == "FRAUD", scores,
    )  # fmt: skip


def row_type(competitors: int) -> np.dtype[Any]:
    """One remembered outcome as it is packed, little-endian."""
    return np.dtype(
        [("key", "<u8"), ("card", "<u8"), ("time", "<i8"), ("amount", "<i8"), ("weight", "<f8"),
         ("fraud", "u1"), ("scores", "<f8", (competitors,))]
    )  # fmt: skip


class Memory:
    """The last `size` learned transactions, by a 64-bit key, in the order they were learned.

    >>> memory = Memory(2, competitors=1)
    >>> for key in (7, 8, 9):
    ...     memory.note(Seen(key, 1, 0, 100, 1.0, False, [0.5]))
    >>> memory.verdict(7), memory.verdict(9), len(memory)
    (None, False, 2)
    """

    def __init__(self, size: int, competitors: int) -> None:
        self.size = size
        self._rows: Table = np.zeros(size, row_type(competitors))
        self._slots: dict[int, int] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def full(self) -> bool:
        """Whether the oldest has to make room."""
        return len(self._slots) == self.size

    def verdict(self, key: int) -> bool | None:
        """The remembered verdict (True: fraud), None for a transaction not remembered."""
        slot = self._slots.get(key)
        return None if slot is None else bool(self._rows["fraud"][slot])

    def weight(self, key: int) -> float:
        """The weight at which a remembered transaction was learned last."""
        return float(self._rows["weight"][self._slots[key]])

    def mistake(self, key: int, told: float) -> float:
        """The weight at which a transaction was learned as what it turned out not to be.

        A chargeback may take a presumption back weeks later, when it is long forgotten: then what
        the join told stands, 0.0 where there was nothing to take back.
        """
        return self.weight(key) if key in self._slots else told

    def note(self, seen: Seen) -> None:
        """Remember, or correct the verdict in place; the oldest makes room."""
        slot = self._slots.get(seen.key)
        if slot is not None:
            self._rows["fraud"][slot], self._rows["weight"][slot] = seen.fraud, seen.weight
            return
        slot = self._next
        if self.full:
            del self._slots[int(self._rows["key"][slot])]
        self._rows[slot] = (*seen[:6], tuple(seen.scores))
        self._slots[seen.key] = slot
        self._next = (slot + 1) % self.size

    def reseat(self, places: Sequence[int | None]) -> None:
        """Let others compete: where the scores of each stood before, None for nobody's."""
        rows = np.zeros(self.size, row_type(len(places)))
        for name in ("key", "card", "time", "amount", "weight", "fraud"):
            rows[name] = self._rows[name]
        for at, place in enumerate(places):
            rows["scores"][:, at] = np.nan if place is None else self._rows["scores"][:, place]
        self._rows = rows

    def table(self) -> Table:
        """A copy of what is remembered, oldest first."""
        if not self.full:
            return self._rows[: self._next].copy()
        return np.concatenate([self._rows[self._next :], self._rows[: self._next]])

    def pack(self) -> bytes:
        """9 bytes and the rows, in order."""
        rows = self.table()
        return _HEAD.pack(_VERSION, len(rows), rows["scores"].shape[1]) + rows.tobytes()

    def restore(self, data: bytes) -> None:
        """Read what `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("learner's memory", data, _VERSION, _HEAD.size)
        _, count, competitors = _HEAD.unpack_from(data)
        kind = row_type(competitors)
        check_version("learner's memory", data, _VERSION, _HEAD.size + count * kind.itemsize)
        rows = np.frombuffer(data, kind, count, _HEAD.size)[-self.size :]
        self._rows = np.zeros(self.size, kind)
        self._rows[: len(rows)] = rows
        self._slots = {key: slot for slot, key in enumerate(rows["key"].tolist())}
        self._next = len(rows) % self.size
