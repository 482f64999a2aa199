"""The events as pydantic models, for the edges; inside, events are plain dictionaries.

Names, types and defaults are those of `schemas/avro/*.avsc` (a test compares them). Times are
integer UTC milliseconds, amounts integer minor units, the card is a token. Unknown fields are
ignored, as consumers of a newer publisher must.

>>> sale = Transaction(transaction_id="t1", card_id="c1", terminal_id="m1",
...                    event_time=1522540800000, amount_minor=5716, currency="EUR")
>>> Transaction.of(sale.record()) == sale
True
"""

from pydantic import Field

from schemas.control_events import (
    AuditEntry,
    Command,
    DeadLetter,
    DriftCounts,
    DriftSignal,
    ModelSnapshot,
    Ruleset,
)
from schemas.fields import (
    Action,
    AlertStatus,
    Amount,
    Attributes,
    Country,
    Currency,
    Features,
    FourDigits,
    Id,
    Int32,
    Int64,
    LabelKind,
    LabelSource,
    Millis,
    Severity,
    Word,
)
from schemas.parts import ControlShare, Event, Published, Reason, Source, VersionRef


class Transaction(Published):
    """A card transaction as the bank saw it."""

    schema_name = "transaction"
    transaction_id: Id
    card_id: Id
    terminal_id: Id
    merchant_id: Word | None = None
    event_time: Millis
    arrival: Millis | None = None
    amount_minor: Amount
    currency: Currency
    mcc: FourDigits | None = None
    entry_mode: Word | None = None
    card_present: bool | None = None
    channel: Word | None = None
    country: Country | None = None
    acquirer_id: Word | None = None
    message_type: FourDigits = "0100"
    stan: Word | None = None
    rrn: Word | None = None
    attributes: Attributes = Field(default_factory=dict)


class Activity(Event):
    """`profile` to `score`: a transaction with its card's features as of its own time."""

    schema_name = "activity"
    src: Source
    transaction: Transaction
    feature_spec: str
    card_features: list[float | None]
    late: bool


class TerminalOutcome(Event):
    """`join` to `score`: a label on its way to a terminal's risk windows."""

    schema_name = "terminal_outcome"
    src: Source
    outcome_id: str
    transaction_id: str
    card_id: str
    terminal_id: str
    label: LabelKind
    event_time: Int64
    observed_at: Int64


class ControlMarker(Event):
    """`learn` to every partition of `score`: versions and threshold from here on."""

    schema_name = "control_marker"
    sequence: Int64
    model: VersionRef | None = None
    ruleset: VersionRef
    threshold: float
    reason: str
    control_share: ControlShare | None = None


class Decision(Event):
    """What was decided, and everything it was decided from."""

    schema_name = "decision"
    transaction_id: str
    card_id: str
    terminal_id: str
    event_time: Int64
    amount_minor: Int64
    currency: str
    channel: str | None = None
    country: str | None = None
    mcc: str | None = None
    decision: Action
    score: float
    threshold: float
    model: VersionRef | None = None
    ruleset: VersionRef
    logic_version: Int32
    feature_spec: str
    reasons: list[Reason]
    features: Features
    incomplete: bool
    late: bool
    src: Source
    fingerprint: str


class Alert(Event):
    """A card that wants an analyst."""

    schema_name = "alert"
    alert_id: str
    card_id: str
    transaction_id: str
    severity: Severity
    status: AlertStatus
    dedup_key: str
    suppressed_until: Int64
    decision: Action
    score: float
    reasons: list[Reason]
    event_time: Int64
    src: Source


class Label(Published):
    """What somebody found out about a transaction, days later."""

    schema_name = "label"
    label_id: Id
    transaction_id: Id
    card_id: Id
    terminal_id: Id | None = None
    label: LabelKind
    source: LabelSource
    reason_code: Word | None = None
    event_time: Millis
    observed_at: Millis
    supersedes: Id | None = None


class Outcome(Event):
    """`join` to `learn` and `drift`: a label beside the features that were scored."""

    schema_name = "outcome"
    outcome_id: str
    label_id: str
    transaction_id: str
    card_id: str
    terminal_id: str
    label: LabelKind
    source: LabelSource
    event_time: Int64
    observed_at: Int64
    weight: float = 1.0
    presumed: bool = False
    corrects: float = 0.0
    amount_minor: Int64
    currency: str
    score: float
    threshold: float
    decision: Action
    model: VersionRef | None = None
    feature_spec: str
    features: Features
    decided_src: Source


EVENTS: dict[str, type[Event]] = {
    event.schema_name: event
    for event in (
        Transaction,
        Activity,
        TerminalOutcome,
        ControlMarker,
        Decision,
        Alert,
        Label,
        Outcome,
        Command,
        ModelSnapshot,
        Ruleset,
        AuditEntry,
        DriftCounts,
        DriftSignal,
        DeadLetter,
    )
}
