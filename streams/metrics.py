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

# A series beside each counter that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped


class Metrics:
    """A worker's metrics in one registry.

    >>> m = Metrics(CollectorRegistry())
    >>> m.events.labels("profile").inc(3)
    >>> m.registry.get_sample_value("fraud_events_total", {"stage": "profile"})
    3.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._count_records()
        self._count_labels()
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
        self.drift_signals = Counter(
            "fraud_drift_signals_total",
            "Drift signals, by subject.",
            ["subject"],
            registry=registry,
        )

    def _name_versions(self) -> None:
        """Who decides, by what."""
        registry = self.registry
        self.worker = Gauge(
            "fraud_worker_info",
            "What this worker is, always 1: its app and id, the logic and features it decides by.",
            ["app", "worker_id", "logic_version", "feature_spec"],
            registry=registry,
        )
        self.model_version = Gauge(
            "fraud_model_version",
            "Version of the model in force (the learner's offset it holds).",
            ["name"],
            registry=registry,
        )
        self.ruleset_version = Gauge(
            "fraud_ruleset_version", "Version of the rules in force.", ["name"], registry=registry
        )
        self.threshold = Gauge(
            "fraud_threshold_ratio",
            "Score, 0 to 1, from which the model in force asks for a review.",
            ["name"],
            registry=registry,
        )
        self.alert_budget = Gauge(
            "fraud_alert_budget_ratio",
            "Share of the transactions that analysts can look at: the learner's policy, which sets "
            "the threshold.",
            registry=registry,
        )
        self.champion = Gauge(
            "fraud_model_champion",
            "1 for the competitor that decides, 0 for its challengers.",
            ["name"],
            registry=registry,
        )

    def _judge_models(self) -> None:
        """How well: each competitor judged by the score it had in force at the decision, over the
        outcomes the learner remembers, as in its latest snapshot.
        """
        self.average_precision = self._quality(
            "fraud_model_average_precision_ratio", "Average precision, 0 to 1."
        )
        self.auc = self._quality("fraud_model_auc_ratio", "Area under the ROC curve, 0 to 1.")
        self.log_loss = self._quality("fraud_model_log_loss_nats", "Mean log loss an outcome.")
        self.card_precision = self._quality(
            "fraud_model_card_precision_ratio",
            "Share of the daily alert budget's places that found a fraudulent card.",
        )
        self.value_caught = self._quality(
            "fraud_model_value_caught_ratio",
            "Share of the frauds' value that the daily alert budget found.",
        )
        self.calibration = self._quality(
            "fraud_model_calibration_ratio",
            "Frauds expected by the scores over those that came: 1 is calibrated.",
        )
        self.window = self._quality(
            "fraud_model_window_outcomes", "Outcomes that the figures of a competitor rest on."
        )
        self.frozen = Gauge(
            "fraud_learning_frozen",
            "1 while learning is frozen, by the policy or by hand; 0 while it learns.",
            registry=self.registry,
        )
        self.learner_outcomes = Counter(
            "fraud_learner_outcomes_total",
            "Outcomes at the learner, by what became of them: learned, corrected (learned again as "
            "the other class; also among learned), repeats, left_out (thinned), excluded (by "
            "source), queued (while frozen), dropped (from the queue).",
            ["result"],
            registry=self.registry,
        )

    def _quality(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, ["name"], registry=self.registry)

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
            "1 while /ready answers 200: every assigned partition is restored.",
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
