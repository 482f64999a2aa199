"""The report of a replay as one HTML page: tables and plots, nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.protocol import METRICS
from streams.html_page import document, shown, table
from streams.replay_plot import Line, plot
from streams.replay_result import left_out

Found = dict[str, Any]
_PLOTS = (
    ("AUC ROC", ("auc_roc",)),
    ("Average precision", ("average_precision",)),
    ("Card precision at k", ("card_precision_at_k",)),
    ("Recall at the first decile", ("recall_first_decile",)),
    ("Precision at the alert budget (threshold of the days before)", ("causal", "precision")),
    ("Recall at the alert budget", ("causal", "recall")),
    ("Value caught at the alert budget", ("causal", "value_caught")),
    ("Alerts a day by the threshold of the days before", ("causal", "alerts_per_day")),
    ("Calibration error", ("calibration", "ece")),
)
_OVERALL = (
    ("AUC ROC", ("auc_roc",)), ("average precision", ("average_precision",)),
    ("card precision at k", ("card_precision_at_k",)),
    ("recall first decile", ("recall_first_decile",)),
    ("alerts a day", ("causal", "alerts_per_day")), ("precision", ("causal", "precision")),
    ("recall", ("causal", "recall")), ("value caught", ("causal", "value_caught")),
    ("hindsight precision", ("hindsight", "precision")), ("Brier", ("calibration", "brier")),
    ("ECE", ("calibration", "ece")), ("top 1 % score", ("calibration", "top_score")),
    ("top 1 % fraud", ("calibration", "top_rate")),
)  # fmt: skip


def page(found: Found) -> str:
    """The whole page for the object that `--json` prints."""
    each = {**found["models"], "rules alone": found["rules_only"]}
    parts = [
        "<h1>Replay</h1>",
        table(("parameter", "value"), [(name, shown(v)) for name, v in _made_of(found).items()]),
    ]
    if found["protocol"] == "handbook":
        parts += ["<h2>The Handbook's folds</h2>", _folds(each)]
    said = [f"<p>{left_out(found)}</p>"] if found["not_assessed"] else []
    parts += ["<h2>The whole file</h2>", *said, _overall(each), "<h2>By week</h2>", *_plots(each)]
    parts += ["<h2>What arrived</h2>", table(("event", "number"), list(found["counts"].items()))]
    return document("Replay", parts)


def _made_of(found: Found) -> Found:
    return {**found["parameters"], **{k: found[k] for k in ("data_sha256", "code_version")}}


def _folds(each: Found) -> str:
    rows = []
    for name, results in each.items():
        kinds = {k: results[k] for k in ("continuous", "same_window") if k in results}
        for kind, found in (kinds or {"": results}).items():
            values = [f"{shown(found['mean'][m])} ± {shown(found['std'][m])}" for m in METRICS]
            rows.append((f"{name} {kind}".strip(), *values))
    return table(("model", "AUC ROC", "average precision", "card precision at 100"), rows)


def _overall(each: Found) -> str:
    heads = ("model", *(title for title, _ in _OVERALL))
    rows = [
        (name, *(shown(_at(results["over_time"]["overall"], path)) for _, path in _OVERALL))
        for name, results in each.items()
    ]
    return table(heads, rows)


def _plots(each: Found) -> list[str]:
    return [plot(title, _lines(each, path)) for title, path in _PLOTS]


def _lines(each: Found, path: Sequence[str]) -> list[Line]:
    lines = []
    for name, results in each.items():
        points = [(week["week"], _at(week, path)) for week in results["over_time"]["weeks"]]
        known = [(x, y) for x, y in points if y is not None]
        lines += [Line(name, known)] if known else []
    return lines


def _at(values: Any, path: Sequence[str]) -> float | None:
    for name in path:
        values = None if values is None else values[name]
    return None if values is None else float(values)
