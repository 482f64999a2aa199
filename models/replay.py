"""The honest benchmark: a fold over arrivals by the stream's own functions, in one process.

```text
 transaction ─► PointInTime ─► row ─► rules ─► every track: score in force ─► waits for its label
                                                      ▲
 label ───────► PointInTime ─► verdict, if it is the first or turns ─► every track: hear
```

Nothing of a label is used before the arrival that brings it; of what arrives at the same time,
labels go first. The order of arrival is the caller's (see `producers.arrival`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.decision import rules_score
from models.features import FEATURES
from models.point_in_time import PointInTime
from models.replay_history import UNKNOWN, History
from models.replay_rows import ROWS_KEPT, Rows
from models.replay_track import Hears, Row
from models.rules import Ruleset, baseline

Record = dict[str, Any]


class Replay:
    """Folds arrivals; `history` and the tracks' scores are the result.

    `maturity_ms`: a transaction without a label for so long after its event time is presumed
    legitimate and learned as such; None presumes nothing. A replay declines nothing, so every
    transaction counts as approved: live, only approved ones are presumed.

    A later label with the other verdict corrects the truth and the terminal's windows exactly.
    River cannot unlearn: the row is heard again twice as what it is, once for the mistake and
    once for the truth. For that the last `rows_kept` rows are held; a verdict on an older one is
    counted as `forgotten`, not learned. INCONCLUSIVE teaches nothing and says nothing.

    `counts` says what arrived and what became of it: transactions, labels, repeats, labels by
    what the join made of them, and refused events by their code; `corrected` verdicts that turned,
    `confirmed` labels that said what was presumed, `labels_waiting` (by `finish`) labels whose
    transaction never came. A label that waits longer than the join's retention is an ORPHAN_LABEL.

    >>> event = {"transaction_id": "t", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...          "amount_minor": 1250, "currency": "EUR", "attributes": {}}
    >>> replay = Replay([])
    >>> replay.transaction(event, at=0)
    >>> len(replay.history), replay.counts["transactions"]
    (1, 1)
    """

    def __init__(
        self,
        tracks: Sequence[Hears],
        *,
        rules: Ruleset | None = None,
        maturity_ms: int | None = None,
        rows_kept: int = ROWS_KEPT,
        history: History | None = None,
    ) -> None:
        self.tracks = tracks
        self.rules = rules or baseline()
        self.maturity_ms = maturity_ms
        self.history = History() if history is None else history
        self._fold = PointInTime(self)
        self._rows = Rows(len(FEATURES.names), rows_kept)
        self._order: deque[int] = deque()  # ordinals that may be presumed, oldest first

    @property
    def counts(self) -> Counter[str]:
        """What arrived and what became of it."""
        return self._fold.counts

    def run(self, arrivals: Iterable[tuple[str, int, Record]]) -> None:
        """Fold (event, arrival time in ms, record): the event is `transaction` or `label`."""
        for event, at, record in arrivals:
            if event == "label":
                self.label(record, at)
            else:
                self.transaction(record, at)

    def finish(self) -> None:
        """Score what waits in the tracks, and count the labels that still wait."""
        for track in self.tracks:
            track.settle()
        if self._fold.waiting:
            self.counts["labels_waiting"] = self._fold.waiting

    def transaction(self, transaction: Record, at: int) -> None:
        """Decide a transaction that arrived at `at`, ms; one that is refused is counted."""
        self._presume(at)
        self._fold.transaction(transaction, at)

    def label(self, label: Record, at: int) -> None:
        """Match a label that was observed at `at`, ms, and tell terminal and tracks."""
        self._presume(at)
        self._fold.label(label, at)

    def decided(self, ordinal: int, transaction: Mapping[str, Any], row: Row) -> None:
        """Let rules and tracks score a new row; the fold calls this."""
        self.history.add(transaction, rules_score(self.rules.evaluate(row, transaction)))
        for track in self.tracks:
            track.decide(ordinal, transaction["event_time"], row)
        self._rows.add(row)
        if self.maturity_ms is not None:
            self._order.append(ordinal)

    def labelled(self, ordinal: int, fraud: bool) -> None:
        """Take a label's verdict; the fold calls this."""
        self._verdict(ordinal, fraud)

    def _verdict(self, ordinal: int, fraud: bool) -> None:
        """Put a verdict on record; it is learned if it is the first, or turns the one before."""
        before = self.history.truth[ordinal]
        if before == fraud:
            self.counts["confirmed"] += 1
            return
        self.history.truth[ordinal] = fraud
        first = before == UNKNOWN
        if first:
            self.counts["frauds" if fraud else "legitimate"] += 1
        else:
            self.counts["corrected"] += 1
        row = self._rows.row(ordinal)
        if row is None:
            self.counts["forgotten"] += 1
            return
        for _ in range(_FIRST if first else _REVERSAL):
            self._hear(ordinal, row, fraud)

    def _hear(self, ordinal: int, row: Row, fraud: bool) -> None:
        event_time = self.history.event_time[ordinal]
        for track in self.tracks:
            track.hear(ordinal, event_time, row, fraud)

    def _presume(self, at: int) -> None:
        """Whoever has no label by maturity is presumed legitimate."""
        if self.maturity_ms is None:
            return
        order, times = self._order, self.history.event_time
        while order and times[order[0]] + self.maturity_ms <= at:
            ordinal = order.popleft()
            if self.history.truth[ordinal] == UNKNOWN:
                self.counts["presumed"] += 1
                self._verdict(ordinal, False)


_FIRST, _REVERSAL = 1, 2  # how often an outcome is heard
