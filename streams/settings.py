"""The one settings class: every knob of a worker, each with the reason for its value."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.drift.policy import Action as DriftAction
from models.drift.policy import DriftPolicy
from models.maturity import DAY_MS, SOURCES, MaturityPolicy, source
from models.rule_policy import RatePolicy
from schemas import topics
from schemas.fields import Action, LabelSource

_LABEL_DAYS: dict[LabelSource, tuple[float, float]] = {
    s.name: (s.delay_ms / DAY_MS, s.maturity_ms / DAY_MS) for s in SOURCES
}


class Settings(BaseSettings):
    """A worker's settings, read from the environment (prefix ``FRAUD_``).

    >>> Settings(barrier_ms=100).barrier_ms
    100
    """

    model_config = SettingsConfigDict(env_prefix="FRAUD_", extra="forbid")

    bootstrap: str = Field("127.0.0.1:9092", description="Kafka's bootstrap servers.")
    worker_id: str = Field(
        "worker-1",
        description="Static group instance id: a restart under the same id takes its place at "
        "once, without waiting for the session to time out.",
    )
    home: Path = Field(
        Path(".fraud"), description="Folder of a worker's local files: data directory, logs."
    )
    web_host: str = Field("127.0.0.1", description="Address of the HTTP endpoint.")
    web_port: int = Field(
        6066, description="Port of /metrics, /live, /ready and /health; 0 picks a free one."
    )
    log_level: str = Field("WARNING", description="Level of the workers' logs.")
    barrier_ms: int = Field(
        200,
        ge=1,
        description="Milliseconds between barriers: what a crash redoes, against one changelog "
        "write a touched key a barrier.",
    )
    barrier_events: int = Field(
        20_000, ge=1, description="Events after which a barrier comes early: bounds the redo."
    )
    batch_records: int = Field(
        500,
        ge=1,
        description="Most records a fetch hands over: a batch holds the event loop for about "
        "50 µs a record, so 500 keep it under 30 ms.",
    )
    linger_ms: float = Field(
        0.0,
        ge=0,
        description="How long librdkafka waits to fill a batch: each hop would pay it (publish to "
        "decision at 500/s took 15 ms at the median with 1 ms, 7 ms with none). Under load batches "
        "fill by themselves: what one delivery brings leaves together.",
    )
    session_timeout_s: float = Field(
        10.0,
        ge=6.0,
        description="Seconds until the group gives up a silent worker; 6 is the "
        "broker's usual minimum.",
    )
    delivery_timeout_s: float = Field(
        8.0,
        gt=0,
        description="Seconds until an undelivered output ends the process: below the session, "
        "so that a worker that cannot write does not keep its partitions.",
    )
    restore_deadline_s: float = Field(
        120.0, gt=0, description="Seconds a partition's state may take to restore."
    )
    model_deadline_s: float = Field(
        30.0, gt=0, description="Seconds to wait for a model version that a marker names."
    )
    stall_s: float = Field(
        60.0,
        gt=0,
        description="Seconds that nothing may move although records wait, before /live fails: "
        "above the wait for a model and a few seconds of a busy machine.",
    )
    label_days: dict[LabelSource, tuple[float, float]] = Field(
        _LABEL_DAYS,
        description='Label sources that are waited for, as JSON `{"CHARGEBACK": [30, 60]}`: days '
        "until half of a source's labels have come, and until silence counts as its answer. What "
        "nobody has labelled after the longest is presumed legitimate.",
    )
    presumed_keep: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Share of the presumed legitimate that becomes outcomes, each with the inverse "
        "as its weight: at 2,000/s a tenth is 23 GB a day in `fraud.outcomes`. 1.0 for a small "
        "stream.",
    )
    let_through: tuple[Action, ...] = Field(
        ("APPROVE", "REVIEW"),
        description="Decisions, as JSON, after which the payment went on: of these alone silence "
        "is presumed legitimate. Leave out `REVIEW` where payments are held until somebody looked.",
    )
    rule_window_hours: int = Field(
        6,
        ge=1,
        le=72,
        description="Hours of event time over which a rule's fire rate is compared with the week "
        "before.",
    )
    rule_floor: float = Field(
        0.02,
        gt=0,
        le=1,
        description="A rule is put in shadow only if it fires on this share of transactions (a "
        "card counts once an hour); 1 switches that off.",
    )
    rule_factor: float = Field(
        5.0,
        ge=1,
        description="A rule is put in shadow only if it fires this many times as often as in the "
        "week before.",
    )
    drift_warm_up_days: int = Field(
        37,
        ge=0,
        description="Days of decisions before the drift agent's reference begins: the longest "
        "window and its delay, so that no feature is still filling.",
    )
    drift_reference_days: int = Field(
        21,
        description="Days of the drift agent's reference: whole weeks, two or more, or it would "
        "fire on the weekend.",
    )
    drift_actions: dict[str, DriftAction] = Field(
        {},
        description='What a drift signal does beside being sent, as JSON `{"label_rate": '
        '"FREEZE"}`, by subject: `NOTIFY` (nothing), `FREEZE` learning until it recovers, '
        "`CHALLENGE` (the blend takes over).",
    )
    registry_url: str | None = Field(
        None, description="Schema registry: set, and the Confluent wire format is written."
    )
    fault_point: str | None = Field(
        None, description="Testing only: NAME:N kills the process with -9 at the N-th passage."
    )

    def maturity(self) -> MaturityPolicy:
        """When silence means legitimate; raises MaturityInvalid for what cannot be meant.

        >>> Settings(label_days={"ANALYST": (1, 7)}).maturity().maturity_ms // DAY_MS
        7
        """
        policy = MaturityPolicy(
            sources=tuple(source(name, *days) for name, days in self.label_days.items()),
            let_through=self.let_through,
            keep=self.presumed_keep,
        )
        policy.check_log(topics.topic(topics.DECISIONS).retention_ms)
        return policy

    def rates(self) -> RatePolicy:
        """When a rule fires too often to go on acting.

        >>> Settings(rule_floor=0.1).rates().floor
        0.1
        """
        return RatePolicy(
            window_hours=self.rule_window_hours, floor=self.rule_floor, factor=self.rule_factor
        )

    def drift(self) -> DriftPolicy:
        """How drift is detected; raises DriftPolicyInvalid for what cannot be meant.

        >>> Settings(drift_actions={"label_rate": "FREEZE"}).drift().action("label_rate")
        'FREEZE'
        """
        return DriftPolicy(
            warm_up_days=self.drift_warm_up_days,
            reference_days=self.drift_reference_days,
            actions=tuple(self.drift_actions.items()),
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once.

    >>> settings() is settings()
    True
    """
    return Settings()
