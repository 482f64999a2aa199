"""Replays on record in a store that MLflow reads: parameters, data, code, every metric.

The store is a SQLite database of MLflow's own, written by MLflow's own client (the extra
`tracking`: `mlflow-skinny` with SQLAlchemy). MLflow gave its file store up: 3.x refuses to open it.
Nothing is sent anywhere: MLflow's telemetry is switched off.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from schemas.errors import FraudStreamsError
from streams.replay_files import metrics

STORE = Path(".fraud/runs.db")
"""Where replays go on record if nothing else is said."""
EXPERIMENT = "fraud replay"
_NEEDS = ("mlflow", "sqlalchemy", "alembic")
_MADE_OF = ("protocol", "data_sha256", "code_version")
_BATCH = 500  # metrics a call; MLflow takes a thousand
Found = Mapping[str, Any]


class TrackingMissing(FraudStreamsError):
    """A store was named, and the packages that write it are not installed."""

    code = "TRACKING_MISSING"
    advice = "pip install 'fraud-streams[tracking]'"


def available() -> bool:
    """Whether the extra `tracking` is installed."""
    return all(find_spec(name) is not None for name in _NEEDS)


def address(store: str | Path) -> str:
    """The store as MLflow names it; a folder holds `runs.db`.

    >>> address("sqlite:///x.db"), address("some/x.db")[:10]
    ('sqlite:///x.db', 'sqlite:///')
    """
    if "://" in str(store):
        return str(store)
    path = Path(store).resolve()
    return f"sqlite:///{path if path.suffix else path / STORE.name}"


def required(store: str | Path) -> str:
    """The store as MLflow names it; raises `TrackingMissing` without the extra."""
    if not available():
        raise TrackingMissing(f"{store}", expected="mlflow-skinny, SQLAlchemy and alembic")
    return address(store)


def record(store: str | Path, found: Found, started_ms: int) -> str:
    """Put a replay's result, what `fraud replay --json` prints, on record; returns the run's id.

    Raises `TrackingMissing` without the extra.
    """
    client = _client(store)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    number = experiment.experiment_id if experiment else _experiment(client, store)
    run = client.create_run(number, start_time=started_ms, tags=_tags(found))
    run_id: str = run.info.run_id
    entities = importlib.import_module("mlflow.entities")
    params = found["parameters"] | {name: found[name] for name in _MADE_OF}
    given = [entities.Param(name, _text(value)) for name, value in params.items()]
    client.log_batch(run_id, params=given)
    values = [
        entities.Metric(name, value, started_ms, step) for name, value, step in _values(found)
    ]
    for start in range(0, len(values), _BATCH):
        client.log_batch(run_id, metrics=values[start : start + _BATCH])
    client.set_terminated(run_id)
    return run_id


def runs(store: str | Path) -> list[dict[str, Any]]:
    """What is on record, the newest first: id, started (UTC ms), params, metrics, tags.

    Raises `TrackingMissing` without the extra.
    """
    client = _client(store)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return []
    found, token = [], None
    while True:
        some = client.search_runs([experiment.experiment_id], page_token=token)
        found += [_plain(run) for run in some]
        token = some.token
        if not token:
            return found


def _values(found: Found) -> Iterator[tuple[str, float, int]]:
    """Every number of the report as (name, value, step); the weeks are the steps."""
    for model, scope, period, metric, value in metrics(dict(found)).iter_rows():
        if value is not None:
            weekly = scope == "week"
            parts = (model, scope, "" if weekly else period, metric)
            name = "/".join(part for part in parts if part).replace(":", ".")
            yield name, value, int(period) if weekly else 0


def _tags(found: Found) -> dict[str, str]:
    commit = found["code_version"].partition("+")[2].removesuffix("-dirty")
    models = ", ".join(found["parameters"]["models"])
    tags = {
        "mlflow.source.name": EXPERIMENT,
        "mlflow.runName": f"{found['protocol']} {models or 'rules'}",
        "python": platform.python_version(),
        "river": version("river"),
        "counts": json.dumps(found["counts"]),
    }
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _client(store: str | Path) -> Any:
    """MLflow's client on a store, which is made if it is not there."""
    where = required(store)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    tracking = importlib.import_module("mlflow.tracking")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if where.startswith("sqlite:///"):
        Path(where.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return tracking.MlflowClient(tracking_uri=where)


def _experiment(client: Any, store: str | Path) -> str:
    """A new experiment; what else MLflow keeps of a run goes beside the database."""
    where = address(store)
    beside = None
    if where.startswith("sqlite:///"):
        file = Path(where.removeprefix("sqlite:///")).resolve()
        beside = (file.parent / "artifacts").as_uri()
    made: str = client.create_experiment(EXPERIMENT, artifact_location=beside)
    return made


def _plain(run: Any) -> dict[str, Any]:
    return {
        "run": run.info.run_id,
        "started": run.info.start_time,
        "params": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "tags": {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.")},
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
