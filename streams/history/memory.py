"""The in-process log as one to read the history of."""

from __future__ import annotations

from collections.abc import Iterator

from streams.in_process import InProcessLog
from streams.records import LogRecord


class MemoryLog:
    """The in-process log as a `Log`.

    >>> memory = InProcessLog(clock=lambda: 7)
    >>> _ = memory.append("fraud.outcomes", b"id", b"bytes")
    >>> [record.value for record in MemoryLog(memory).read("fraud.outcomes")]
    [b'bytes']
    """

    def __init__(self, log: InProcessLog) -> None:
        self._log = log

    def begin(self, topic: str, partition: int = 0) -> int:  # noqa: ARG002
        """Always 0: nothing is deleted."""
        return 0

    def end(self, topic: str, partition: int = 0) -> int:
        """How many records there are."""
        return len(self._log.partitions[topic, partition])

    def after(self, topic: str, at: int, partition: int = 0) -> int:
        """The offset of the first record appended after `at` (UTC ms), or the end."""
        records = self._log.partitions[topic, partition]
        return next((r.offset for r in records if r.timestamp > at), len(records))

    def read(
        self, topic: str, partition: int = 0, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """A copy of the records, so that the log may grow meanwhile."""
        yield from self._log.partitions[topic, partition][start:stop]
