"""The learner's own fold over a recorded log, with nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from models import learn_control
from models.learn import Learner
from models.learn_control import Announcement
from models.scorer import ModelScorer
from models.shelf import CompiledVersions
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.history.altered import Altered
from streams.history.log import Log
from streams.published import VersionMissing
from streams.records import LogRecord
from streams.wire import codec

Ref = tuple[str, int]
Step = tuple[int, str, dict[str, Any]]
Snapshot = dict[str, Any]
NewLearner = Callable[[], Learner]
UNREADABLE = ""
"""In the place of a schema's name: a dead letter when the stage folded it."""


class SnapshotFiles:
    """Snapshots as files of a folder: a year of forests is gigabytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.hashes: dict[Ref, str] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Write one."""
        ref = (snapshot["name"], snapshot["version"])
        self._path(ref).write_bytes(codec.encode("model_snapshot", snapshot))
        self.hashes[ref] = snapshot["sha256"]

    def read(self, ref: Ref) -> Snapshot:
        """One that was added; raises VersionMissing for another."""
        if ref not in self.hashes:
            raise VersionMissing(f"model {ref[0]}@{ref[1]}", expected="it made by the fold")
        return codec.decode(self._path(ref).read_bytes())[1]

    def _path(self, ref: Ref) -> Path:
        return self._folder / f"{ref[0]}@{ref[1]}"


class Refold:
    """A learner from its beginning. `fold` batches in order; `published` has what it published.

    Versions that challengers are judged by are those that this fold made, and what it reads again
    after a freeze is altered in the same way as what it read at first.
    """

    def __init__(
        self, log: Log, altered: Altered, folder: Path, new_learner: NewLearner = Learner
    ) -> None:
        self._log, self._altered = log, altered
        self.published = SnapshotFiles(folder)
        self._compiled = CompiledVersions(self.published.read)
        self.learner = new_learner()
        self.counts = dict.fromkeys(("outcomes", "commands", "refused", "left_out"), 0)
        self.model: dict[str, Any] | None = None  # in force by the last marker
        self._take(learn_control.boot(self.learner))

    def fold(self, records: Sequence[LogRecord]) -> None:
        """Fold some records of `fraud.outcomes`."""
        steps = list(self._steps(records))
        self.counts["left_out"] += len(records) - len(steps)
        outcomes = [body for _, name, body in steps if name == "outcome"]
        learn_control.look_ahead(self.learner, outcomes, self)
        for offset, name, body in steps:
            self._react(offset, name, body)

    def scorer(self, name: str, version: int) -> ModelScorer:
        """A version that this fold published; raises VersionMissing for another."""
        return self._compiled.scorer((name, version))

    def outcomes(self, first: int, stop: int) -> Iterable[Step]:
        """What `fraud.outcomes` holds from `first` to below `stop`, altered alike."""
        steps = self._steps(self._log.read(topics.OUTCOMES, 0, first, stop))
        return (step for step in steps if step[1] != UNREADABLE)

    def _steps(self, records: Iterable[LogRecord]) -> Iterator[Step]:
        for record in records:
            try:
                name, body = codec.decode(record.value or b"")
            except FraudStreamsError:
                yield record.offset, UNREADABLE, {}
                continue
            told = self._altered(record.offset, body) if name == "outcome" else body
            if told is not None:
                yield record.offset, name, told

    def _react(self, offset: int, name: str, body: dict[str, Any]) -> None:
        """As the stage does: what is refused changes nothing, what a retry may cure is raised."""
        self.counts["outcomes"] += name == "outcome"
        self.counts["commands"] += name == "command"
        try:
            said = learn_control.react(self.learner, name, body, offset, self)
        except Exception as error:
            if isinstance(error, FraudStreamsError) and error.retriable:
                raise
            self.counts["refused"] += 1
            return
        for announcement in said:
            self._take(announcement)

    def _take(self, said: Announcement) -> None:
        if said.marker is not None:
            self.model = said.marker["model"]
        if said.record is not None and said.kind == "model_snapshot":
            self.published.add(said.record)
