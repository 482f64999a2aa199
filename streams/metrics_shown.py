"""What is in force and what the learner knows, as gauges. Set where it changes and after a restore,
so that a restarted worker does not fall silent until the next marker or snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streams.metric_series import LEARNER_RESULTS
from streams.metrics import METRICS

if TYPE_CHECKING:  # River takes seconds to import, and the scorer needs none of it
    from models.learn import Learner

MEASURES = {
    "average_precision": METRICS.average_precision,
    "auc_roc": METRICS.auc,
    "log_loss": METRICS.log_loss,
    "card_precision": METRICS.card_precision,
    "value_caught": METRICS.value_caught,
    "calibration": METRICS.calibration,
    "window": METRICS.window,
}


def versions_shown(marker: Mapping[str, Any]) -> None:
    """Show what a marker puts in force, and nothing of what was in force before."""
    model, rules = marker["model"], marker["ruleset"]
    for gauge in (METRICS.model_version, METRICS.threshold, METRICS.ruleset_version):
        gauge.clear()
    METRICS.ruleset_version.labels(rules["name"]).set(rules["version"])
    if model is not None:
        METRICS.model_version.labels(model["name"]).set(model["version"])
        METRICS.threshold.labels(model["name"]).set(marker["threshold"])


def quality_shown(name: str, metrics: Mapping[str, float]) -> None:
    """Show a competitor's prequential metrics; what is undefined yet is left as it was."""
    for measure, gauge in MEASURES.items():
        if measure in metrics:
            gauge.labels(name).set(metrics[measure])


def learner_shown(learner: Learner, before: Mapping[str, int]) -> None:
    """Show what the learner does, and count what came to it since its counts were ``before``."""
    METRICS.frozen.set(learner.frozen is not None)
    METRICS.alert_budget.set(learner.policy.alerts_per_1000 / 1000.0)
    for name in learner.competitors:
        decides = name == learner.champion and not learner.rules_alone
        METRICS.champion.labels(name).set(decides)
    for result in LEARNER_RESULTS:  # where all was learned anew, counts began anew: none came
        came = max(learner.counts[result] - before[result], 0)
        METRICS.learner_outcomes.labels(result).inc(came)
    if learner.watermark > 0:
        METRICS.watermark.labels("learn", 0).set(learner.watermark / 1000.0)
