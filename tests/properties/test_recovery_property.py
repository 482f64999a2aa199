"""Redelivery: whatever is torn off, repeated or half written, the outputs are those of one fold."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.outbox import Deliveries
from streams.records import Headers, LogRecord
from streams.task import META_KEY, Task

TOPIC = "fraud.transactions"
KEYS = (b"a", b"b", b"c")


class Sum:
    """A state whose outputs show every effect applied twice, or not at all."""

    def __init__(self, total: int = 0, count: int = 0) -> None:
        self.total, self.count = total, count

    def pack(self) -> bytes:
        return struct.pack("<qq", self.total, self.count)

    @classmethod
    def unpack(cls, data: bytes) -> Sum:
        return cls(*struct.unpack("<qq", data))


@dataclass
class Memory:
    """An outbox that keeps what it is given."""

    sent: list[tuple[bytes | None, bytes | None]] = field(default_factory=list)

    def send(
        self,
        topic: str,  # noqa: ARG002 - the outbox's signature
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,  # noqa: ARG002
        headers: Headers = (),  # noqa: ARG002
        deliveries: Deliveries,  # noqa: ARG002
    ) -> None:
        self.sent.append((key, value))

    def poll(self) -> None: ...

    def wait(self, deliveries: Deliveries) -> None: ...


def step(task: Task, records: list[LogRecord]) -> None:
    for record in task.fresh(records):
        source, offset = struct.unpack("<qq", record.value or b"")
        if task.is_repeat({"stage": "s", "partition": source, "offset": offset}):
            continue
        key = record.key or b""
        entry = task.entry(key)
        if task.is_applied(entry, record):
            continue
        entry.state.total = (
            entry.state.total * 31 + record.offset
        ) % 2**61  # it is packed in 64 bits
        entry.state.count += 1
        task.touch(key, entry, record)
        task.emit("out", key, entry.state.pack())


def new_task(outbox: Memory) -> Task:
    return Task(
        "s", 0, (TOPIC,), new_state=Sum, unpack_state=Sum.unpack, outbox=outbox, clock=lambda: 0
    )


def log(keys: list[int], repeats: list[int]) -> list[LogRecord]:
    """Records whose sources repeat where `repeats` says so (a first stage that spoke twice)."""
    sources = [(number, KEYS[key]) for number, key in enumerate(keys)]
    for at in sorted(repeats, reverse=True):
        if at < len(sources):
            sources.insert(min(at + 5, len(sources)), sources[at])
    return [
        LogRecord(TOPIC, 0, offset, 0, key, struct.pack("<qq", 0, number), ())
        for offset, (number, key) in enumerate(sources)
    ]


@settings(max_examples=150, deadline=None)
@given(
    keys=st.lists(st.integers(0, 2), min_size=1, max_size=200),
    repeats=st.lists(st.integers(0, 150), max_size=5),
    crashes=st.lists(
        st.tuples(
            st.integers(1, 60), st.integers(0, 60), st.integers(0, 4), st.booleans(), st.booleans()
        ),
        max_size=6,
    ),
)
def test_crashes_change_nothing(
    keys: list[int], repeats: list[int], crashes: list[tuple[int, int, int, bool, bool]]
) -> None:
    """A crash: so many records to the cut, so many after it, and how much of the cut was written:
    so many of its keys, and the meta record and the commit or not.
    """
    records = log(keys, repeats)
    once = Memory()
    step(new_task(once), records)

    outbox, changelog, committed = Memory(), dict[bytes, bytes](), 0
    for to_cut, beyond, written, whole, commits in crashes:
        task = new_task(outbox)
        task.restore(changelog)
        fold(task, records[committed : committed + to_cut])
        cut = task.cut()
        fold(task, records[committed + to_cut : committed + to_cut + beyond])
        for key in sorted(cut.values)[: None if whole else written]:
            changelog[key] = cut.values[key]
        if whole:
            changelog[META_KEY] = cut.meta
            committed = max(committed, cut.ends[TOPIC] + 1) if commits else committed
    last = new_task(outbox)
    last.restore(changelog)
    fold(last, records[committed:])

    assert set(outbox.sent) == set(once.sent)
    assert {k: e.state.pack() for k, e in last.entries.items()} == {
        k: e.state.pack() for k, e in finished(records).entries.items()
    }


def finished(records: list[LogRecord]) -> Task:
    task = new_task(Memory())
    step(task, records)
    return task


def fold(task: Task, records: list[LogRecord]) -> None:
    if records:
        step(task, records)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_the_larger_applied_offset_wins(one: int, other: int) -> None:
    """Offsets are compared as numbers, even where their bytes look like JSON (123 is '{')."""
    task = new_task(Memory())

    def value(offset: int) -> bytes:
        entry = task.entry(b"k")
        entry.applied[0] = offset
        task.dirty.add(b"k")
        return task.cut().values[b"k"]

    assert task.newer(b"k", value(one), value(other)) == (one >= other)
    assert task.newer(b"k", value(123), value(122))


def test_a_restored_task_goes_on_where_the_meta_record_says() -> None:
    records = log([0, 1, 2, 0], [])
    first = new_task(Memory())
    step(first, records[:3])
    cut = first.cut()
    again = new_task(Memory())
    again.restore({**cut.values, META_KEY: cut.meta})
    step(again, records)
    assert again.applied[TOPIC] == 3
    assert again.entries[b"a"].state.count == 2
