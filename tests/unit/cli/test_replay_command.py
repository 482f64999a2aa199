"""`fraud replay` on a small world that reaches over the Handbook's folds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from models.learn_policy import LearnPolicy
from models.protocol import METRICS
from models.replay_models import NAMES
from producers.source import Source
from streams.cli import replay as command
from streams.cli import runs as runs_command
from streams.replay import ReplayRequest, replay
from streams.replay_arrivals import arrivals
from tests.unit.streams.replay_files_world import write_world

runner = CliRunner()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine weeks, 2,500 transactions."""
    return write_world(tmp_path_factory.mktemp("world"), many=2_500)


def run(*arguments: object) -> Any:
    """The command; with the cheapest model where none is asked for."""
    app = typer.Typer()
    command.register(app)
    runs_command.register(app)
    words = [str(argument) for argument in arguments]
    name = [] if words[:1] == ["runs"] else ["replay"]
    if name and not {"--models", "--rules-only"} & set(words):
        words += ["--models", "logistic"]
    return runner.invoke(app, [*name, *words])


def found(*arguments: object) -> dict[str, Any]:
    ran = run(*arguments, "--json")
    assert ran.exit_code == 0, ran.output
    parsed = json.loads(ran.stdout)
    assert isinstance(parsed, dict)
    return parsed


def test_by_default_those_replay_who_compete_live() -> None:
    assert tuple(command.MODELS.split(",")) == LearnPolicy().competitors


def test_the_handbooks_protocol(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    got = found(world, "--protocol", "handbook", "--publish-every", 100, "--out", out)
    assert got["champion"] == "logistic"
    for results in (got["continuous"], got["same_window"], got["rules_only"]):
        assert set(results["mean"]) == set(results["std"]) == set(METRICS)
        assert [fold["train_start"] for fold in results["folds"]] == [
            "2018-08-15", "2018-08-08", "2018-08-01", "2018-07-25",
        ]  # fmt: skip
        assert all(fold["transactions"] > 100 for fold in results["folds"])
    assert got["models"]["logistic"]["continuous"] == got["continuous"]
    assert got["continuous"]["mean"]["auc_roc"] > 0.9
    assert got["counts"]["transactions"] == got["counts"]["labels"] == 2_500
    check_files(out, got)


def check_files(out: Path, got: dict[str, Any]) -> None:
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 9
    assert "http" not in page
    metrics = pl.read_parquet(out / "metrics.parquet")
    mean = metrics.filter(model="logistic", scope="continuous", period="mean", metric="auc_roc")
    assert mean["value"].item() == got["continuous"]["mean"]["auc_roc"]
    scores = pl.read_parquet(out / "scores.parquet")
    assert len(scores) == 2_500
    assert scores["fraud"].sum() == got["counts"]["frauds"]
    assert 0 < scores["logistic"].null_count() < 1_000


def test_the_plain_protocol_over_time(world: Path) -> None:
    got = found(world, "--alerts-per-day", 5, "--publish-every", 100)
    assert "continuous" not in got
    measured = got["models"]["logistic"]["over_time"]
    assert len(measured["weeks"]) == 8  # the first has no model yet
    assert len(got["rules_only"]["over_time"]["weeks"]) == 9
    assert measured["overall"]["hindsight"]["alerts_per_day"] == 5.0
    assert measured["overall"]["calibration"]["brier"] < 0.1
    assert got["rules_only"]["over_time"]["overall"]["calibration"] is None


def test_rules_alone(world: Path) -> None:
    got = found(world, "--protocol", "handbook", "--rules-only")
    assert (got["continuous"], got["models"], got["champion"]) == (None, {}, None)
    assert got["rules_only"]["mean"]["auc_roc"] is not None


def test_the_text_has_a_line_a_model(world: Path) -> None:
    ran = run(world, "--protocol", "handbook", "--folds", "valid")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("2,500 transactions")
    assert [line.split()[0] for line in ran.stdout.splitlines()[1:]] == ["logistic"] * 3 + [
        "rules", "rules",
    ]  # fmt: skip


def test_later_labels_teach_later(world: Path) -> None:
    scored = []
    for days in (1, 20):
        request = ReplayRequest(world, folds=None, publish_every=50, label_delay_days=days)
        scored.append(int((replay(request).continuous["logistic"] >= 0).sum()))
    assert scored[0] > scored[1] > 0


def test_a_uniform_delay_puts_labels_in_order(world: Path) -> None:
    source = Source.open(world)
    at = [arrival.at for arrival in arrivals(source, 3.0)]
    assert at == sorted(at)
    told = [a for a in arrivals(source, 7.0) if a.event == "label"]
    assert told == [a for a in source.arrivals() if a.event == "label"]


@pytest.mark.parametrize("models", ["nonsense", "", "logistic,nonsense"])
def test_an_unknown_model_is_a_usage_error(world: Path, models: str) -> None:
    ran = run(world, "--models", models)
    assert ran.exit_code == 2
    assert "logistic" in ran.output


@pytest.mark.parametrize("models", ["nosuch:make", "models.portfolio:nosuch"])
def test_a_factory_that_is_not_there_is_a_usage_error(world: Path, models: str) -> None:
    ran = run(world, "--models", models)
    assert ran.exit_code == 2
    assert "nosuch" in ran.output


def test_a_replay_gives_the_same_numbers_again(world: Path) -> None:
    first, second = (found(world, "--publish-every", 100) for _ in range(2))
    assert first["models"] == second["models"]
    assert first["rules_only"] == second["rules_only"]


def test_all_is_every_model_of_the_portfolio() -> None:
    assert command.chosen("all") == NAMES
    assert len(NAMES) >= 5


def test_every_model_of_the_portfolio_replays(tmp_path: Path) -> None:
    got = found(write_world(tmp_path, many=300), "--models", "all", "--publish-every", 50)
    assert set(got["models"]) == set(NAMES)
    for results in got["models"].values():
        assert results["over_time"]["overall"]["transactions"] > 100


@pytest.mark.parametrize("way", ["separate", "live", "pooled"])
@pytest.mark.parametrize("model", ["logistic", "blend"])
def test_feedback_changes_what_is_learned_not_what_happened(
    world: Path, way: str, model: str
) -> None:
    usual = ("--models", model, "--publish-every", 100, "--label-delay-days", 20)
    folder = world if model == "logistic" else write_world(world / "small", many=400)
    plain = found(folder, *usual, "--feedback", way)
    asked = found(folder, *usual, "--feedback", way, "--feedback-per-day", 3)
    assert (plain["parameters"]["feedback"], asked["parameters"]["feedback"]) == ("none", way)
    assert plain["counts"] == asked["counts"]
    assert plain["rules_only"] == asked["rules_only"]
    assert plain["models"] != asked["models"]
    unused = found(folder, *usual, "--feedback", "none", "--feedback-per-day", 3)
    assert unused["models"] == plain["models"]


def test_a_replay_goes_on_record_and_runs_shows_it(world: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        got = found(world, "--publish-every", 100, "--seed", seed, "--track", tmp_path)
    assert got["store"] == f"sqlite:///{tmp_path / 'runs.db'}"
    ran = run("runs", "--track", tmp_path, "--json")
    newest, oldest = json.loads(ran.stdout)["runs"]
    assert newest["run"] == got["run"]
    assert newest["metrics"] == oldest["metrics"]  # the logistic regression knows no chance
    lines = run("runs", "--track", tmp_path).stdout.splitlines()
    assert lines[0].startswith(got["run"][:8])
    assert lines[0].endswith("seed=2")
    assert lines[1].split()[:2] == ["logistic", "AUC"]


def test_without_a_store_nothing_goes_on_record(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "run" not in found(world, "--rules-only", "--track", "off")
    assert not list(tmp_path.iterdir())
    monkeypatch.delenv("FRAUD_TRACK")
    assert found(world, "--rules-only")["store"].endswith("/.fraud/runs.db")
    assert run("runs", "--json").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("no-such-folder",), (".", "--from", "2018-07-01"), (".", "--to", "2018-07-01")]
)
def test_a_source_that_is_none_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert "expected" in ran.output


def test_verdicts_that_come_too_late_are_told(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.replay_rows._CHUNK", 16)
    ran = run(world, "--rows-kept", 32)
    assert ran.exit_code == 0
    assert "verdicts came too late to be learned: raise --rows-kept (now 32)" in ran.stdout


def test_of_a_file_that_labels_frauds_alone_the_last_days_are_not_assessed(
    world: Path, tmp_path: Path
) -> None:
    whole = found(world, "--maturity-days", 10)
    assert whole["not_assessed"] is None
    for name in ("transactions", "labels"):
        (file,) = world.glob(f"{name}.*")
        rows = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file)
        rows = rows.filter(label="FRAUD") if name == "labels" else rows
        rows.write_csv(tmp_path / f"{name}.csv")
    ran = run(tmp_path, "--maturity-days", 10)
    got = found(tmp_path, "--maturity-days", 10)
    late = got["not_assessed"]
    assert 0 < late["frauds"] < late["unlabelled"] < late["transactions"]
    assert f"not assessed: {late['transactions']:,} transactions from 2018-" in ran.stdout
    rules, everything = (one["rules_only"]["over_time"]["overall"] for one in (got, whole))
    assert rules["transactions"] + late["transactions"] == everything["transactions"]
