"""The honest benchmark: a fold over arrivals by the stream's own functions, in one process.

```text
 transaction ─► identity ─► profile ─► observe ─► assemble ─► rules ─► every track: score in force
                                          ▲                                │ row waits for its label
 label ───────► join.match ─► outcome ────┴──── fraud ────────────────────►│ every track: hear
```

Nothing of a label is used before the arrival that brings it; of what arrives at the same time,
labels go first. The order of arrival is the caller's (see `producers.arrival`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any

from models import join
from models.card import CardState, Seen, identity, profile
from models.decision import rules_score
from models.join import JoinState
from models.replay_history import UNKNOWN, History
from models.replay_track import Row, Track
from models.rules import Ruleset, baseline
from models.terminal import TerminalState, apply_outcome, observe
from models.vector import assemble
from models.windows.spec import FUTURE_MS, LATENESS_MS
from schemas.errors import ConflictingDuplicate, EventError, Future, TooLate
from schemas.validation import validate_transaction

Record = dict[str, Any]


class Card:
    """A card's windows and its join."""

    __slots__ = ("join", "windows")

    def __init__(self) -> None:
        self.windows = CardState()
        self.join = JoinState()


class Replay:
    """Folds arrivals; `history` and the tracks' scores are the result.

    `maturity_ms`: a transaction without a label for so long after its event time is presumed
    legitimate and learned as such; None presumes nothing. A later label corrects the truth and
    the terminal's windows; its row is gone by then, so it is counted, not learned.

    `counts` says what arrived and what became of it: transactions, labels, repeats, labels by
    what the join made of them, and refused events by their code.

    >>> event = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...          "amount_minor": 1250, "currency": "EUR", "attributes": {}}
    >>> replay = Replay([])
    >>> replay.transaction(event, at=0)
    >>> len(replay.history), replay.counts["transactions"]
    (1, 1)
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        *,
        rules: Ruleset | None = None,
        maturity_ms: int | None = None,
    ) -> None:
        self.tracks = tracks
        self.rules = rules or baseline()
        self.maturity_ms = maturity_ms
        self.history = History()
        self.counts: Counter[str] = Counter()
        self._cards: dict[str, Card] = {}
        self._terminals: dict[str, TerminalState] = {}
        self._waiting: dict[int, Row] = {}
        self._order: deque[int] = deque()  # ordinals that may be presumed, oldest first
        self._watermark = 0

    def run(self, arrivals: Iterable[tuple[str, int, Record]]) -> None:
        """Fold (event, arrival time in ms, record): the event is `transaction` or `label`."""
        for event, at, record in arrivals:
            if event == "label":
                self.label(record, at)
            else:
                self.transaction(record, at)

    def finish(self) -> None:
        """Score what waits in the tracks."""
        for track in self.tracks:
            track.settle()

    def transaction(self, transaction: Record, at: int) -> None:
        """Decide a transaction that arrived at `at`, ms; one that is refused is counted."""
        self._presume(at)
        self.counts["transactions"] += 1
        try:
            self._judge(transaction, at)
        except EventError as error:
            self.counts[error.code] += 1
            return
        card = self._card(transaction["card_id"])
        if self._is_new(card, transaction):
            self._decide(card, transaction)

    def label(self, label: Record, at: int) -> None:
        """Match a label that was observed at `at`, ms, and tell terminal and tracks."""
        self._presume(at)
        self.counts["labels"] += 1
        known = self._card(label["card_id"]).join
        if known.waiting:
            self.counts["ORPHAN_LABEL"] += len(join.expire(known, at - join.RETENTION_MS))
        found = join.match(known, label)
        self.counts[f"labels_{found.kind.lower()}"] += 1
        if found.pointer is not None:
            self._outcome(found.pointer.offset, label)

    def _judge(self, transaction: Record, at: int) -> None:
        """Refuse what the stream's `profile` refuses, the arrival standing for the log's time."""
        validate_transaction(transaction)
        event_time = transaction["event_time"]
        if event_time > at + FUTURE_MS:
            raise Future("transaction.event_time", came=event_time)
        watermark = max(self._watermark, at - FUTURE_MS)
        if event_time < watermark - LATENESS_MS:
            raise TooLate("transaction.event_time", came=event_time)
        self._watermark = max(self._watermark, event_time)

    def _is_new(self, card: Card, transaction: Record) -> bool:
        seen = identity(card.windows, transaction)
        if seen is Seen.NEW:
            return True
        repeat = seen is Seen.REPEAT
        self.counts["repeats" if repeat else ConflictingDuplicate.code] += 1
        return False

    def _decide(self, card: Card, transaction: Record) -> None:
        terminal = self._terminal(transaction["terminal_id"])
        of_card = profile(card.windows, transaction)
        row = assemble(transaction, of_card, observe(terminal, transaction))
        rules = rules_score(self.rules.evaluate(row, transaction))
        ordinal = self.history.add(transaction, rules)
        event_time = transaction["event_time"]
        for track in self.tracks:
            track.decide(ordinal, event_time, row)
        self._waiting[ordinal] = row
        if self.maturity_ms is not None:
            self._order.append(ordinal)
        for label in join.remember(card.join, transaction, 0, ordinal):
            self._outcome(ordinal, label)

    def _outcome(self, ordinal: int, label: Record) -> None:
        fraud = label["label"] == "FRAUD"
        before = self.history.truth[ordinal]
        if fraud or before == 1:
            self._tell_terminal(ordinal, label)
        self._hear(ordinal, fraud)

    def _hear(self, ordinal: int, fraud: bool) -> None:
        self.history.truth[ordinal] = fraud
        row = self._waiting.pop(ordinal, None)
        if row is None:
            self.counts["corrected"] += 1
            return
        self.counts["frauds" if fraud else "legitimate"] += 1
        event_time = self.history.event_time[ordinal]
        for track in self.tracks:
            track.hear(event_time, row, fraud)

    def _tell_terminal(self, ordinal: int, label: Record) -> None:
        """Send the terminal what the stream's `join` would."""
        terminal = self.history.terminals.ids[self.history.terminal[ordinal]]
        decision = dict.fromkeys(_UNUSED) | {
            "transaction_id": label["transaction_id"],
            "card_id": label["card_id"],
            "terminal_id": terminal,
            "event_time": self.history.event_time[ordinal],
        }
        found = join.terminal_outcome(join.outcome(decision, label), _NOWHERE)
        apply_outcome(self._terminal(terminal), found)

    def _presume(self, at: int) -> None:
        """Whoever has no label by maturity is presumed legitimate."""
        if self.maturity_ms is None:
            return
        order, times = self._order, self.history.event_time
        while order and times[order[0]] + self.maturity_ms <= at:
            ordinal = order.popleft()
            if self.history.truth[ordinal] == UNKNOWN:
                self.counts["presumed"] += 1
                self._hear(ordinal, False)

    def _card(self, card_id: str) -> Card:
        card = self._cards.get(card_id)
        if card is None:
            card = self._cards[card_id] = Card()
        return card

    def _terminal(self, terminal_id: str) -> TerminalState:
        state = self._terminals.get(terminal_id)
        if state is None:
            state = self._terminals[terminal_id] = TerminalState()
        return state


_NOWHERE: dict[str, Any] = {"stage": "replay", "partition": 0, "offset": 0}
_UNUSED = (
    "amount_minor", "currency", "score", "threshold", "decision", "model", "feature_spec",
    "features", "src",
)  # fmt: skip
