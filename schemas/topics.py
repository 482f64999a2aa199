"""The one topic table: name, key, values, partitions, cleanup, retention, each with its reason.

Keys are the UTF-8 of an id; every producer partitions with librdkafka's `murmur2_random`, which is
what Java and aiokafka do, so that one key of two topics is in one partition number.
"""

from dataclasses import dataclass, field
from typing import Literal

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FOREVER = -1
PARTITIONER = "murmur2_random"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024

TRANSACTIONS = "fraud.transactions"
ACTIVITY = "fraud.activity"
DECISIONS = "fraud.decisions"
ALERTS = "fraud.alerts"
LABELS = "fraud.labels"
OUTCOMES = "fraud.outcomes"
MODELS = "fraud.models"
AUDIT = "fraud.audit"
DRIFT_COUNTS = "fraud.drift-counts"
DRIFT = "fraud.drift"
DEAD_LETTERS = "fraud.dead-letters"

_PARTITIONS = 4  # one per core of a small cluster; cards and terminals spread by hash


@dataclass(frozen=True)
class Topic:
    """One row of the table; `values` are schema names, empty for packed state."""

    name: str
    key: str
    values: tuple[str, ...]
    partitions: int
    reason: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 7 * DAY_MS
    settings: dict[str, str] = field(default_factory=dict)

    def config(self) -> dict[str, str]:
        """The broker's settings of this topic.

        >>> topic(TRANSACTIONS).config()["message.timestamp.type"]
        'LogAppendTime'
        """
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            **self.settings,
        }


# With CreateTime, events of 2018 would expire at once: retention counts from arrival here.
_EVENT = {"message.timestamp.type": "LogAppendTime"}
# A dead letter wraps a record of up to 1 MB, a model may be larger than the default limit.
_LARGE = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
# For an hour the larger applied offset can still win over a late write of a dead worker.
_LAG = {"min.compaction.lag.ms": str(HOUR_MS)}


def _changelog(name: str, partitions: int, reason: str) -> Topic:
    return Topic(
        name,
        "packed key of the state",
        (),
        partitions,
        reason,
        cleanup="compact",
        retention_ms=FOREVER,
        settings=_LAG | _LARGE,
    )


_TABLE = (
    Topic(
        TRANSACTIONS,
        "card_id",
        ("transaction",),
        _PARTITIONS,
        "Input, by card: one card's windows live in one partition. A month covers a replay.",
        retention_ms=30 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        ACTIVITY,
        "terminal_id",
        ("activity", "terminal_outcome", "control_marker"),
        _PARTITIONS,
        "The log that decides: decisions are a fold over it. Kept longer than the interval "
        "between checkpoints, so that `fraud verify` can refold.",
        retention_ms=30 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        DECISIONS,
        "card_id",
        ("decision",),
        _PARTITIONS,
        "By card, as labels are: the join finds them in one partition. Chargebacks come up to "
        "120 days later, and the join reads the decision back by its offset.",
        retention_ms=150 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        ALERTS,
        "card_id",
        ("alert",),
        _PARTITIONS,
        "By card: alerts of a card are deduplicated in order. Cases are long closed after that.",
        retention_ms=90 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        LABELS,
        "card_id",
        ("label",),
        _PARTITIONS,
        "Key, partitions and partitioner of fraud.decisions: labels must meet their decisions.",
        retention_ms=150 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        OUTCOMES,
        "transaction_id or command_id",
        ("outcome", "command"),
        1,
        "One partition: a model is a fold over this order, a version is an offset here. "
        "Kept for ever, or no model could be rebuilt.",
        retention_ms=FOREVER,
        settings=_EVENT,
    ),
    Topic(
        MODELS,
        "model/<name>@<version> or ruleset/<name>@<version>",
        ("model_snapshot", "ruleset"),
        1,
        "Compacted by name and version: every version that a log names can be had.",
        cleanup="compact",
        retention_ms=FOREVER,
        settings=_EVENT | _LARGE | _LAG,
    ),
    Topic(
        AUDIT,
        "number",
        ("audit_entry",),
        1,
        "Who changed what decides: a hash chain in its order, of no use without its beginning.",
        retention_ms=FOREVER,
        settings=_EVENT,
    ),
    Topic(
        DRIFT_COUNTS,
        "partition counted",
        ("drift_counts",),
        1,
        "A record a partition and day, 15 KB: detectors see one world, not four quarters. Kept as "
        "decisions are, so that a reference can be gathered again.",
        retention_ms=150 * DAY_MS,
        settings=_EVENT | _LARGE,
    ),
    Topic(
        DRIFT,
        "subject",
        ("drift_signal",),
        1,
        "Few, read by people and by the learner's breaker.",
        retention_ms=90 * DAY_MS,
        settings=_EVENT,
    ),
    Topic(
        DEAD_LETTERS,
        "source topic",
        ("dead_letter",),
        1,
        "Few, masked, kept until somebody has looked.",
        retention_ms=30 * DAY_MS,
        settings=_EVENT | _LARGE,
    ),
    _changelog("fraud-hot-profile-changelog", 4, "Cards' windows, beside fraud.transactions."),
    _changelog("fraud-hot-score-changelog", 4, "Terminals' windows, beside fraud.activity."),
    _changelog("fraud-hot-alert-changelog", 4, "Cards' open cases, beside fraud.decisions."),
    _changelog("fraud-join-join-changelog", 4, "Cards' undecided labels, beside fraud.decisions."),
    _changelog("fraud-learn-learn-changelog", 1, "The learner, beside fraud.outcomes."),
    _changelog("fraud-drift-decisions-changelog", 4, "Open days' counts, beside fraud.decisions."),
    _changelog("fraud-drift-arrivals-changelog", 4, "Open days' counts, beside fraud.activity."),
    _changelog("fraud-drift-merge-changelog", 1, "References, beside fraud.drift-counts."),
    _changelog("fraud-drift-outcomes-changelog", 1, "Hours of labels, beside fraud.outcomes."),
    _changelog("fraud-drift-act-changelog", 1, "Signals that hold the learner, by fraud.drift."),
    _changelog("fraud-verify-verify-changelog", 4, "The shadow's windows, beside fraud.activity."),
)

TOPICS: dict[str, Topic] = {row.name: row for row in _TABLE}


def topic(name: str) -> Topic:
    """The row of a topic; KeyError for a topic that is not in the table.

    >>> topic("fraud.labels").partitions == topic("fraud.decisions").partitions
    True
    """
    return TOPICS[name]
