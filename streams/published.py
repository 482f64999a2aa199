"""Models and rulesets by name and version, as ``fraud.models`` holds them.

A log names hundreds of versions, and a forest is megabytes: the library remembers where each
stands, reads it again when it is asked for, and keeps the last ones compiled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from models.rules import Ruleset, compile_ruleset
from models.scorer import ModelScorer
from models.shelf import CompiledVersions
from models.snapshot_parts import join
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.wire import codec

Version = tuple[str, int]
Fetch = Callable[[int], bytes]
"""Reads the record at a place of ``fraud.models`` again."""


class VersionMissing(FraudStreamsError):
    """A marker names a version that ``fraud.models`` does not hold (yet)."""

    code = "VERSION_MISSING"
    retriable = True


class Published(Protocol):
    """Where scorers find what markers name."""

    def scorer(self, version: Version) -> ModelScorer:
        """The compiled model; raises VersionMissing where it was not read."""

    def ruleset(self, version: Version) -> Ruleset:
        """The compiled ruleset; raises VersionMissing where it was not read."""


class Library:
    """Models and rulesets, filled from the records of ``fraud.models``; safe for several threads.

    Without ``fetch`` it keeps the records themselves.
    """

    def __init__(self, fetch: Fetch | None = None) -> None:
        self._values: dict[int, bytes] | None = {} if fetch is None else None
        self._fetch = fetch or self._kept
        self._places: dict[Version, dict[int, int]] = {}
        self._parts: dict[Version, int] = {}
        self._rulesets: dict[Version, Ruleset] = {}
        self._compiled = CompiledVersions(self.snapshot)
        self._compiling = threading.RLock()
        self._added = 0

    def add(self, value: bytes, place: int | None = None) -> None:
        """Take one record of ``fraud.models`` in, that ``fetch`` finds at ``place``."""
        name, record = codec.decode(value)
        version = (record["name"], record["version"])
        if name == "ruleset":
            self._rulesets[version] = compile_ruleset(record["yaml"])
        elif name == "model_snapshot":
            place = self._added if place is None else place
            if self._values is not None:
                self._values[place] = value
            self._places.setdefault(version, {})[record["part"]] = place
            self._parts[version] = record["parts"]
        self._added += 1

    def scorer(self, version: Version) -> ModelScorer:
        """The compiled model; raises VersionMissing where it was not read, or SnapshotError."""
        with self._compiling:
            return self._compiled.scorer(version)

    def ruleset(self, version: Version) -> Ruleset:
        """The compiled ruleset; raises VersionMissing where it was not read."""
        return _found(self._rulesets, "ruleset", version)

    def snapshot(self, version: Version) -> dict[str, Any]:
        """A model's whole record; raises VersionMissing where not all of it was read."""
        if not self.has_model(version):
            raise _missing("model", version)
        places = sorted(self._places[version].items())
        return join([codec.decode(self._fetch(place))[1] for _, place in places])

    def versions(self) -> list[Version]:
        """Every model version read whole, in the order of the log."""
        return [version for version in self._places if self.has_model(version)]

    def has_model(self, version: Version) -> bool:
        """Whether a model was read whole."""
        return version in self._places and len(self._places[version]) == self._parts[version]

    def holds(self, marker: dict[str, Any]) -> bool:
        """Whether everything that ``marker`` names was read; members stand before their blend."""
        model, rules = marker["model"], marker["ruleset"]
        has_model = model is None or self.has_model((model["name"], model["version"]))
        return has_model and (rules["name"], rules["version"]) in self._rulesets

    def _kept(self, place: int) -> bytes:
        return (self._values or {})[place]


T = TypeVar("T")


def _found(versions: dict[Version, T], kind: str, version: Version) -> T:
    try:
        return versions[version]
    except KeyError:
        raise _missing(kind, version) from None


def _missing(kind: str, version: Version) -> VersionMissing:
    where = f"{kind} {version[0]}@{version[1]}"
    return VersionMissing(where, expected=f"it on {topics.MODELS}", came="nothing")
