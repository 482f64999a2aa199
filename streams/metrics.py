"""Every metric once: name, type, labels, unit and meaning. The docs and dashboards are checked
against this table.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.latency import LatencyHistogram

# From one hop's floor (a millisecond) to what a customer at a till notices, then to an outage.
LATENCY_BUCKETS_S = (
    0.001, 0.002, 0.004, 0.006, 0.008, 0.010, 0.015, 0.025, 0.050, 0.100,
    0.250, 0.500, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# An analyst's next day to the end of what card schemes allow.
LABEL_DELAY_BUCKETS_D = (0.25, 1, 2, 4, 7, 14, 21, 30, 45, 60, 90, 120, 180)


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
        self._measure_models()
        self._measure_work()

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
            "fraud_label_delay_days",
            "Days from a transaction to its label, by source: compare with FRAUD_LABEL_DAYS.",
            ["source"],
            buckets=LABEL_DELAY_BUCKETS_D,
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

    def _measure_models(self) -> None:
        """Who decides, and how well."""
        registry = self.registry
        self.model_version = Gauge(
            "fraud_model_version",
            "Version of the model in force (the learner's offset it holds).",
            ["name"],
            registry=registry,
        )
        self.competitor = Gauge(
            "fraud_competitor",
            "Champion and challengers, each judged by the score it had in force at the decision: "
            "counts and prequential metrics of the latest version, as in its snapshot.",
            ["name", "metric"],
            registry=registry,
        )

    def _measure_work(self) -> None:
        """How far, how fast, how much at once."""
        registry = self.registry
        self.lag = Gauge(
            "fraud_lag_records",
            "Records of a partition not yet handed to its agent.",
            ["topic", "partition"],
            registry=registry,
        )
        self.commit_lag = Gauge(
            "fraud_commit_lag_records",
            "Records processed but not yet committed: what a crash would redo.",
            ["stage", "partition"],
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
        self.progress = Gauge(
            "fraud_last_barrier_timestamp_seconds",
            "When the last barrier completed, seconds since the epoch: liveness is progress.",
            registry=registry,
        )


METRICS = Metrics(CollectorRegistry())
