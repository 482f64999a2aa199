"""Every metric once: name, type, labels, unit and meaning. The docs, dashboards and alert rules are
checked against this table.

Names follow Prometheus' conventions: base units (seconds, bytes, ratios of 0 to 1) as a suffix,
counters end in ``_total``, one quantity a metric, so that a sum over its labels means something.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from streams.buckets import (
    BARRIER_BUCKETS_S,
    BATCH_BUCKETS,
    LABEL_DELAY_BUCKETS_S,
    LATENCY_BUCKETS_S,
)
from streams.latency import LatencyHistogram
from streams.model_metrics import ModelMetrics

# A series beside each counter that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped


class Metrics(ModelMetrics):
    """A worker's metrics in one registry.

    >>> m = Metrics(CollectorRegistry())
    >>> m.events.labels("profile").inc(3)
    >>> m.registry.get_sample_value("fraud_events_total", {"stage": "profile"})
    3.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._count_records()
        self._count_rules()
        self._count_labels()
        self._count_proofs()
        self._name_versions()
        self._judge_models()
        self._measure_work()
        self._measure_durability()
        self._measure_health()

    def _count_records(self) -> None:
        """What passes, and what does not."""
        registry = self.registry
        self.events = Counter(
            "fraud_events_total", "Records processed, by stage.", ["stage"], registry=registry
        )
        self.repeats = Counter(
            "fraud_repeats_total",
            "Records recognised as processed before (redelivery, repeats by src).",
            ["stage"],
            registry=registry,
        )
        self.duplicates = Counter(
            "fraud_duplicates_total",
            "Transactions that a publisher sent again, identical, and that were dropped.",
            registry=registry,
        )
        self.decisions = Counter(
            "fraud_decisions_total", "Decisions, by outcome.", ["decision"], registry=registry
        )
        self.alerts = Counter(
            "fraud_alerts_total", "Alerts, by severity.", ["severity"], registry=registry
        )
        self.dead_letters = Counter(
            "fraud_dead_letters_total", "Dead letters, by code.", ["code"], registry=registry
        )
        self.outliers = Counter(
            "fraud_feature_outliers_total",
            "Values clipped to their declared bounds, by feature.",
            ["feature"],
            registry=registry,
        )

    def _count_rules(self) -> None:
        """What the rules do."""
        registry = self.registry
        self.rule_hits = Counter(
            "fraud_rule_hits_total",
            "Rules that fired, by code and mode: active, or shadow (did not act).",
            ["rule", "mode"],
            registry=registry,
        )
        self.rule_jumps = Counter(
            "fraud_rule_jumps_total",
            "Rules whose fire rate jumped in a partition, so that their demotion was asked for.",
            ["rule"],
            registry=registry,
        )

    def _count_labels(self) -> None:
        """What becomes known afterwards."""
        registry = self.registry
        self.labels = Counter(
            "fraud_labels_total",
            "Labels, by what became of them: MATCHED, REVERSED (a presumption), CONFIRMED (one), "
            "REPEAT, STALE, INCONCLUSIVE, ORPHAN (waits for its transaction, is MATCHED then), "
            "EXPIRED (waited in vain), REFUSED (too many wait).",
            ["result"],
            registry=registry,
        )
        self.label_delay = Histogram(
            "fraud_label_delay_seconds",
            "Event time from a transaction to its label, by source: compare with FRAUD_LABEL_DAYS.",
            ["source"],
            buckets=LABEL_DELAY_BUCKETS_S,
            registry=registry,
        )
        self.outcomes = Counter(
            "fraud_outcomes_total",
            "Decisions whose truth is settled, by label: FRAUD, LEGITIMATE, PRESUMED (no label by "
            "maturity), THINNED (presumed, others stand for it), UNKNOWN (not let through, so "
            "silence says nothing; no outcome).",
            ["label"],
            registry=registry,
        )

    def _count_proofs(self) -> None:
        """What is compared with what ought to be."""
        registry = self.registry
        self.verified = Counter(
            "fraud_verified_total",
            "Decisions that a shadow derived again and compared with those on record.",
            registry=registry,
        )
        self.verify_mismatches = Counter(
            "fraud_verify_mismatches_total",
            "Decisions on record that are not what the log gives: any is one too many.",
            registry=registry,
        )
        self.drift_signals = Counter(
            "fraud_drift_signals_total",
            "Drift signals, by subject and by what they say: FIRED, or RECOVERED (as usual again).",
            ["subject", "state"],
            registry=registry,
        )

    def _measure_work(self) -> None:
        """How far, how fast, how much at once."""
        registry = self.registry
        self.lag = Gauge(
            "fraud_lag_records",
            "Records of a partition that a stage has not folded yet.",
            ["stage", "topic", "partition"],
            registry=registry,
        )
        self.stalled = Gauge(
            "fraud_stalled_seconds",
            "How long a partition has stood still although records wait in it; 0 where none do.",
            ["stage", "topic", "partition"],
            registry=registry,
        )
        self.latency = LatencyHistogram(
            "fraud_end_to_end_latency_seconds",
            "Seconds from a transaction's append to its decision's send.",
            LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.batch = Histogram(
            "fraud_batch_records",
            "Records a batch, by stage.",
            ["stage"],
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.watermark = Gauge(
            "fraud_watermark_timestamp_seconds",
            "Latest event time seen (profile, join) or latest label observed (learn), seconds "
            "since the epoch.",
            ["stage", "partition"],
            registry=registry,
        )

    def _measure_durability(self) -> None:
        """What a crash would redo, and what a restart costs."""
        registry = self.registry
        self.commit_lag = Gauge(
            "fraud_commit_lag_records",
            "Records processed but not yet committed: what a crash would redo.",
            ["stage", "partition"],
            registry=registry,
        )
        self.barrier = Histogram(
            "fraud_barrier_duration_seconds",
            "Seconds a barrier takes, from its cut to its commit.",
            buckets=BARRIER_BUCKETS_S,
            registry=registry,
        )
        self.settled = Gauge(
            "fraud_last_barrier_timestamp_seconds",
            "When everything folded was last durable and committed, seconds since the epoch.",
            registry=registry,
        )
        self.restore = Gauge(
            "fraud_restore_duration_seconds",
            "Seconds the last restore of a partition's state took.",
            ["stage", "partition"],
            registry=registry,
        )
        self.state_keys = Gauge(
            "fraud_state_keys",
            "Keys (cards, terminals) whose state a partition holds in memory.",
            ["stage", "partition"],
            registry=registry,
        )
        self.rebalances = Counter(
            "fraud_rebalances_total", "Assignments of partitions to this worker.", registry=registry
        )

    def _measure_health(self) -> None:
        """What /live and /ready say, and the process itself."""
        self.live = Gauge(
            "fraud_live", "1 while /live answers 200: what waits moves.", registry=self.registry
        )
        self.ready = Gauge(
            "fraud_ready",
            "1 while /ready answers 200: every partition is restored, no model is awaited.",
            registry=self.registry,
        )
        self.process = ProcessCollector(registry=self.registry)

    def forget_partitions(self) -> None:
        """Drop what is said of partitions: they may be another worker's now."""
        for gauge in (
            self.lag, self.stalled, self.watermark, self.commit_lag, self.restore, self.state_keys,
        ):  # fmt: skip
            gauge.clear()


METRICS = Metrics(CollectorRegistry())
