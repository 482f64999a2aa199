"""The learner's bounded memory: what it learned lately, and how the scores on record did."""

from __future__ import annotations

import struct
from typing import NamedTuple

from models.evaluation import average_precision, log_loss, roc_auc
from models.state_versions import check_version

_VERSION = 1
_HEAD = struct.Struct("<BI")
_ROW = struct.Struct("<QBdd")


class Seen(NamedTuple):
    """A learned outcome: its verdict, the score on record at the decision, its weight."""

    fraud: bool
    score: float
    weight: float


class Memory:
    """The last `size` learned transactions, by a 64-bit key, in the order they were learned."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen: dict[int, Seen] = {}

    def verdict(self, key: int) -> bool | None:
        """The remembered verdict (True: fraud), None for a transaction not remembered."""
        known = self.seen.get(key)
        return None if known is None else known.fraud

    def note(self, key: int, seen: Seen) -> None:
        """Remember, or correct in place; the oldest makes room."""
        self.seen[key] = seen
        if len(self.seen) > self.size:
            del self.seen[next(iter(self.seen))]

    def metrics(self) -> dict[str, float]:
        """Prequential metrics over the window; one that is undefined (no fraud yet) is left out."""
        rows = list(self.seen.values())
        labels, scores = [row.fraud for row in rows], [row.score for row in rows]
        weights = [row.weight for row in rows]
        found = {
            "window": float(len(rows)),
            "window_frauds": float(sum(labels)),
            "auc_roc": roc_auc(labels, scores, weights),
            "average_precision": average_precision(labels, scores, weights),
            "log_loss": log_loss(labels, scores, weights),
        }
        return {name: value for name, value in found.items() if value is not None}

    def pack(self) -> bytes:
        """5 bytes and 25 a transaction, in order."""
        rows = (_ROW.pack(key, *seen) for key, seen in self.seen.items())
        return _HEAD.pack(_VERSION, len(self.seen)) + b"".join(rows)

    def restore(self, data: bytes) -> None:
        """Read what `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("learner's memory", data, _VERSION, _HEAD.size)
        count = _HEAD.unpack_from(data)[1]
        check_version("learner's memory", data, _VERSION, _HEAD.size + count * _ROW.size)
        rows = _ROW.iter_unpack(data[_HEAD.size :])
        self.seen = {key: Seen(bool(fraud), score, weight) for key, fraud, score, weight in rows}
