"""Each transaction's feature row as the stream would have known it, and what became known later.

```text
 transaction ─► identity ─► profile ─► observe ─► assemble ─► row
                                          ▲
 label ───────► join.match ─► outcome ────┴──── fraud
```

The same functions as live, under `fraud features` and `fraud replay` alike. Nothing of a label is
in a row that came before it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from models import join
from models.card import CardState, Seen, identity, profile
from models.join import JoinState
from models.join_state import key_of
from models.terminal import TerminalState, apply_outcome, observe
from models.vector import assemble
from models.windows.bounds import Row
from models.windows.spec import FUTURE_MS, LATENESS_MS
from schemas.errors import ConflictingDuplicate, EventError, Future, TooLate
from schemas.validation import validate_transaction

Record = Mapping[str, Any]
UNKNOWN = -1
_NOWHERE: dict[str, Any] = {"stage": "features", "partition": 0, "offset": 0}
_UNUSED = (
    "amount_minor", "currency", "score", "threshold", "decision", "model", "feature_spec",
    "features", "src",
)  # fmt: skip


class Listener(Protocol):
    """Who is told what the fold finds, in the order in which it is known."""

    def decided(self, ordinal: int, transaction: Record, row: Row) -> None:
        """The `ordinal`-th accepted transaction has its row."""

    def labelled(self, ordinal: int, fraud: bool) -> None:
        """A label is in force for a transaction; it may say what the one before said."""


class Nobody:
    """Listens to nothing."""

    def decided(self, ordinal: int, transaction: Record, row: Row) -> None:
        """Nothing to do."""

    def labelled(self, ordinal: int, fraud: bool) -> None:
        """Nothing to do."""


class PointInTime:
    """Folds arrivals, in their order, into rows; keeps 21 bytes a row beside the windows.

    `truth` holds for each row, in order, 1 fraud, 0 legitimate, -1 never labelled, by the label
    that stands in the end; `observed_at` when that label came (UTC ms; 0 without one). `counts` is
    what arrived, and what was refused by its code.

    >>> event = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...          "amount_minor": 1250, "currency": "EUR", "attributes": {}}
    >>> fold = PointInTime()
    >>> fold.transaction(event, at=0)[0], fold.transaction(event, at=0)
    (12.5, None)
    >>> fold.counts["repeats"], len(fold.truth)
    (1, 1)
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener: Listener = listener or Nobody()
        self.counts: Counter[str] = Counter()
        self.truth, self.observed_at = array("b"), array("q")
        self._times, self._terminal_of = array("q"), array("i")
        self._numbers: dict[str, int] = {}  # of terminals
        self._terminals: list[tuple[str, TerminalState]] = []
        self._cards: dict[str, tuple[CardState, JoinState]] = {}
        self._watermark = 0

    def transaction(self, transaction: dict[str, Any], at: int) -> Row | None:
        """The row of a transaction that arrived at `at`, UTC ms; None if refused or a repeat.

        It holds the default feature set, in its order; None in it is a missing value.
        """
        self.counts["transactions"] += 1
        try:
            self._judge(transaction, at)
        except EventError as error:
            self.counts[error.code] += 1
            return None
        windows, joined = self._card(transaction["card_id"])
        if not self._is_new(windows, transaction):
            return None
        number = self._terminal(transaction["terminal_id"])
        of_card = profile(windows, transaction)
        row = assemble(transaction, of_card, observe(self._terminals[number][1], transaction))
        self._remember(transaction, number, joined, row)
        return row

    def label(self, label: Record, at: int) -> None:
        """Take a label that was observed at `at`, UTC ms; one without its transaction waits."""
        self.counts["labels"] += 1
        _, joined = self._card(label["card_id"])
        if joined.waiting:
            self.counts["ORPHAN_LABEL"] += len(join.expire(joined, at - join.RETENTION_MS))
        found = join.match(joined, label)
        self.counts[f"labels_{found.kind.lower()}"] += 1
        if found.pointer is not None:
            self._known(found.pointer.offset, label, joined)

    def _judge(self, transaction: dict[str, Any], at: int) -> None:
        """Refuse what the stream's `profile` refuses, the arrival standing for the log's time."""
        validate_transaction(transaction)
        event_time = transaction["event_time"]
        if event_time > at + FUTURE_MS:
            raise Future("transaction.event_time", came=event_time)
        if event_time < max(self._watermark, at - FUTURE_MS) - LATENESS_MS:
            raise TooLate("transaction.event_time", came=event_time)
        self._watermark = max(self._watermark, event_time)

    def _is_new(self, windows: CardState, transaction: Record) -> bool:
        seen = identity(windows, transaction)
        if seen is Seen.CONFLICT:
            self.counts[ConflictingDuplicate.code] += 1
        elif seen is Seen.REPEAT:
            self.counts["repeats"] += 1
        return seen is Seen.NEW

    @property
    def waiting(self) -> int:
        """Labels whose transaction has not come."""
        return sum(len(joined.waiting) for _, joined in self._cards.values())

    def _remember(self, transaction: Record, terminal: int, joined: JoinState, row: Row) -> None:
        ordinal = len(self.truth)
        self.truth.append(UNKNOWN)
        self.observed_at.append(0)
        self._times.append(transaction["event_time"])
        self._terminal_of.append(terminal)
        self.listener.decided(ordinal, transaction, row)
        for label in join.remember(joined, transaction, ordinal):
            self._known(ordinal, label, joined)

    def _known(self, ordinal: int, label: Record, joined: JoinState) -> None:
        """Note the truth; the terminal hears of a fraud, and of one that is taken back."""
        fraud, was_fraud = label["label"] == "FRAUD", self.truth[ordinal] == 1
        self.truth[ordinal], self.observed_at[ordinal] = fraud, label["observed_at"]
        if fraud or was_fraud:
            terminal_id, state = self._terminals[self._terminal_of[ordinal]]
            decision = dict.fromkeys(_UNUSED) | {
                "transaction_id": label["transaction_id"],
                "card_id": label["card_id"],
                "terminal_id": terminal_id,
                "event_time": self._times[ordinal],
            }
            told = joined.verdicts[key_of(label["transaction_id"])].told
            found = join.outcome(decision, label)
            apply_outcome(state, join.terminal_outcome(found, _NOWHERE, told))
        self.listener.labelled(ordinal, fraud)

    def _card(self, card_id: str) -> tuple[CardState, JoinState]:
        found = self._cards.get(card_id)
        if found is None:
            found = self._cards[card_id] = (CardState(), JoinState())
        return found

    def _terminal(self, terminal_id: str) -> int:
        number = self._numbers.get(terminal_id)
        if number is None:
            number = self._numbers[terminal_id] = len(self._terminals)
            self._terminals.append((terminal_id, TerminalState()))
        return number
