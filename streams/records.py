"""A record of a log, as agents see it: Kafka's and the in-process log's have the same fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """One record of one partition; ``timestamp`` is when the log appended it (ms, UTC)."""

    @property
    def topic(self) -> str:
        """The topic's name."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When the log appended it, ms UTC."""

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""

    @property
    def value(self) -> bytes | None:
        """The value's bytes; None is a tombstone."""

    @property
    def headers(self) -> Headers:
        """Names and bytes, in order."""


class LogRecord(NamedTuple):
    """A record that is not Kafka's: of the in-process log, or read back for a fold.

    >>> LogRecord("fraud.labels", 0, 7, 1, b"card", b"bytes", ()).offset
    7
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def header(record: Record, name: str) -> bytes | None:
    """The value of the first header called ``name``, or None."""
    for key, value in record.headers:
        if key == name:
            return value
    return None
