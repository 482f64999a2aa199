"""Follows ``fraud.models`` in a thread and consumer of its own, into a library.

A scorer never waits on its own Faust consumer for a model (that can deadlock a rebalance): the
reader follows by itself, and a wait for a version has a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from models.scorer import ModelScorer, SnapshotError
from models.snapshot_parts import LIMIT
from schemas import topics
from schemas.errors import FraudStreamsError
from streams import changelog
from streams.published import Library, Version, VersionMissing
from streams.settings import Settings
from streams.task import Task

logger = logging.getLogger(__name__)

POLL_S = 0.1
BATCH = 100
FETCH_DEADLINE_S = 20.0
# With librdkafka's 500 a version read again took half a second, and a change of the model held up
# every partition for as long; with this it takes 20 ms.
FETCH_WAIT_MS = 10


class LibraryReader(threading.Thread):
    """Follows ``fraud.models`` into a library."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="fraud-models-reader", daemon=True)
        self.library = Following(self._fetch, self.follow, settings.model_deadline_s)
        self._settings = settings
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._again: Consumer | None = None  # reads single records again, under the library's lock

    def follow(self) -> None:
        """Start to read, if that was not done yet: a learner asks while it is restored."""
        with self._starting:
            if self.ident is None:
                self.start()

    def run(self) -> None:
        """Read until stopped; a record that cannot be read is logged and skipped."""
        consumer = changelog.reader(self._settings)
        consumer.assign([TopicPartition(topics.MODELS, 0, OFFSET_BEGINNING)])
        while not self._stopping.is_set():
            for message in consumer.consume(BATCH, POLL_S):
                if message.error() is None:
                    self._add(message)
        consumer.close()

    def stop(self) -> None:
        """Stop reading and wait for the thread."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=5)

    async def wait_for(
        self, marker: dict[str, Any], task: Task, still_ours: Callable[[], bool]
    ) -> None:
        """Wait until what ``marker`` names was read, and compile it beside the event loop.

        Meanwhile the task says what it awaits, and the worker is not ready.

        Raises:
            VersionMissing: the deadline passed. The worker restarts and waits again.
        """
        try:
            await self._held(marker, task, still_ours)
        finally:
            task.awaits = None
        if marker["model"] is not None and still_ours():
            version = (marker["model"]["name"], marker["model"]["version"])
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._compile, version)

    async def _held(
        self, marker: dict[str, Any], task: Task, still_ours: Callable[[], bool]
    ) -> None:
        deadline = time.monotonic() + self._settings.model_deadline_s
        while not self.library.holds(marker) and still_ours():
            task.awaits = f"marker {marker['sequence']}: {marker['model']}, {marker['ruleset']}"
            if time.monotonic() > deadline:
                raise VersionMissing(
                    f"marker {marker['sequence']} names {marker['model']} and "
                    f"{marker['ruleset']}, not on {topics.MODELS} after "
                    f"{self._settings.model_deadline_s} s; a retry helps once they are published"
                )
            await asyncio.sleep(0.005)

    def _compile(self, version: Version) -> None:
        try:
            self.library.scorer(version)
        except SnapshotError:  # met again, and dead-lettered, where the marker is applied
            logger.exception("a model of %s cannot be scored with", topics.MODELS)

    def _add(self, message: Message) -> None:
        value, offset = message.value(), message.offset()
        try:
            if isinstance(value, bytes):
                self.library.add(value, offset)
        except FraudStreamsError:
            logger.exception("a record of %s cannot be read", topics.MODELS)

    def _fetch(self, offset: int) -> bytes:
        """The record at an offset of ``fraud.models`` once more."""
        if self._again is None:
            self._again = changelog.reader(
                self._settings, queued_kbytes=2 * LIMIT // 1024, wait_ms=FETCH_WAIT_MS
            )
        self._again.assign([TopicPartition(topics.MODELS, 0, offset)])
        try:
            return _await(self._again, offset)
        finally:
            self._again.unassign()  # or it would ask the broker on and on


def _await(reader: Consumer, offset: int) -> bytes:
    """The record that a reader was just assigned; VersionMissing past the deadline."""
    deadline = time.monotonic() + FETCH_DEADLINE_S
    while time.monotonic() < deadline:
        for message in reader.consume(1, POLL_S):
            value = message.value()
            if message.error() is None and message.offset() == offset:
                return value if isinstance(value, bytes) else b""
    raise VersionMissing(f"{topics.MODELS}@{offset}", expected="its record", came="nothing")


class Following(Library):
    """A library that a reader fills meanwhile: whoever asks for a version waits for it a while."""

    def __init__(
        self, fetch: Callable[[int], bytes], follow: Callable[[], None], deadline_s: float
    ) -> None:
        super().__init__(fetch)
        self._follow = follow
        self._deadline_s = deadline_s

    def scorer(self, version: Version) -> ModelScorer:
        """The compiled model; raises VersionMissing past the deadline."""
        self._follow()
        deadline = time.monotonic() + self._deadline_s
        while not self.has_model(version) and time.monotonic() < deadline:
            time.sleep(0.01)
        return super().scorer(version)
