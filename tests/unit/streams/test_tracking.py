"""A replay on record, read back by MLflow's own client, and compared with another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from streams import tracking
from streams.replay import ReplayRequest, replay
from streams.replay_result import report
from tests.unit.streams.replay_files_world import write_world

STARTED = 1_700_000_000_000


def result_of(folder: Path, **how: Any) -> dict[str, Any]:
    request = ReplayRequest(folder, publish_every=100, **how)
    return report(request, replay(request), 5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"), many=800)


@pytest.fixture(scope="module")
def found(world: Path) -> dict[str, Any]:
    return result_of(world)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow makes its sixty tables in two seconds; every test gets a copy of these."""
    folder = tmp_path_factory.mktemp("store")
    assert tracking.runs(folder) == []  # a store without replays is empty
    return folder / "runs.db"


@pytest.fixture
def store(made_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made_once, tmp_path / "runs.db"))


def test_mlflow_reads_back_what_the_replay_found(found: dict[str, Any], store: Path) -> None:
    run_id = tracking.record(store, found, STARTED)
    client = MlflowClient(tracking_uri=f"sqlite:///{store}")
    run = client.get_run(run_id)
    mean, overall = found["continuous"]["mean"], found["models"]["logistic"]["over_time"]
    assert run.data.metrics["logistic/continuous/mean/auc_roc"] == mean["auc_roc"]
    assert (
        run.data.metrics["logistic/overall/causal_recall"] == overall["overall"]["causal"]["recall"]
    )
    weeks = client.get_metric_history(run_id, "logistic/week/auc_roc")
    expected = [(w["week"], w["auc_roc"]) for w in overall["weeks"] if w["auc_roc"] is not None]
    assert [(one.step, one.value) for one in weeks] == expected
    assert run.data.params["seed"] == "0"
    assert json.loads(run.data.params["models"]) == ["logistic"]
    assert run.data.params["data_sha256"] == found["data_sha256"]
    assert run.data.params["code_version"] == found["code_version"]
    assert (run.info.status, run.info.start_time) == ("FINISHED", STARTED)


def test_every_number_of_the_report_is_on_record(found: dict[str, Any], store: Path) -> None:
    tracking.record(store, found, STARTED)
    (run,) = tracking.runs(store)
    table = tracking.metrics(found).drop_nulls("value").filter(scope="continuous")
    for model, scope, period, metric, value in table.iter_rows():
        assert run["metrics"][f"{model}/{scope}/{period}/{metric}"] == value
    assert run["metrics"]["rules/rules/mean/auc_roc"] == found["rules_only"]["mean"]["auc_roc"]


def test_equal_runs_are_equal_and_others_are_not(
    found: dict[str, Any], store: Path, tmp_path: Path
) -> None:
    other = write_world(tmp_path / "elsewhere", many=800)  # the same content in another place
    changed = write_world(tmp_path / "changed", many=801)
    for number, result in enumerate((found, result_of(other), result_of(changed, seed=7))):
        tracking.record(store, result, STARTED + number)
    third, second, first = tracking.runs(store)
    assert first["metrics"] == second["metrics"] != third["metrics"]
    hashes = [run["params"]["data_sha256"] for run in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert (first["params"]["seed"], third["params"]["seed"]) == ("0", "7")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    assert not tracking.available()
    with pytest.raises(tracking.TrackingMissing, match=r"fraud-streams\[tracking\]"):
        tracking.required(tmp_path)


def test_stores_are_named_as_mlflow_does(tmp_path: Path) -> None:
    assert tracking.address(tmp_path) == f"sqlite:///{tmp_path / 'runs.db'}"
    assert tracking.address(tmp_path / "a.db") == f"sqlite:///{tmp_path / 'a.db'}"
    assert tracking.address("http://localhost:5000") == "http://localhost:5000"
