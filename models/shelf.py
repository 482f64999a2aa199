"""Published versions by name and version, compiled when they are first asked for.

A forest's payload is megabytes, and a log names hundreds of versions: only the last ones used stay
compiled. How a snapshot is had again is the caller's: from memory here, from the log live.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from models.compiled_model import Ref, compile_model
from models.scorer import ModelScorer

COMPILED = 16
"""Compiled versions kept: four competitors, the versions that neighbouring outcomes name."""


class CompiledVersions:
    """The last scorers used; `find` gives a version's whole snapshot, or raises."""

    def __init__(self, find: Callable[[Ref], Mapping[str, Any]], size: int = COMPILED) -> None:
        self._find = find
        self._size = size
        self._scorers: OrderedDict[Ref, ModelScorer] = OrderedDict()

    def scorer(self, ref: Ref) -> ModelScorer:
        """The version's scorer; raises what `find` raises, or `SnapshotError`."""
        found = self._scorers.get(ref)
        if found is None:
            found = self._scorers[ref] = compile_model(self._find(ref), self.scorer)
        self._scorers.move_to_end(ref)
        while len(self._scorers) > self._size:
            self._scorers.popitem(last=False)
        return found


class Shelf:
    """Every snapshot that was added, whole, in memory.

    >>> Shelf().scorer("logistic", 7)
    Traceback (most recent call last):
    ...
    KeyError: ('logistic', 7)
    """

    def __init__(self) -> None:
        self.snapshots: dict[Ref, Mapping[str, Any]] = {}
        self._compiled = CompiledVersions(self.snapshots.__getitem__)

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a whole `model_snapshot` record in."""
        self.snapshots[record["name"], record["version"]] = record

    def scorer(self, name: str, version: int) -> ModelScorer:
        """The compiled version; raises KeyError where it was not added."""
        return self._compiled.scorer((name, version))
