"""All outcomes of a log as columns, and which of a transaction's verdicts stands.

90 bytes a row, whatever the features: a year of 9,000 a day is 300 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from models.contest.protection import PRESUMED
from models.outcome import digest, source_of, transaction_key
from schemas import topics
from schemas.errors import EventError
from schemas.fields import Action, LabelKind, LabelSource
from streams.history.log import Log
from streams.wire import codec

ACTIONS: tuple[str, ...] = get_args(Action)
LABELS: tuple[str, ...] = get_args(LabelKind)
SOURCES: tuple[str, ...] = (*get_args(LabelSource), PRESUMED)
INCONCLUSIVE = LABELS.index("INCONCLUSIVE")
ROW = np.dtype(
    [("key", "<u8"), ("card", "<u8"), ("offset", "<i8"), ("time", "<i8"), ("observed", "<i8"),
     ("amount", "<i8"), ("currency", "<u2"), ("action", "u1"), ("source", "u1"), ("label", "u1"),
     ("fraud", "u1"), ("weight", "<f8"), ("scores", "<f8", (1,)), ("threshold", "<f8"),
     ("model", "<i2"), ("version", "<i8"), ("stands", "u1")]
)  # fmt: skip
"""Fields of the learner's memory (`models.contest.standings` measures them), and what it drops."""
CHUNK = 16_384
Rows = NDArray[Any]
Told = Callable[[int, int], None]
"""Records done, of how many."""


class Outcomes(NamedTuple):
    """The rows in the log's order, and the names that their numbers stand for.

    `stands` marks the last verdict on a transaction; a label stands before a presumption.
    """

    rows: Rows
    currencies: tuple[str, ...]
    models: tuple[str, ...]

    def of_model(self, name: str) -> Rows:
        """What stands of the transactions that a model of this name had scored."""
        if name not in self.models:
            return self.rows[:0]
        return standing(self.rows[self.rows["model"] == self.models.index(name)])


def standing(rows: Rows) -> Rows:
    """The rows whose verdict stands and says what the transaction was."""
    found: Rows = rows[(rows["stands"] == 1) & (rows["label"] != INCONCLUSIVE)]
    return found


def read_outcomes(log: Log, told: Told = lambda _done, _all: None) -> Outcomes:
    """Every outcome once; what cannot be read taught nothing either."""
    numbers: tuple[dict[str, int], dict[str, int]] = ({}, {})
    gathered, end = _Gathered(), log.end(topics.OUTCOMES)
    for offset, body in bodies(log):
        gathered.take(_row(offset, body, *numbers))
        if gathered.count % CHUNK == 0:
            told(offset, end)
    return Outcomes(gathered.rows, tuple(numbers[0]), tuple(numbers[1]))


class _Gathered:
    """Rows in blocks, with where the standing verdict of each transaction is."""

    def __init__(self) -> None:
        self.count = 0
        self._blocks: list[Rows] = []
        self._place: dict[int, int] = {}

    @property
    def rows(self) -> Rows:
        """All of them together."""
        return np.concatenate(self._blocks)[: self.count] if self._blocks else np.zeros(0, ROW)

    def take(self, row: tuple[Any, ...]) -> None:
        """Add a row, unless a join that died had said the same."""
        before = self._place.get(row[0])
        if before is not None:
            last = self._blocks[before // CHUNK][before % CHUNK : before % CHUNK + 1]
            if all(last[name][0] == row[at] for name, at in _SAME):
                return
            row = (*row[:-1], int(_overrides(row, last)))
            last["stands"] = 1 - row[-1]
        if self.count % CHUNK == 0:
            self._blocks.append(np.zeros(CHUNK, ROW))
        self._blocks[-1][self.count % CHUNK] = row
        if row[-1]:
            self._place[row[0]] = self.count
        self.count += 1


def _overrides(row: tuple[Any, ...], last: Rows) -> bool:
    """Whether a verdict takes the place of the one that stands."""
    if last["label"][0] == INCONCLUSIVE:
        return True
    return bool(row[_LABEL] != INCONCLUSIVE and row[_SOURCE] != SOURCES.index(PRESUMED))


_NAMES = ROW.names or ()
_LABEL = _NAMES.index("label")
_SOURCE = _NAMES.index("source")
_SAME = tuple((name, _NAMES.index(name)) for name in ("label", "source", "observed"))


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
    offset: int, body: Mapping[str, Any], currencies: dict[str, int], models: dict[str, int]
) -> tuple[Any, ...]:
    model = body["model"]
    name = -1 if model is None else models.setdefault(model["name"], len(models))
    return (
        transaction_key(body), digest(body["card_id"]), offset,
        body["event_time"], body["observed_at"],
        body["amount_minor"], currencies.setdefault(body["currency"], len(currencies)),
        ACTIONS.index(body["decision"]), SOURCES.index(source_of(body)),
        LABELS.index(body["label"]), body["label"] == "FRAUD", body["weight"], (body["score"],),
        body["threshold"], name, -1 if model is None else model["version"], 1,
    )  # fmt: skip
