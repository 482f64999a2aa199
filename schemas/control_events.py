"""The events that are about the system and not about a transaction; the others are in `events`."""

from schemas.fields import AuditResult, CommandKind, DriftState, Id, Int32, Int64, Millis, Severity
from schemas.parts import DriftDay, Event, Published, Source, VersionRef


class Command(Published):
    """An operator's command."""

    schema_name = "command"
    command_id: Id
    kind: CommandKind
    payload: str
    actor: Id
    issued_at: Millis


class ModelSnapshot(Event):
    """A model as data."""

    schema_name = "model_snapshot"
    name: str
    version: Int64
    parent: Int64 | None = None
    kind: str
    feature_spec: str
    river_version: str
    offset: Int64
    metrics: dict[str, float]
    payload: bytes
    sha256: str
    trained_from: Int64 | None = None
    threshold: float | None = None
    part: int = 0
    parts: int = 1
    platform: str = ""


class Ruleset(Event):
    """Rules as data."""

    schema_name = "ruleset"
    name: str
    version: Int64
    yaml: str
    sha256: str


class AuditEntry(Event):
    """One change of what decides, or an attempt; a link of a hash chain."""

    schema_name = "audit_entry"
    number: Int64
    offset: Int64
    kind: str
    result: AuditResult
    actor: str
    at: Int64
    what: str
    command_id: str | None = None
    command_sha256: str | None = None
    approves: str | None = None
    model: VersionRef | None = None
    ruleset: VersionRef | None = None
    threshold: float
    published: dict[str, str]
    policy: dict[str, str]
    previous: str
    hash: str


class DriftCounts(Event):
    """Days that a partition of decisions has finished."""

    schema_name = "drift_counts"
    below: Int64
    days: list[DriftDay]
    src: Source


class DriftSignal(Event):
    """A detector changed its mind."""

    schema_name = "drift_signal"
    signal_id: str
    detector: str
    subject: str
    state: DriftState
    statistic: float
    threshold: float
    reference: str
    current: str
    severity: Severity
    event_time: Int64
    src: Source


class DeadLetter(Event):
    """A record that cannot be processed, masked."""

    schema_name = "dead_letter"
    code: str
    cause: str
    stage: str
    topic: str
    partition: Int32
    offset: Int64
    key: bytes | None = None
    original: bytes
    truncated: bool
    original_sha256: str
