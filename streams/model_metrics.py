"""The metrics of what decides and how well: a part of the table in `streams.metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ModelMetrics:
    """Versions in force, and champion and challengers as their snapshots judge them."""

    registry: CollectorRegistry

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
            "1 for the competitor that decides, 0 for its challengers; 0 for all while a "
            "person lets rules decide alone.",
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
