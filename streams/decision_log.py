"""Decisions read back from the log by their position: the join keeps pointers, not snapshots."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from itertools import islice
from typing import Any, Protocol

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.errors import FraudStreamsError, OrphanLabel
from streams import changelog
from streams.settings import Settings
from streams.wire import codec

# Labels come roughly in the order of their decisions: a chunk read for one serves its neighbours.
CHUNK = 500
# About 40 chunks of 1 to 2 MB: four partitions' neighbourhoods for several label sources.
CHUNKS_KEPT = 40
READ_DEADLINE_S = 20.0
# A follower needs no more than the next few thousand decisions; librdkafka would hold 64 MB.
FOLLOWER_QUEUE_KB = 4_096
NOWHERE = -1

Chunk = dict[int, bytes]


class DecisionUnread(FraudStreamsError):
    """A decision that the join points to could not be read in time."""

    code = "DECISION_UNREAD"
    retriable = True
    advice = "The worker restarts and tries again; look at the retention of fraud.decisions."


class DecisionLog(Protocol):
    """Where the join reads decisions back, and asks where the labels end."""

    def read(self, partition: int, offset: int) -> dict[str, Any]:
        """The decision at a position; raises DecisionUnread, or OrphanLabel where it is gone."""

    def following(self, partition: int, offset: int, most: int) -> list[tuple[int, bytes]]:
        """Up to ``most`` decisions from ``offset`` on, with their offsets; fewer, perhaps none,
        where more are not at hand: ask again. Those that retention took are left out.
        """

    def labels_end(self, partition: int) -> int:
        """The offset after the last label of a partition, now; 0 where none is left."""


class KafkaDecisionLog:
    """Reads ``fraud.decisions`` in chunks, the last ones kept.

    A reader a partition, which goes on where it stands: labels come roughly in the order of their
    decisions, so the next chunk has mostly been fetched already.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers: dict[int, Consumer] = {}
        self._followers: dict[int, Follower] = {}
        self._asker: Consumer | None = None
        self._next: dict[int, int] = {}
        self._chunks: OrderedDict[tuple[int, int], Chunk] = OrderedDict()

    def read(self, partition: int, offset: int) -> dict[str, Any]:
        """The decision at a position; raises DecisionUnread, or OrphanLabel where it is gone."""
        at = (partition, offset // CHUNK)
        chunk = self._chunks.get(at)
        if chunk is None or offset not in chunk:
            chunk = self._chunks[at] = self._fetch(partition, offset)
        self._chunks.move_to_end(at)
        if len(self._chunks) > CHUNKS_KEPT:
            self._chunks.popitem(last=False)
        return codec.decode(chunk[offset])[1]

    def following(self, partition: int, offset: int, most: int) -> list[tuple[int, bytes]]:
        """Up to ``most`` decisions from ``offset`` on, as many as were fetched already."""
        if partition not in self._followers:
            self._followers[partition] = Follower(self._settings, partition)
        return self._followers[partition].take(offset, most)

    def labels_end(self, partition: int) -> int:
        """The offset after the last label of a partition, now."""
        if self._asker is None:
            self._asker = changelog.reader(self._settings)
        first, end = changelog.watermarks(self._asker, topics.LABELS, partition)
        return end if first < end else 0  # retention has taken all of them: none is to be awaited

    def _fetch(self, partition: int, offset: int) -> Chunk:
        """The chunk around ``offset``, at least up to it (the log may end inside a chunk)."""
        start = offset - offset % CHUNK
        reader = self._reader(partition, start)
        chunk: Chunk = {}
        deadline = time.monotonic() + READ_DEADLINE_S
        while offset not in chunk:
            self._take(reader, partition, start + CHUNK, chunk)
            if self._next[partition] > offset and offset not in chunk:
                raise OrphanLabel(
                    f"{topics.DECISIONS}[{partition}]@{offset}",
                    expected="a record that the topic's retention has left",
                )
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


class Follower:
    """Reads a partition of ``fraud.decisions`` on and on, far behind its end.

    What it was given and not asked beyond stays at hand: a decision that has not matured is asked
    for again.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._reader = changelog.reader(settings, queued_kbytes=FOLLOWER_QUEUE_KB)
        self._partition = partition
        self._ahead: deque[tuple[int, bytes]] = deque()
        self._first = self._next = NOWHERE

    def take(self, offset: int, most: int) -> list[tuple[int, bytes]]:
        """Up to ``most`` records from ``offset`` on that are at hand."""
        if not self._first <= offset <= self._next:
            self._stand_at(offset)
        self._first = offset
        while self._ahead and self._ahead[0][0] < offset:
            self._ahead.popleft()
        if len(self._ahead) < most:
            self._fill(most - len(self._ahead))
        return list(islice(self._ahead, most))

    def _stand_at(self, offset: int) -> None:
        self._reader.assign([TopicPartition(topics.DECISIONS, self._partition, offset)])
        self._ahead.clear()
        self._next = offset

    def _fill(self, most: int) -> None:
        for message in self._reader.consume(most, 0.0):  # librdkafka reads ahead by itself
            value, offset = message.value(), message.offset()
            if message.error() is None and offset is not None:
                self._ahead.append((offset, value if isinstance(value, bytes) else b""))
                self._next = offset + 1
