"""What a replay found, as the one JSON object of `fraud replay --json`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from models.protocol import METRICS, Assessment, assess, summary
from models.replay_history import DAY_MS, UNKNOWN, Recorded
from models.replay_metrics import over_time, unlabelled_from
from streams.content import code_version
from streams.replay import Replayed, ReplayRequest, Scores

_SHOWN = ("auc_roc", "average_precision", "card_precision_at_k", "recall_first_decile")
Found = dict[str, Any]


def report(request: ReplayRequest, found: Replayed, alerts_per_day: int) -> Found:
    """The whole object: parameters, what arrived, and the protocol's results.

    Of every model and of the rules alone `over_time` holds all measures, over all and by week.
    """
    results = handbook(request, found) if request.folds else plain(request)
    before = None if request.maturity_days is None else unlabelled_from(found.recorded)
    for name, scores in found.continuous.items():
        results["models"][name]["over_time"] = over_time(
            found.recorded, scores, alerts_per_day, before=before
        )
    rules = found.recorded.rules
    results["rules_only"]["over_time"] = over_time(
        found.recorded, rules, alerts_per_day, probabilities=False, before=before
    )
    return {
        "protocol": "handbook" if request.folds else "plain",
        "parameters": parameters(request, alerts_per_day),
        "data_sha256": found.sha256,
        "code_version": code_version(),
        "counts": found.counts,
        "not_assessed": not_assessed(found.recorded, before),
        "seconds": round(found.seconds, 3),
        **results,
    }


def not_assessed(recorded: Recorded, before: int | None) -> Found | None:
    """The days that `over_time` leaves out, and what is known of them; None where it has all."""
    if before is None:
        return None
    late = recorded.take(recorded.day >= before)
    return {
        "from_day": datetime.fromtimestamp(before * DAY_MS // 1_000, UTC).date().isoformat(),
        "transactions": len(late.truth),
        "unlabelled": int((late.truth == UNKNOWN).sum()),
        "frauds": int((late.truth == 1).sum()),
    }


def handbook(request: ReplayRequest, found: Replayed) -> Found:
    """The Handbook's folds: the champion's on top, every model's beside, then the rules'.

    `continuous` learned all that was observed by then, `same_window` a fold's training week alone.
    """
    models: Found = {
        name: {
            "continuous": summary(_folds(request, found, [scores] * len(request.chosen_folds))),
            "same_window": summary(_folds(request, found, found.same_window[name])),
        }
        for name, scores in found.continuous.items()
    }
    champion = champion_of(request)
    best = dict(models[champion]) if champion else {"continuous": None, "same_window": None}
    rules = [found.recorded.rules] * len(request.chosen_folds)
    return {
        "champion": champion,
        **best,
        "models": models,
        "rules_only": summary(_folds(request, found, rules)),
    }


def plain(request: ReplayRequest) -> Found:
    """The plain protocol has nothing beside what is measured over time."""
    return {
        "champion": champion_of(request),
        "models": {name: {} for name in request.models},
        "rules_only": {},
    }


def champion_of(request: ReplayRequest) -> str | None:
    """The combination where one was asked for, else the first model; None for rules alone."""
    if "blend" in request.models:
        return "blend"
    return request.models[0] if request.models else None


def parameters(request: ReplayRequest, alerts_per_day: int) -> Found:
    """What makes the run what it is."""
    return {
        "path": str(request.path),
        "models": list(request.models),
        "folds": request.folds,
        "label_delay_days": request.label_delay_days,
        "maturity_days": request.maturity_days,
        "alerts_per_day": alerts_per_day,
        "rows_kept": request.rows_kept,
        "publish_every": request.publish_every,
        "feedback_per_day": request.feedback_per_day,
        "feedback": request.feedback if request.feedback_per_day else "none",
        "seed": request.seed,
    }


def lines(found: Found) -> Iterator[str]:
    """The results for a terminal, a line each."""
    if late := found["counts"].get("forgotten"):
        yield (
            f"{late:,} verdicts came too late to be learned: raise --rows-kept (now "
            f"{found['parameters']['rows_kept']:,}), or lower --maturity-days"
        )
    if found["not_assessed"]:
        yield left_out(found)
    each = [*found["models"].items(), ("rules alone", found["rules_only"])]
    for name, results in each:
        for kind in ("continuous", "same_window"):
            if kind in results:
                yield f"{name:>20} {kind:<12} {_mean_of(results[kind])}"
        if "mean" in results:
            yield f"{name:>20} {'':<12} {_mean_of(results)}"
        yield f"{name:>20} {'whole file':<12} {_overall(results['over_time']['overall'])}"


def left_out(found: Found) -> str:
    """The sentence about days that are not assessed."""
    late = found["not_assessed"]
    return (
        f"not assessed: {late['transactions']:,} transactions from {late['from_day']} on, of which "
        f"{late['unlabelled']:,} are younger than the maturity and unlabelled; judged by the "
        f"{late['frauds']:,} frauds known of them alone, everybody would look good"
    )


def _folds(request: ReplayRequest, found: Replayed, scores: list[Scores]) -> list[Assessment]:
    pairs = zip(scores, request.chosen_folds, strict=True)
    return [assess(found.recorded, of_fold, fold) for of_fold, fold in pairs]


def _mean_of(results: Found) -> str:
    mean, std = results["mean"], results["std"]
    return "  ".join(f"{_label(m)} {_number(mean[m])} ± {_number(std[m])}" for m in METRICS)


def _overall(measured: Found) -> str:
    text = "  ".join(f"{_label(name)} {_number(measured[name])}" for name in _SHOWN)
    alerts = measured["causal"]
    return (
        f"{text}  at {_number(alerts['alerts_per_day'])} alerts a day: precision "
        f"{_number(alerts['precision'])} recall {_number(alerts['recall'])} "
        f"value {_number(alerts['value_caught'])}"
    )


def _label(name: str) -> str:
    return name.replace("auc_roc", "AUC").replace("average_precision", "AP").replace("_", " ")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
