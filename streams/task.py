"""A task: one stage's state over one partition, and the rules of redelivery.

```text
 record o ──► o ≤ A? ─ yes ─► skip (before any validation)
                │ no
          repeat by src? ─ yes ─► advance A only
                │ no
          key's applied ≥ o? ─ yes ─► advance A only   (its outputs were delivered before its state)
                │ no
          compute, apply to the key, emit, advance A
```

The packed value of a key is the applied offset of each source, then the state's own bytes; a very
large one is several records (`streams.chunks`). One
*meta* record a task holds A, the source marks and whatever the stage keeps for the partition.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from schemas.errors import EventError, FraudStreamsError, ProcessingFailed
from streams import chunks
from streams.dead_letters import dead_letter
from streams.metrics import METRICS
from streams.outbox import Deliveries, Outbox
from streams.records import Headers, Record

META_KEY = b"\x00meta"
NOTHING_APPLIED = -1


class State(Protocol):
    """What a stage keeps for one key."""

    def pack(self) -> bytes:
        """The state as versioned bytes."""


class Entry:
    """A key's live state and, for each source, the offset that was applied to it last."""

    __slots__ = ("applied", "state")

    def __init__(self, state: Any, applied: list[int]) -> None:
        self.state = state
        self.applied = applied


class Cut:
    """What a barrier writes: the dirty keys and the meta record, fixed at offsets E."""

    __slots__ = ("deliveries", "ends", "meta", "values")

    def __init__(
        self, values: dict[bytes, bytes], meta: bytes, ends: dict[str, int], deliveries: Deliveries
    ) -> None:
        self.values = values
        self.meta = meta
        self.ends = ends
        self.deliveries = deliveries


class Task:
    """One stage over one partition.

    Args:
        stage: the stage's name, as in ``src`` and metrics.
        partition: the partition of every source topic.
        sources: the topics that the stage reads, in a fixed order (their index is in the bytes).
        new_state: makes an empty state.
        unpack_state: reads a state's bytes back.
        outbox: where outputs go.
        clock: milliseconds now, for headers and metrics alone, never for a decision's bytes.
    """

    def __init__(
        self,
        stage: str,
        partition: int,
        sources: Sequence[str],
        *,
        new_state: Callable[[], State],
        unpack_state: Callable[[bytes], State],
        outbox: Outbox,
        clock: Callable[[], int],
    ) -> None:
        self.stage = stage
        self.partition = partition
        self.sources = tuple(sources)
        self.outbox = outbox
        self.clock = clock
        self.applied: dict[str, int] = dict.fromkeys(self.sources, NOTHING_APPLIED)
        self.marks: dict[str, int] = {}
        self.meta: dict[str, Any] = {}
        self.live: Any = None  # what a stage derives from its meta; made again after a restore
        self.awaits: str | None = None  # a version that is not at hand yet: not ready
        self.entries: dict[bytes, Entry] = {}
        self.dirty: set[bytes] = set()
        self.outliers: dict[str, int] = {}
        self.decided: dict[str, int] = {}
        self.hits: dict[tuple[str, str], int] = {}
        self.deliveries = Deliveries()
        self.events_since_cut = 0
        self._new_state = new_state
        self._unpack_state = unpack_state
        self._slots: dict[bytes, int] = {}
        self._prefix = struct.Struct(f"<{len(self.sources)}q")
        self._index = {topic: index for index, topic in enumerate(self.sources)}

    # -- redelivery ---------------------------------------------------------------------------

    def fresh(self, records: Sequence[Record]) -> Iterator[Record]:
        """The records above A, advancing A past each once the caller is done with it."""
        topic = records[0].topic
        applied = self.applied[topic]
        for record in records:
            if record.offset <= applied:
                METRICS.repeats.labels(self.stage).inc()
                continue
            yield record
            applied = self.applied[topic] = record.offset
            self.events_since_cut += 1

    def is_repeat(self, src: Mapping[str, Any]) -> bool:
        """Whether a record with this ``src`` was folded already; marks it if not."""
        source = f"{src['stage']}/{src['partition']}"
        if src["offset"] <= self.marks.get(source, NOTHING_APPLIED):
            METRICS.repeats.labels(self.stage).inc()
            return True
        self.marks[source] = src["offset"]
        return False

    def entry(self, key: bytes) -> Entry:
        """The key's live entry, made empty at its first use."""
        entry = self.entries.get(key)
        if entry is None:
            entry = Entry(self._new_state(), [NOTHING_APPLIED] * len(self.sources))
            self.entries[key] = entry
        return entry

    def is_applied(self, entry: Entry, record: Record) -> bool:
        """Whether the key's restored state holds this record already."""
        return entry.applied[self._index[record.topic]] >= record.offset

    def touch(self, key: bytes, entry: Entry, record: Record) -> None:
        """Note that ``record`` is in the key's state now."""
        entry.applied[self._index[record.topic]] = record.offset
        self.dirty.add(key)

    def note(self, entry: Entry, record: Record) -> None:
        """Note that ``record`` is in the key's state, which is not to be written yet: for a state
        too costly to write at each barrier, that folds again what it lacks after a restore."""
        entry.applied[self._index[record.topic]] = record.offset

    # -- outputs ------------------------------------------------------------------------------

    def emit(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        *,
        partition: int = -1,
        headers: Headers = (),
    ) -> None:
        """Send one output now; the next barrier awaits it before anything is committed."""
        self.outbox.send(
            topic, key, value, partition=partition, headers=headers, deliveries=self.deliveries
        )

    def reject(self, record: Record, error: Exception) -> None:
        """Send what cannot be processed to the dead letters, with its code and its bytes.

        An error that a retry may cure is raised on: the process ends and a restart tries again.
        """
        if isinstance(error, FraudStreamsError) and error.retriable:
            raise error
        if not isinstance(error, EventError):
            error = ProcessingFailed(f"{type(error).__name__}: {error}")
        topic, key, value = dead_letter(self.stage, record, error)
        self.emit(topic, key, value)
        METRICS.dead_letters.labels(error.code).inc()

    def count_outliers(self) -> None:
        """Hand the clipped values of a batch to the metrics."""
        for feature, count in self.outliers.items():
            METRICS.outliers.labels(feature).inc(count)
        self.outliers.clear()

    def count_decisions(self) -> None:
        """Hand the decisions of a batch, and the rules that fired, to the metrics: once a batch,
        not once a decision."""
        for outcome, count in self.decided.items():
            METRICS.decisions.labels(outcome).inc(count)
        for (rule, mode), count in self.hits.items():
            METRICS.rule_hits.labels(rule, mode).inc(count)
        self.decided.clear()
        self.hits.clear()

    def wait_delivered(self) -> None:
        """Block until every output so far is delivered (the learner: snapshots before markers)."""
        self.outbox.wait(self.deliveries)

    # -- durability ---------------------------------------------------------------------------

    def cut(self) -> Cut:
        """Fix the end offsets, take the dirty keys as bytes, begin the next span of deliveries."""
        values: dict[bytes, bytes] = {}
        for key in self.dirty:
            values |= self._values(key, self.entries[key])
        cut = Cut(values, self._pack_meta(), dict(self.applied), self.deliveries)
        self.dirty = set()
        self.deliveries = Deliveries()
        self.events_since_cut = 0
        return cut

    def newer(self, key: bytes, value: bytes, than: bytes) -> bool:
        """Whether a changelog value is at least as far as another (the larger offset wins).

        A zombie's late write must not overwrite its successor's.
        """
        return self._progress(key, value) >= self._progress(key, than)

    def restore(self, values: Mapping[bytes, bytes]) -> None:
        """Take over what the changelog holds: the latest bytes of each key."""
        for key, value in values.items():
            if key == META_KEY:
                self._unpack_meta(value)
            elif not chunks.is_part(key):
                self.entries[key] = self._unpack(value)
        for key, slots in chunks.whole(values, self._prefix.size).items():
            self._take_slots(key, slots)

    def _take_slots(self, key: bytes, slots: Sequence[chunks.Whole]) -> None:
        """Take the slot that is furthest, if it is further than a value in one record."""
        slot, prefix, packed = max(slots, key=lambda one: sum(self._prefix.unpack(one[1])))
        known, applied = self.entries.get(key), list(self._prefix.unpack(prefix))
        if known is None or sum(applied) >= sum(known.applied):
            self.entries[key] = Entry(self._unpack_state(packed), applied)
            self._slots[key] = slot

    def _progress(self, key: bytes, value: bytes) -> int:
        if key == META_KEY:
            return sum(json.loads(value)["applied"].values())
        return sum(self._prefix.unpack_from(value))

    def _values(self, key: bytes, entry: Entry) -> dict[bytes, bytes]:
        """What the changelog is to hold of a key."""
        packed: bytes = entry.state.pack()
        prefix = self._prefix.pack(*entry.applied)
        if len(packed) <= chunks.LIMIT:
            return {key: prefix + packed}
        slot = self._slots[key] = (self._slots.get(key, -1) + 1) % chunks.SLOTS
        return chunks.split(key, prefix, packed, slot, chunks.LIMIT)

    def _unpack(self, value: bytes) -> Entry:
        size = self._prefix.size
        return Entry(self._unpack_state(value[size:]), list(self._prefix.unpack(value[:size])))

    def _pack_meta(self) -> bytes:
        meta = {"version": 1, "applied": self.applied, "marks": self.marks, "stage": self.meta}
        return json.dumps(meta, sort_keys=True, separators=(",", ":")).encode()

    def _unpack_meta(self, value: bytes) -> None:
        meta = json.loads(value)
        self.applied.update(meta["applied"])
        self.marks = meta["marks"]
        self.meta = meta["stage"]
