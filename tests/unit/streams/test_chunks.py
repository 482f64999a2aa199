"""Large states: split, whole again, and never a mixture."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from streams import chunks
from streams.chunks import is_part, split, whole
from streams.outbox import Deliveries
from streams.records import Headers, LogRecord
from streams.task import META_KEY, Task

PREFIX = struct.Struct("<q")


@given(st.binary(min_size=1, max_size=300), st.integers(1, 50), st.integers(0, 1))
def test_parts_are_the_whole(packed: bytes, limit: int, slot: int) -> None:
    parts = split(b"key/with/slashes", PREFIX.pack(7), packed, slot, limit)
    assert all(map(is_part, parts))
    assert not is_part(b"key/with/slashes")
    assert whole(parts, 8) == {b"key/with/slashes": [(slot, PREFIX.pack(7), packed)]}


@given(st.data())
def test_a_slot_is_whole_or_not_there(data: st.DataObject) -> None:
    """However many parts of a newer state were written over an older one of another length."""
    sizes = st.integers(1, 40)
    old = split(b"k", PREFIX.pack(5), b"o" * data.draw(sizes), 0, 4)
    new = split(b"k", PREFIX.pack(9), b"n" * data.draw(sizes), 0, 4)
    written = data.draw(st.integers(0, len(new)))
    found = whole(old | dict([*new.items()][:written]), 8).get(b"k", [])
    for _, prefix, packed in found:
        expected = {PREFIX.pack(5): b"o", PREFIX.pack(9): b"n"}[prefix]
        assert set(packed) == set(expected)
        assert len(split(b"k", prefix, packed, 0, 4)) in (len(old), len(new))
    assert found or 0 < written < len(new)


class Text:
    """A state that says what it folded."""

    def __init__(self, text: bytes = b"") -> None:
        self.text = text

    def pack(self) -> bytes:
        return self.text


class Nowhere:
    """An outbox for a task that emits nothing."""

    def send(
        self,
        topic: str,
        key: bytes | None,  # noqa: ARG002 - the outbox's signature
        value: bytes | None,  # noqa: ARG002
        *,
        partition: int = -1,  # noqa: ARG002
        headers: Headers = (),  # noqa: ARG002
        deliveries: Deliveries,  # noqa: ARG002
    ) -> None:
        raise AssertionError(topic)

    def poll(self) -> None: ...

    def wait(self, deliveries: Deliveries) -> None: ...


def task() -> Task:
    return Task("s", 0, ("t",), new_state=Text, unpack_state=Text, outbox=Nowhere(),
                clock=lambda: 0)  # fmt: skip


def fold(one: Task, offset: int) -> None:
    record = LogRecord("t", 0, offset, 0, b"k", b"", ())
    for _ in one.fresh([record]):
        entry = one.entry(b"k")
        entry.state.text += b"%04d" % offset
        one.touch(b"k", entry, record)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9), st.booleans()), max_size=12))
def test_a_crash_between_two_parts_leaves_an_older_state(
    barriers: list[tuple[int, int, bool]],
) -> None:
    """Each barrier: records folded, parts written before a crash, and whether there was none."""
    before, chunks.LIMIT = chunks.LIMIT, 8
    try:
        changelog, one, offset = dict[bytes, bytes](), task(), 0
        for many, written, completes in barriers:
            for _ in range(many):
                fold(one, offset)
                offset += 1
            cut = one.cut()
            values = [*cut.values.items()][: None if completes else written]
            changelog.update((key, value) for key, value in values)
            if completes:
                changelog[META_KEY] = cut.meta
                continue
            one = task()
            one.restore(changelog)
            offset = min(offset, one.applied["t"] + 1)
            text = one.entry(b"k").state.text
            assert text == b"".join(b"%04d" % at for at in range(len(text) // 4))
            assert one.entry(b"k").applied[0] == len(text) // 4 - 1 >= one.applied["t"]
            offset = len(text) // 4
            one.applied["t"] = offset - 1
    finally:
        chunks.LIMIT = before
