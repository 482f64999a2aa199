"""learn: folds outcomes and commands into the models, publishes versions, announces markers.

One partition, one fold: a version *is* an offset of ``fraud.outcomes``, so a second writer makes
the same version. A snapshot is delivered before its markers, and the last marker is announced
again on every start, in case the process died between the two. Entries of the audit trail go out
before what they tell of.

Forests take up to a second to pack, too long for a barrier every 200 ms. So the state is written
when all competitors publish, and every ``CHECKPOINT`` records; the meta record's offset A goes on
at each barrier. After a crash the records between the state's offset and A are folded once more,
silently: what they announced was delivered before A was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from models import learn_control
from models.announcement import Announcement
from models.learn import Learner
from models.scorer import ModelScorer
from models.snapshot_parts import split
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.metrics_shown import learner_shown, quality_shown, versions_shown
from streams.outcome_log import Outcome, OutcomeLog
from streams.published import Library
from streams.records import Record
from streams.task import NOTHING_APPLIED, Entry, Task
from streams.wire import codec

KEY = b"learner"
CHECKPOINT = 10_000
"""Records between two checkpoints at most: seconds of learning that a crash redoes."""


class Surroundings:
    """What the learner's fold is given: published versions, and the outcomes once more."""

    def __init__(self, library: Library, log: OutcomeLog) -> None:
        self._library = library
        self._log = log

    def scorer(self, name: str, version: int) -> ModelScorer:
        """A published version; raises VersionMissing."""
        return self._library.scorer((name, version))

    def outcomes(self, first: int, stop: int) -> Iterable[Outcome]:
        """The records of ``fraud.outcomes`` from ``first`` up to, not including, ``stop``."""
        return self._log.outcomes(first, stop)


def make_step(around: Surroundings) -> Callable[[Task, Sequence[Record]], None]:
    """The step of this stage."""

    def step(task: Task, records: Sequence[Record]) -> None:
        """Fold a batch of ``fraud.outcomes``."""
        bodies = decoded([one for one in records if one.offset > task.applied[one.topic]])
        outcomes = [body for name, body in bodies.values() if name == "outcome"]
        learner: Learner = task.entry(KEY).state
        before = dict(learner.counts)
        learn_control.look_ahead(learner, outcomes, around)
        for record in task.fresh(records):
            try:
                fold(task, record, bodies.get(record.offset), around)
            except Exception as error:
                task.reject(record, error)
        learner_shown(learner, before)

    return step


def decoded(records: Sequence[Record]) -> dict[int, tuple[str, dict[str, Any]]]:
    """Schema and body by offset; what cannot be decoded is met again where it is folded."""
    found = {}
    for record in records:
        with suppress(FraudStreamsError):
            found[record.offset] = codec.decode(record.value or b"")
    return found


def fold(
    task: Task, record: Record, body: tuple[str, dict[str, Any]] | None, around: Surroundings
) -> None:
    """Learn one outcome or carry out one command; publish what is due."""
    entry = task.entry(KEY)
    if task.is_applied(entry, record):
        return
    name, found = codec.decode(record.value or b"") if body is None else body
    try:
        said = learn_control.react(entry.state, name, found, record.offset, around)
    finally:  # a refused command is in the trail, too
        tell(task, entry.state.trail.take())
    task.note(entry, record)
    for announcement in said:
        send(task, announcement)
    if is_checkpoint(entry.state, said, record.offset):
        task.touch(KEY, entry, record)


def is_checkpoint(learner: Learner, said: Sequence[Announcement], offset: int) -> bool:
    """Whether the state is to be written after the record at ``offset``."""
    published = [one for one in said if one.kind == "model_snapshot"]
    return len(published) == len(learner.competitors) or (offset + 1) % CHECKPOINT == 0


def send(task: Task, announcement: Announcement) -> None:
    """Deliver the model or ruleset, then its marker to every partition of the activity log."""
    record = announcement.record
    if announcement.kind == "model_snapshot" and record is not None:
        for suffix, part in split(record):
            emit(task, announcement.key + suffix, "model_snapshot", part)
        quality_shown(record["name"], record["metrics"])
    elif record is not None:
        emit(task, announcement.key, announcement.kind, record)
    if announcement.marker is not None:
        task.meta["marker"] = announcement.marker
        mark(task, announcement.marker)


def emit(task: Task, key: str, kind: str, record: dict[str, Any]) -> None:
    """Send a record to ``fraud.models``."""
    task.emit(topics.MODELS, key.encode(), codec.encode(kind, record))


def tell(task: Task, entries: Sequence[dict[str, Any]]) -> None:
    """Send entries of the audit trail."""
    for one in entries:
        task.emit(topics.AUDIT, str(one["number"]).encode(), codec.encode("audit_entry", one))


def mark(task: Task, marker: dict[str, Any]) -> None:
    """Put ``marker`` into every partition, once everything before it is delivered."""
    task.wait_delivered()
    value = codec.encode("control_marker", marker)
    for partition in range(topics.topic(topics.ACTIVITY).partitions):
        task.emit(topics.ACTIVITY, b"", value, partition=partition)
    versions_shown(marker)


# -- starting ---------------------------------------------------------------------------------


def make_restored(around: Surroundings) -> Callable[[Task], None]:
    """What this stage does with a restored task."""

    def restored(task: Task) -> None:
        """Fold what the state lacks; announce the marker in force, or the first one with the
        rules that ship."""
        entry = task.entry(KEY)
        marker = task.meta.get("marker")
        first = None if entry.state.ruleset else learn_control.boot(entry.state)
        catch_up(task, entry, around)
        learner_shown(entry.state, entry.state.counts)
        for name, versions in entry.state.versions.items():
            if versions:
                quality_shown(name, entry.state.metrics(name))
        entries = entry.state.trail.take()
        if marker is not None:
            mark(task, marker)
        elif first is not None:
            tell(task, entries)
            send(task, first)

    return restored


def catch_up(task: Task, entry: Entry, around: Surroundings) -> None:
    """Fold the records between the state's offset and A again, saying nothing."""
    behind = entry.applied[0] + 1
    records = iter(around.outcomes(behind, task.applied[topics.OUTCOMES] + 1))
    while chunk := list(islice(records, learn_control.TOGETHER)):
        outcomes = [body for _, name, body in chunk if name == "outcome"]
        learn_control.look_ahead(entry.state, outcomes, around)
        for offset, name, body in chunk:
            refold(entry.state, offset, name, body, around)
    entry.applied[0] = max(entry.applied[0], task.applied[topics.OUTCOMES], NOTHING_APPLIED)


def refold(
    learner: Learner, offset: int, name: str, body: dict[str, Any], around: Surroundings
) -> None:
    """React silently; what was refused the first time is refused again."""
    try:
        learn_control.react(learner, name, body, offset, around)
    except Exception as error:
        if isinstance(error, FraudStreamsError) and error.retriable:
            raise
