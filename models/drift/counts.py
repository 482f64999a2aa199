"""What one day held, as integers: a sketch a subject, sums by the hour, how often each word.

Integers merge exactly in any order, so four partitions make the same day whoever came first.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.sketch import CODES, MISSING, codes
from models.state_versions import check_version

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MICRO = 1_000_000
HOURS = 24
WORDS_KEPT = 64
OTHER = "(other)"
"""A word beyond the first `WORDS_KEPT` of its subject: the state is bounded."""
_VERSION = 1
_HEAD = struct.Struct("<BII")  # version, bytes of the JSON part, cells that are not empty

Values = Sequence[Sequence[float | None]]


class DayCounts:
    """The counts of one day (UTC) for subjects and means in a fixed order.

    `cells` has shape (subjects, CODES): events by code. `sums` has shape (24, 1 + means): by hour
    the weight of the events, then the weighted sum of each mean's values, all in millionths.
    `words[subject][word]` counts what has no order.

    >>> day = DayCounts(("amount",), ("score",))
    >>> day.add([(12.5,)], [0], [(0.01,)])
    >>> day.size, int(day.cells.sum()), day.sums[0].tolist()
    (1, 1, [1000000, 10000])
    """

    def __init__(self, names: Sequence[str], means: Sequence[str] = ()) -> None:
        self.names, self.means = tuple(names), tuple(means)
        self.cells: NDArray[np.int64] = np.zeros((len(self.names), CODES), dtype=np.int64)
        self.sums: NDArray[np.int64] = np.zeros((HOURS, 1 + len(self.means)), dtype=np.int64)
        self.words: dict[str, Counter[str]] = {}

    @property
    def size(self) -> int:
        """How many events were counted, by their weights."""
        return int(self.sums[:, 0].sum()) // MICRO

    def add(self, rows: Values, hours: Sequence[int], means: Sequence[Sequence[float]]) -> None:
        """Count events of weight 1: a row of subjects, an hour (0 to 23), a row of means each."""
        values = np.array(rows, dtype=np.float64)  # None becomes NaN
        places = codes(values) + np.arange(len(self.names)) * CODES
        found = np.bincount(places.ravel(), minlength=self.cells.size)
        self.cells += found.reshape(self.cells.shape)
        parts = np.ones((len(rows), 1 + len(self.means)))
        parts[:, 1:] = np.array(means, dtype=np.float64).reshape(len(rows), -1)
        np.add.at(self.sums, np.asarray(hours), np.rint(parts * MICRO).astype(np.int64))

    def tally(self, hour: int, weight: float, means: Sequence[float]) -> None:
        """Count one event that stands for `weight`, in its hour's sums alone."""
        self.sums[hour, 0] += round(weight * MICRO)
        for at, value in enumerate(means, 1):
            self.sums[hour, at] += round(value * weight * MICRO)

    def say(self, subject: str, words: Mapping[str, int]) -> None:
        """Count words of a subject."""
        counts = self.words.setdefault(subject, Counter())
        for word, count in sorted(words.items()):
            counts[word if word in counts or len(counts) < WORDS_KEPT else OTHER] += count

    def merge(self, other: DayCounts) -> None:
        """Add another partition's counts of the same subjects and means; ValueError for others."""
        if (other.names, other.means) != (self.names, self.means):
            raise ValueError(
                f"counts of {len(self.names)} subjects, came {len(other.names)} others"
            )
        self.cells += other.cells
        self.sums += other.sums
        for subject, counts in sorted(other.words.items()):
            self.say(subject, counts)

    def only(self, names: Sequence[str], *, means: bool = True) -> DayCounts:
        """The same day of these subjects, with its means or without.

        A subject that was not counted was missing all day.

        >>> day = DayCounts(("a",))
        >>> day.add([(1.0,)], [0], [()])
        >>> day.only(("b",)).cells[0, :2].tolist()
        [1, 0]
        """
        found = DayCounts(names, self.means if means else ())
        place = {name: at for at, name in enumerate(self.names)}
        for at, name in enumerate(names):
            if name in place:
                found.cells[at] = self.cells[place[name]]
            else:
                found.cells[at, MISSING] = self.size
        found.sums = self.sums.copy() if means else self.sums[:, :1].copy()
        found.words = {subject: Counter(counts) for subject, counts in self.words.items()}
        return found

    def most(self, subject: str) -> str:
        """The most frequent word of a subject; empty without any.

        >>> day = DayCounts(())
        >>> day.say("scorer", {"rules": 1, "logistic": 2}), day.most("scorer"), day.most("country")
        (None, 'logistic', '')
        """
        counts = self.words.get(subject, Counter())
        return max(sorted(counts), key=lambda word: counts[word], default="")

    def pack(self) -> bytes:
        """Version, JSON of names, words and sums, then code and count of each cell in use."""
        text = json.dumps(
            {
                "names": self.names, "means": self.means, "words": self.words,
                "sums": self.sums.ravel().tolist(),
            },
            sort_keys=True, separators=(",", ":"),
        ).encode()  # fmt: skip
        flat = self.cells.ravel()
        used = np.flatnonzero(flat)
        head = _HEAD.pack(_VERSION, len(text), len(used))
        return head + text + used.astype("<u4").tobytes() + flat[used].astype("<u4").tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> DayCounts:
        """What `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("drift counts", data, _VERSION, _HEAD.size)
        _, size, used = _HEAD.unpack_from(data)
        start = _HEAD.size + size
        check_version("drift counts", data, _VERSION, start + 8 * used)
        found: Mapping[str, Any] = json.loads(data[_HEAD.size : start])
        day = cls(found["names"], found["means"])
        places = np.frombuffer(data, "<u4", used, start)
        day.cells.ravel()[places] = np.frombuffer(data, "<u4", used, start + 4 * used)
        day.sums = np.array(found["sums"], dtype=np.int64).reshape(HOURS, -1)
        day.words = {subject: Counter(counts) for subject, counts in found["words"].items()}
        return day
