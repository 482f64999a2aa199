"""A partition of `fraud.activity` once more, each transaction decided as recorded and as changed.

The scoring stage's own functions fold it: a row is made once, since neither rules nor models feed
the windows, and decided twice. Nothing is sent: the outbox drops it.

```text
 ◂── not folded ──▸◂── folded, not scored ──▸◂── decided twice ──▸◂ not folded ▸
      older than the windows               from                  to
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.features import FEATURES
from models.terminal import TerminalState
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.agents import score
from streams.agents.score import InForce, Scored
from streams.fold import Collected
from streams.published import Published
from streams.records import LogRecord
from streams.task import Task
from streams.whatif.change import Change
from streams.wire import codec

HORIZON_MS = FEATURES.horizon_ms("terminal")
"""What happened so long before a transaction is in none of its windows: the longest one, its delay
and the lateness."""


@dataclass(frozen=True)
class Span:
    """Event times that are decided, [`start`, `end`), UTC ms.

    >>> Span(0, 10).holds(9), Span(0, 10).holds(10)
    (True, False)
    """

    start: int = -(2**62)
    end: int = 2**62

    def holds(self, event_time: int) -> bool:
        """Whether a transaction of that time is decided."""
        return self.start <= event_time < self.end


class Pair(NamedTuple):
    """One transaction's two decisions, and the first one's fingerprint."""

    before: dict[str, Any]
    after: dict[str, Any]
    fingerprint: bytes


class Replay:
    """One partition. `pairs` folds its records in order; `counts` says what was folded."""

    def __init__(self, partition: int, published: Published, change: Change, span: Span) -> None:
        self.counts: Counter[str] = Counter()
        self._published, self._change, self._span = published, change, span
        self._task = Task(
            "score", partition, (topics.ACTIVITY,), new_state=TerminalState,
            unpack_state=TerminalState.unpack, outbox=Collected(), clock=lambda: 0,
        )  # fmt: skip
        self._live: InForce | None = None
        self._named: dict[int, dict[str, Any]] = {}  # markers since, by sequence
        self._sides: tuple[InForce, InForce] | None = None
        self._waiting: list[Scored] = []

    def pairs(self, records: Iterable[LogRecord]) -> Iterator[Pair]:
        """The decisions of the span, as recorded and as changed."""
        for record in records:
            name, body = self._decoded(record)
            if name == "control_marker" and self._accepts(body):
                yield from self._decide()
                self._named[body["sequence"]] = body
                self._sides = None
            self.counts[name] += 1
            self._take(name, record, body)
            if len(self._waiting) >= score.TOGETHER:
                yield from self._decide()
        yield from self._decide()

    def _decoded(self, record: LogRecord) -> tuple[str, dict[str, Any]]:
        try:
            return codec.decode(record.value or b"")
        except FraudStreamsError:  # a dead letter of the stage
            return "refused", {}

    def _accepts(self, marker: dict[str, Any]) -> bool:
        """As `Control.accepts`; compiling what a marker names waits until something is decided."""
        live = score.boot() if self._live is None else self._live
        return live.control.accepts(marker) and marker["sequence"] not in self._named

    def _take(self, name: str, record: LogRecord, body: dict[str, Any]) -> None:
        try:
            if name == "activity":
                self._add(record, body)
            elif name == "terminal_outcome":
                score.add_outcome(self._task, record, body)
        except FraudStreamsError as error:
            if error.retriable:
                raise
            self.counts["refused"] += 1

    def _add(self, record: LogRecord, activity: dict[str, Any]) -> None:
        time = activity["transaction"]["event_time"]
        if time <= self._span.start - HORIZON_MS:
            self.counts["older"] += 1
            return
        scored: list[Scored] = []
        score.add_activity(self._task, record, activity, scored)
        if self._span.holds(time):
            self._waiting += scored
        else:
            self.counts["folded"] += len(scored)

    def _decide(self) -> Iterator[Pair]:
        if not self._waiting:
            return
        before, after = self._in_force()
        rows = [item.row for item in self._waiting]
        scores = _scores(before, rows)
        others = scores if after.scorer is before.scorer else _scores(after, rows)
        for item, one, other in zip(self._waiting, scores, others, strict=True):
            recorded = _decision(before, item, one)
            value = before.encode_decision(recorded)
            yield Pair(recorded, _decision(after, item, other), fingerprint(value))
        self.counts["decided"] += len(self._waiting)
        self._waiting.clear()

    def _in_force(self) -> tuple[InForce, InForce]:
        if self._sides is None:
            self._live = self._newest()
            self._named.clear()
            self._sides = self._live, self._change.of(self._live)
        return self._sides

    def _newest(self) -> InForce:
        """The newest marker whose model can be scored with: the others were dead letters."""
        for sequence in sorted(self._named, reverse=True):
            try:
                return InForce.of(self._named[sequence], self._published)
            except FraudStreamsError as error:
                if error.retriable:
                    raise
        return score.boot() if self._live is None else self._live


def fingerprint(value: bytes) -> bytes:
    """The fingerprint in a decision's bytes: their last 64 characters, as 32 bytes.

    >>> fingerprint(b"decision" + b"5a" * 32) == b"Z" * 32
    True
    """
    return bytes.fromhex(value[-64:].decode("ascii"))


def _scores(live: InForce, rows: Sequence[list[float | None]]) -> Sequence[float | None]:
    return [None] * len(rows) if live.scorer is None else live.scorer.score_many(rows)


def _decision(live: InForce, item: Scored, found: float | None) -> dict[str, Any]:
    hits = live.ruleset.evaluate(item.row, item.activity["transaction"])
    return score.decision_of(live, item, found, hits)
