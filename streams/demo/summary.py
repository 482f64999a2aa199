"""The demo's result: one object for `--json`, one table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from models.evaluation import average_precision, roc_auc
from streams.demo.tally import Tally

Mode = Literal["kafka", "embedded"]


@dataclass(frozen=True)
class Summary:
    """What a demo came to. Counts are of distinct ids; repeats in the log are reported apart.

    decisions_per_second: from the first publication to the last decision.
    seconds: from the first publication until every label had its outcome.
    latency_ms: from a transaction's publication to its decision's receipt, p50 and p99. The demo
        publishes as fast as transactions are taken, so most of it is waiting for one's turn.
    average_precision, auc_roc: over the decisions whose label arrived, with the score on record;
        those before the first model were scored by the rules. None where a class is missing.
    missing_decisions: accepted transactions without a decision.
    duplicate_decisions: ids with decisions of differing bytes.
    repeated_decisions: identical decisions that the log holds again.
    competitors: champion and challengers by name, each by the scores it had in force when the
        transactions were decided, as its last version says: `learned` outcomes, `window` of them
        scored by it, and the metrics over these.
    """

    mode: Mode
    transactions: int
    decisions: int
    alerts: int
    labels: int
    outcomes: int
    models_published: int
    drift_signals: int
    dead_letters: int
    seconds: float
    decisions_per_second: float
    latency_ms: dict[str, float | None]
    average_precision: float | None
    auc_roc: float | None
    missing_decisions: int
    duplicate_decisions: int
    repeated_decisions: int
    competitors: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """The fields for ``--json``."""
        return asdict(self)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing and nothing differs, and every label met its decision."""
        decided = self.missing_decisions == 0 and self.duplicate_decisions == 0
        return decided and self.outcomes == self.labels

    def text(self) -> str:
        """Two columns: what, and how much."""
        found = self.as_dict()
        found |= {f"  {name}": measured for name, measured in found.pop("competitors").items()}
        rows = [(name.replace("_", " "), _shown(value)) for name, value in found.items()]
        return "\n".join(f"{name:<22} {value}" for name, value in rows)


def summary(mode: Mode, tally: Tally, started: float) -> Summary:
    """Sum a tally up; ``started`` is its clock at the first publication."""
    deciding = (tally.last_decision or started) - started
    return Summary(
        mode=mode,
        transactions=len(tally.sent),
        decisions=len(tally.decided),
        alerts=len(tally.alerts),
        labels=len(tally.labels),
        outcomes=len(tally.outcomes),
        models_published=len(tally.models),
        drift_signals=len(tally.drift_signals),
        dead_letters=sum(tally.dead_letters.values()),
        seconds=round(tally.clock() - started, 2),
        decisions_per_second=round(len(tally.decided) / deciding, 1) if deciding > 0 else 0.0,
        latency_ms={"p50": percentile(tally.latencies, 50), "p99": percentile(tally.latencies, 99)},
        average_precision=_rounded(average_precision(tally.frauds, tally.scores)),
        auc_roc=_rounded(roc_auc(tally.frauds, tally.scores)),
        missing_decisions=len(tally.missing),
        duplicate_decisions=len(tally.differing),
        repeated_decisions=tally.repeated,
        competitors=competitors(tally),
    )


MEASURES = (
    "learned", "window", "window_frauds", "auc_roc", "average_precision", "card_precision",
    "value_caught", "log_loss", "calibration",
)  # fmt: skip


def competitors(tally: Tally) -> dict[str, dict[str, float]]:
    """Each competitor's version, whether it decides (1 or 0), and its measures where there are
    any."""
    return {
        name: {
            "version": float(found.version),
            "decides": float(name == tally.champion),
            **{one: round(found.metrics[one], 4) for one in MEASURES if one in found.metrics},
        }
        for name, found in sorted(tally.competitors.items())
    }


def percentile(seconds: Sequence[float], percent: float) -> float | None:
    """A percentile of durations in seconds, as milliseconds; None without any.

    >>> percentile([0.001, 0.002, 0.003], 50)
    2.0
    """
    return round(float(np.percentile(seconds, percent)) * 1_000, 2) if len(seconds) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
