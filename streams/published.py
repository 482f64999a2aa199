"""Models and rulesets by name and version, read in a thread and consumer of their own.

A scorer never waits on its own Faust consumer for a model (that can deadlock a rebalance): the
reader follows ``fraud.models`` by itself, and a wait for a version has a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any, Protocol, TypeVar

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from models.rules import Ruleset, compile_ruleset
from models.scorer import Scorer, compile_snapshot
from schemas import topics
from schemas.errors import FraudStreamsError
from streams import changelog
from streams.settings import Settings
from streams.wire import codec

logger = logging.getLogger(__name__)

Version = tuple[str, int]
POLL_S = 0.1
BATCH = 100


class VersionMissing(FraudStreamsError):
    """A marker names a version that ``fraud.models`` does not hold (yet)."""

    code = "VERSION_MISSING"
    retriable = True


class Published(Protocol):
    """Where scorers find what markers name."""

    def scorer(self, version: Version) -> Scorer:
        """The compiled model; raises VersionMissing where it was not read."""

    def ruleset(self, version: Version) -> Ruleset:
        """The compiled ruleset; raises VersionMissing where it was not read."""


class Library:
    """Compiled models and rulesets, filled from the records of ``fraud.models``."""

    def __init__(self) -> None:
        self._scorers: dict[Version, Scorer] = {}
        self._rulesets: dict[Version, Ruleset] = {}

    def add(self, value: bytes) -> None:
        """Take one record of ``fraud.models`` in."""
        name, record = codec.decode(value)
        version = (record["name"], record["version"])
        if name == "model_snapshot":
            self._scorers[version] = compile_snapshot(record)
        elif name == "ruleset":
            self._rulesets[version] = compile_ruleset(record["yaml"])

    def scorer(self, version: Version) -> Scorer:
        """The compiled model; raises VersionMissing where it was not read."""
        return _found(self._scorers, "model", version)

    def ruleset(self, version: Version) -> Ruleset:
        """The compiled ruleset; raises VersionMissing where it was not read."""
        return _found(self._rulesets, "ruleset", version)

    def holds(self, marker: dict[str, Any]) -> bool:
        """Whether everything that ``marker`` names was read."""
        model, rules = marker["model"], marker["ruleset"]
        has_model = model is None or (model["name"], model["version"]) in self._scorers
        return has_model and (rules["name"], rules["version"]) in self._rulesets


T = TypeVar("T")


def _found(versions: dict[Version, T], kind: str, version: Version) -> T:
    try:
        return versions[version]
    except KeyError:
        raise VersionMissing(
            f"{kind} {version[0]}@{version[1]}", expected=f"it on {topics.MODELS}", came="nothing"
        ) from None


class LibraryReader(threading.Thread):
    """Follows ``fraud.models`` into a library."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="fraud-models-reader", daemon=True)
        self.library = Library()
        self._settings = settings
        self._stopping = threading.Event()

    def run(self) -> None:
        """Read until stopped; a record that cannot be read is logged and skipped."""
        consumer = changelog.reader(self._settings)
        consumer.assign([TopicPartition(topics.MODELS, 0, OFFSET_BEGINNING)])
        while not self._stopping.is_set():
            for message in consumer.consume(BATCH, POLL_S):
                if message.error() is None:
                    self._add(message.value())
        consumer.close()

    def stop(self) -> None:
        """Stop reading and wait for the thread."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=5)

    async def wait_for(self, marker: dict[str, Any], still_ours: Any) -> None:
        """Wait until what ``marker`` names was read.

        Raises:
            VersionMissing: the deadline passed. The worker restarts and waits again; meanwhile
                its readiness is false.
        """
        deadline = time.monotonic() + self._settings.model_deadline_s
        while not self.library.holds(marker) and still_ours():
            if time.monotonic() > deadline:
                raise VersionMissing(
                    f"marker {marker['sequence']} names {marker['model']} and "
                    f"{marker['ruleset']}, not on {topics.MODELS} after "
                    f"{self._settings.model_deadline_s} s; a retry helps once they are published"
                )
            await asyncio.sleep(0.005)

    def _add(self, value: str | bytes | None) -> None:
        try:
            if isinstance(value, bytes):
                self.library.add(value)
        except FraudStreamsError:
            logger.exception("a record of %s cannot be read", topics.MODELS)
