"""learn: folds outcomes and commands into the model, publishes versions, announces markers.

One partition, one fold: a version *is* an offset of ``fraud.outcomes``, so a second writer makes
the same version. A snapshot is delivered before its markers, and the last marker is announced
again on every start, in case the process died between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models import learn_control
from models.learn import Learner
from models.learn_control import Announcement
from schemas import topics
from schemas.errors import SchemaInvalid
from streams.metrics import METRICS
from streams.records import Record
from streams.task import Task
from streams.wire import codec

KEY = b"learner"


def step(task: Task, records: Sequence[Record]) -> None:
    """Fold a batch of ``fraud.outcomes``."""
    for record in task.fresh(records):
        try:
            fold(task, record)
        except Exception as error:
            task.reject(record, error)


def fold(task: Task, record: Record) -> None:
    """Learn one outcome or carry out one command; publish what is due."""
    entry = task.entry(KEY)
    if task.is_applied(entry, record):
        return
    name, body = codec.decode(record.value or b"")
    task.touch(KEY, entry, record)
    announcement = react(entry.state, name, body, record.offset)
    if announcement is not None:
        send(task, announcement)


def react(learner: Learner, name: str, body: dict[str, Any], offset: int) -> Announcement | None:
    """What a record of ``fraud.outcomes`` makes the learner say, if anything."""
    if name == "command":
        return learn_control.command(learner, body, offset)
    if name != "outcome":
        raise SchemaInvalid(topics.OUTCOMES, expected="an outcome or a command", came=name)
    if learner.learn(body) and learner.should_publish():
        return learn_control.publish(learner, offset)
    return None


def send(task: Task, announcement: Announcement) -> None:
    """Deliver the model or ruleset, then its marker to every partition of the activity log."""
    value = codec.encode(announcement.kind, announcement.record)
    task.emit(topics.MODELS, announcement.key.encode(), value)
    task.meta["marker"] = announcement.marker
    mark(task, announcement.marker)


def mark(task: Task, marker: dict[str, Any]) -> None:
    """Put ``marker`` into every partition, once everything before it is delivered."""
    task.wait_delivered()
    value = codec.encode("control_marker", marker)
    for partition in range(topics.topic(topics.ACTIVITY).partitions):
        task.emit(topics.ACTIVITY, b"", value, partition=partition)
    model = marker["model"]
    if model is not None:
        METRICS.model_version.labels(model["name"]).set(model["version"])


def announce(task: Task) -> None:
    """On start: the marker in force again, or the first one with the rules that ship."""
    marker = task.meta.get("marker")
    if marker is None:
        send(task, learn_control.boot(task.entry(KEY).state))
    else:
        mark(task, marker)
