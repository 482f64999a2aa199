"""`fraud replay --out`: the scores and the metrics as Parquet, the report as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from streams.replay import Replayed, ReplayRequest
from streams.replay_page import page

Found = dict[str, Any]
_COLUMNS = ("model", "scope", "period", "metric")


def write(out: Path, request: ReplayRequest, replayed: Replayed, found: Found) -> list[Path]:
    """Write `report.html`, `metrics.parquet` and `scores.parquet` into `out`, made if needed."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in ("report.html", "metrics.parquet", "scores.parquet")]
    files[0].write_text(page(found), encoding="utf-8")
    metrics(found).write_parquet(files[1])
    scores(request, replayed).write_parquet(files[2])
    return files


def scores(request: ReplayRequest, replayed: Replayed) -> pl.DataFrame:
    """A row a transaction: what it was, the truth (null where unknown), and every score.

    A model's score is null where none was in force.
    """
    recorded = replayed.recorded
    truth = pl.Series(recorded.truth == 1).scatter(np.flatnonzero(recorded.truth < 0), None)
    return pl.DataFrame(
        {
            "transaction_id": replayed.ids,
            "card_id": pl.Series(replayed.cards, dtype=pl.String).gather(recorded.card),
            "event_time": recorded.event_time,
            "amount_minor": recorded.amount,
            "fraud": truth,
            "rules": recorded.rules,
            **{name: replayed.continuous[name] for name in request.models},
        }
    ).with_columns(pl.col(request.models).fill_nan(None))


def metrics(found: Found) -> pl.DataFrame:
    """Every number of the report in long form: model, scope, period, metric, value."""
    rows = [row for name, results in _each(found) for row in _rows(name, results)]
    schema = dict.fromkeys(_COLUMNS, pl.String) | {"value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _each(found: Found) -> list[tuple[str, Found]]:
    return [*found["models"].items(), ("rules", found["rules_only"])]


def _rows(name: str, results: Found) -> Iterator[tuple[str, str, str, str, float | None]]:
    variants: Found = {
        kind: results[kind] for kind in ("continuous", "same_window") if kind in results
    }
    if "folds" in results:
        variants["rules"] = results
    for kind, of_kind in variants.items():
        periods = {fold["train_start"]: fold for fold in of_kind["folds"]}
        for period, values in {"mean": of_kind["mean"], "std": of_kind["std"], **periods}.items():
            yield from ((name, kind, period, *pair) for pair in _flat(values))
    over_time = results["over_time"]
    yield from ((name, "overall", "", *pair) for pair in _flat(over_time["overall"]))
    for week in over_time["weeks"]:
        yield from ((name, "week", str(week["week"]), *pair) for pair in _flat(week))


def _flat(values: Found, prefix: str = "") -> Iterator[tuple[str, float | None]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        elif value is None or isinstance(value, int | float):
            yield f"{prefix}{name}", None if value is None else float(value)
