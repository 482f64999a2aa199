"""Decisions read back from the log by their position: the join keeps pointers, not snapshots."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Protocol

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.errors import FraudStreamsError
from streams import changelog
from streams.settings import Settings
from streams.wire import codec

# Labels come roughly in the order of their decisions: a chunk read for one serves its neighbours.
CHUNK = 500
# About 40 chunks of 1 to 2 MB: four partitions' neighbourhoods for several label sources.
CHUNKS_KEPT = 40
READ_DEADLINE_S = 20.0

Chunk = dict[int, bytes]


class DecisionUnread(FraudStreamsError):
    """A decision that the join points to could not be read in time."""

    code = "DECISION_UNREAD"
    retriable = True
    advice = "The worker restarts and tries again; look at the retention of fraud.decisions."


class DecisionLog(Protocol):
    """Where the join reads decisions back."""

    def read(self, partition: int, offset: int) -> dict[str, Any]:
        """The decision at a position; raises DecisionUnread."""


class KafkaDecisionLog:
    """Reads ``fraud.decisions`` in chunks, the last ones kept.

    A reader a partition, which goes on where it stands: labels come roughly in the order of their
    decisions, so the next chunk has mostly been fetched already.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers: dict[int, Consumer] = {}
        self._next: dict[int, int] = {}
        self._chunks: OrderedDict[tuple[int, int], Chunk] = OrderedDict()

    def read(self, partition: int, offset: int) -> dict[str, Any]:
        """The decision at a position; raises DecisionUnread."""
        at = (partition, offset // CHUNK)
        chunk = self._chunks.get(at)
        if chunk is None or offset not in chunk:
            chunk = self._chunks[at] = self._fetch(partition, offset)
        self._chunks.move_to_end(at)
        if len(self._chunks) > CHUNKS_KEPT:
            self._chunks.popitem(last=False)
        return codec.decode(chunk[offset])[1]

    def _fetch(self, partition: int, offset: int) -> Chunk:
        """The chunk around ``offset``, at least up to it (the log may end inside a chunk)."""
        start = offset - offset % CHUNK
        reader = self._reader(partition, start)
        chunk: Chunk = {}
        deadline = time.monotonic() + READ_DEADLINE_S
        while offset not in chunk:
            self._take(reader, partition, start + CHUNK, chunk)
            if time.monotonic() > deadline:
                raise DecisionUnread(
                    f"{topics.DECISIONS}[{partition}]@{offset}",
                    expected=f"a record within {READ_DEADLINE_S} s",
                )
        return chunk

    def _reader(self, partition: int, start: int) -> Consumer:
        """The partition's reader, standing at ``start``."""
        if partition not in self._readers:
            self._readers[partition] = changelog.reader(self._settings)
        if self._next.get(partition) != start:
            self._readers[partition].assign([TopicPartition(topics.DECISIONS, partition, start)])
            self._next[partition] = start
        return self._readers[partition]

    def _take(self, reader: Consumer, partition: int, end: int, chunk: Chunk) -> None:
        for message in reader.consume(end - self._next[partition], 0.05):
            value, offset = message.value(), message.offset()
            if message.error() is None and offset is not None and isinstance(value, bytes):
                chunk[offset] = value
                self._next[partition] = offset + 1
