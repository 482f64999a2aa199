"""All outcomes of a log as columns: a row a transaction, with its last verdict.

90 bytes a row, whatever the features: a year of 9,000 a day is 300 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from models.contest.protection import PRESUMED
from models.learn import digest, source_of, transaction_key
from schemas import topics
from schemas.errors import EventError
from schemas.fields import Action, LabelKind, LabelSource
from streams.history.log import Log
from streams.wire import codec

ACTIONS: tuple[str, ...] = get_args(Action)
LABELS: tuple[str, ...] = get_args(LabelKind)
SOURCES: tuple[str, ...] = (*get_args(LabelSource), PRESUMED)
ROW = np.dtype(
    [("key", "<u8"), ("card", "<u8"), ("offset", "<i8"), ("time", "<i8"), ("observed", "<i8"),
     ("amount", "<i8"), ("currency", "<u2"), ("action", "u1"), ("source", "u1"), ("label", "u1"),
     ("fraud", "u1"), ("weight", "<f8"), ("scores", "<f8", (1,)), ("threshold", "<f8"),
     ("model", "<i2"), ("version", "<i8")]
)  # fmt: skip
"""Fields of the learner's memory (`models.contest.standings` measures them), and what it drops."""
CHUNK = 16_384
Rows = NDArray[Any]
Told = Callable[[int, int], None]
"""Records done, of how many."""


class Outcomes(NamedTuple):
    """The rows in the log's order, and the names that their numbers stand for."""

    rows: Rows
    currencies: tuple[str, ...]
    models: tuple[str, ...]

    def of_model(self, name: str) -> Rows:
        """The rows that a model of this name had scored, told to be fraud or not."""
        if name not in self.models:
            return self.rows[:0]
        found: Rows = self.rows[self.rows["model"] == self.models.index(name)]
        return known(found)


def known(rows: Rows) -> Rows:
    """Those whose label says what they were."""
    found: Rows = rows[rows["label"] != LABELS.index("INCONCLUSIVE")]
    return found


def read_outcomes(log: Log, told: Told = lambda _done, _all: None) -> Outcomes:
    """The last verdict of every transaction; what cannot be read taught nothing either."""
    numbers: tuple[dict[str, int], dict[str, int]] = ({}, {})
    place: dict[int, int] = {}
    blocks: list[Rows] = []
    count, end = 0, log.end(topics.OUTCOMES)
    for offset, body in bodies(log):
        key = transaction_key(body)
        at = place.get(key)
        if at is not None and body["presumed"]:
            continue  # a label is the truth
        if at is None:
            at = place[key] = count
            count += 1
            if at % CHUNK == 0:
                blocks.append(np.zeros(CHUNK, ROW))
                told(offset, end)
        blocks[at // CHUNK][at % CHUNK] = _row(key, offset, body, *numbers)
    rows = np.concatenate(blocks)[:count] if blocks else np.zeros(0, ROW)
    return Outcomes(rows, tuple(numbers[0]), tuple(numbers[1]))


def bodies(log: Log) -> Iterator[tuple[int, dict[str, Any]]]:
    """Offset and body of every readable outcome."""
    for record in log.read(topics.OUTCOMES):
        try:
            name, body = codec.decode(record.value or b"")
        except EventError:
            continue
        if name == "outcome":
            yield record.offset, body


def _row(
    key: int, offset: int, body: Mapping[str, Any], currencies: dict[str, int],
    models: dict[str, int],
) -> tuple[Any, ...]:  # fmt: skip
    model = body["model"]
    name = -1 if model is None else models.setdefault(model["name"], len(models))
    return (
        key, digest(body["card_id"]), offset, body["event_time"], body["observed_at"],
        body["amount_minor"], currencies.setdefault(body["currency"], len(currencies)),
        ACTIONS.index(body["decision"]), SOURCES.index(source_of(body)),
        LABELS.index(body["label"]), body["label"] == "FRAUD", body["weight"], (body["score"],),
        body["threshold"], name, -1 if model is None else model["version"],
    )  # fmt: skip
