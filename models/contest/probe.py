"""A snapshot is loaded as scorers will load it, and must say what its model says, before it counts.

What fails here would be a dead letter in every scorer: it is neither published nor put in force.
The reference rows follow from the number of features alone, so that a second learner, a resumed
one and a rebuild refuse the same snapshots.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from models.compiled_model import Ref, compile_model
from models.portfolio.inputs import Row
from models.scorer import ModelScorer

ROWS = 4
"""All missing, all zero, and two of magnitudes from 0.01 to 10,000 with some missing. River's own
score of a forest takes milliseconds, and every publication asks for so many."""
TOLERANCE = 1e-9
"""Between compiled and River's scores, as the law suite has it."""


class SnapshotRefused(Exception):
    """A snapshot that scorers could not use, and why."""


class Scored(Protocol):
    """A competitor that can say what its snapshot should."""

    def scores(
        self, rows: Sequence[Row], members: Mapping[str, Sequence[float]]
    ) -> Sequence[float]:
        """The scores of its model as it learned, of a combination from its members'."""


class Probe:
    """The probe of one publication: each blend after its members."""

    def __init__(self, features: int) -> None:
        self._rows = rows(features)
        self._loaded: dict[Ref, ModelScorer] = {}
        self._said: dict[str, list[float]] = {}

    def made(self, make: Callable[[], dict[str, Any]], model: Scored) -> dict[str, Any]:
        """The snapshot that `make` gives of `model`; raises `SnapshotRefused`."""
        try:
            record = make()
            loaded = compile_model(record, self._loaded.__getitem__)
            found = loaded.score_many(self._rows)
            expected = model.scores(self._rows, self._said)
        except Exception as error:  # whatever a model that a user brought may raise
            raise SnapshotRefused(f"{type(error).__name__}: {error}") from error
        off = max(abs(one - other) for one, other in zip(found, expected, strict=True))
        if not off <= TOLERANCE:
            raise SnapshotRefused(f"its compiled scores differ from its own by {off:g}")
        self._loaded[record["name"], record["version"]] = loaded
        self._said[record["name"]] = found
        return record


@cache
def rows(features: int) -> tuple[list[float | None], ...]:
    """The reference rows.

    >>> rows(2)[:2]
    ([None, None], [0.0, 0.0])
    """
    drawn = random.Random(features)

    def value() -> float | None:
        return None if drawn.random() < 0.2 else 10.0 ** drawn.uniform(-2.0, 4.0)

    return (
        [None] * features,
        [0.0] * features,
        *([value() for _ in range(features)] for _ in range(ROWS - 2)),
    )
