"""The second cursor: through the decisions' own log, behind its watermark by the maturity.

```text
 fraud.decisions[p]   ▏ presumed or labelled ▏ may still be labelled            ▏
                      0                      cursor                     watermark
```

The cursor (an offset) and the watermark (the latest event time seen) are in the task's meta record,
so nothing is added to a card's state and a crash repeats the same outcomes. The log is nearly in
the order of event time: a decision ahead of its time holds the cursor back for so long, no more.

A decision is passed only once every label that lay in the log when the watermark was seen has been
folded: a worker that catches up reads decisions faster than labels, and must not presume what the
next batch of labels would deny.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from models.join import JoinState, expire
from models.maturity import MaturityPolicy, presume
from schemas import topics
from schemas.errors import EventError, OrphanLabel
from streams.decision_log import DecisionLog
from streams.metrics import METRICS
from streams.records import LogRecord
from streams.task import Entry, Task
from streams.wire import codec

encode_outcome = codec.encoder("outcome")

STEP_MS = 1_000
"""The watermark is followed in steps of event time: each asks the broker once, which takes 1 ms."""
MOST = 2_000
"""Decisions passed a batch: 50 ms of the loop at most, four times what a batch brings."""
NEVER = -(2**62)


class Horizon:
    """The watermark as far as silence can be trusted up to it.

    >>> horizon = Horizon()
    >>> horizon.trusted(9_000, labels=5, labels_end=lambda: 7)  # two labels are not folded yet
    -4611686018427387904
    >>> horizon.trusted(9_500, labels=7, labels_end=lambda: 8)  # those of then are
    9000
    """

    def __init__(self) -> None:
        self._trusted = self._seen = NEVER
        self._labels_end = 0

    def trusted(self, watermark: int, labels: int, labels_end: Callable[[], int]) -> int:
        """The latest watermark of which every label in the log then is among the `labels` folded.

        `labels_end` asks for the end of the labels' partition now.
        """
        if labels >= self._labels_end:
            self._trusted = self._seen
        if self._trusted == self._seen and watermark >= self._seen + STEP_MS:
            self._seen, self._labels_end = watermark, labels_end()
            if labels >= self._labels_end:
                self._trusted = self._seen
        return self._trusted


class Maturing:
    """What the join derives for a partition: made again after a restore."""

    def __init__(self) -> None:
        self.horizon = Horizon()
        self.next_time = NEVER  # event time of the decision at the cursor, where known
        self._visited: Iterator[bytes] = iter(())

    def visits(self, task: Task, most: int) -> Iterator[tuple[bytes, Entry]]:
        """The next cards of a round through all of them."""
        keys = list(islice(self._visited, most))
        if not keys:
            self._visited = iter(list(task.entries))
            keys = list(islice(self._visited, most))
        return ((key, task.entries[key]) for key in keys if key in task.entries)


def of(task: Task) -> Maturing:
    """The task's own, made at its first use."""
    if task.live is None:
        task.live = Maturing()
    found: Maturing = task.live
    return found


def saw(task: Task, event_time: int) -> None:
    """Move the partition's watermark."""
    task.meta["watermark"] = max(task.meta.get("watermark", NEVER), event_time)


def cursor(task: Task) -> int:
    """The offset of the first decision that has not matured."""
    return int(task.meta.get("cursor", 0))


def follow(task: Task, log: DecisionLog, policy: MaturityPolicy) -> None:
    """Move the cursor as far as silence can be trusted; send what is presumed."""
    live, watermark = of(task), task.meta.get("watermark", NEVER)
    if cursor(task) > task.applied[topics.DECISIONS]:
        return
    if live.next_time > watermark - policy.maturity_ms:
        return
    labels = task.applied[topics.LABELS] + 1
    trusted = live.horizon.trusted(watermark, labels, lambda: log.labels_end(task.partition))
    for offset, value in log.following(task.partition, cursor(task), MOST):
        if offset > task.applied[topics.DECISIONS]:
            return
        decision = decoded(value)
        live.next_time = NEVER if decision is None else decision["event_time"]
        if live.next_time > trusted - policy.maturity_ms:
            return
        if decision is not None:
            settle(task, decision, offset, policy)
        task.meta["cursor"], live.next_time = offset + 1, NEVER


def decoded(value: bytes) -> dict[str, Any] | None:
    """A decision; None for what is none, a dead letter since it was folded."""
    try:
        name, body = codec.decode(value)
    except EventError:
        return None
    return body if name == "decision" else None


def settle(task: Task, decision: dict[str, Any], offset: int, policy: MaturityPolicy) -> None:
    """Send what a matured decision is presumed to be, or count why nothing is presumed."""
    entry = task.entries.get(decision["card_id"].encode())
    state = JoinState() if entry is None else entry.state
    kind, outcome = presume(state, decision, offset, policy)
    if outcome is not None:
        task.emit(topics.OUTCOMES, decision["transaction_id"].encode(), encode_outcome(outcome))
    if kind not in ("LABELLED", "REPEAT"):
        METRICS.outcomes.labels(kind).inc()


def tidy(task: Task, policy: MaturityPolicy, most: int) -> None:
    """Look at `most` cards: forget what is too old, dead-letter labels that waited in vain."""
    watermark = task.meta.get("watermark", NEVER)
    for key, entry in of(task).visits(task, most):
        state: JoinState = entry.state
        gone = expire(state, watermark - policy.orphan_ms)
        if gone or state.outdated(watermark - policy.retention_ms):
            state.forget(watermark - policy.retention_ms)
            task.dirty.add(key)
        for label in gone:
            give_up(task, key, label)


def give_up(task: Task, key: bytes, label: dict[str, Any]) -> None:
    """Dead-letter a label whose transaction has not come, as it was published."""
    METRICS.labels.labels("EXPIRED").inc()
    value = codec.encode("label", label)
    observed = label["observed_at"]
    record = LogRecord(topics.LABELS, task.partition, label["offset"], observed, key, value, ())
    task.reject(record, OrphanLabel(f"label {label['label_id']}", expected="its transaction"))
