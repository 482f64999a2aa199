"""`fraud replay` on a small world that reaches over the Handbook's folds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from models.protocol import METRICS, Fold
from producers.source import Source
from streams.cli import replay as command
from streams.replay import ReplayRequest, replay
from streams.replay_arrivals import arrivals

DAY = 86_400_000
runner = CliRunner()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten weeks of twenty cards, two transactions a day each, every tenth a large fraud."""
    folder = tmp_path_factory.mktemp("world")
    rng, rows, start = random.Random(5), [], Fold.of("2018-07-05").train_start
    times = sorted(start + rng.randrange(63 * DAY) for _ in range(2_500))
    for number, at in enumerate(times):
        fraud = rng.random() < 0.1
        rows.append(
            {
                "transaction_id": str(number), "card_id": f"c{rng.randrange(400)}",
                "terminal_id": f"m{rng.randrange(30)}", "event_time": at,
                "amount_minor": rng.randrange(100, 9_000) * (8 if fraud else 1),
                "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": at + 7 * DAY,
            }
        )  # fmt: skip
    frame = pl.DataFrame(rows)
    events = frame.drop("label", "observed_at").with_columns(currency=pl.lit("EUR"))
    events.write_parquet(folder / "transactions.parquet")
    frame.drop("amount_minor").write_parquet(folder / "labels.parquet")
    return folder


def run(*arguments: object) -> Any:
    app = typer.Typer()
    command.register(app)
    return runner.invoke(app, [str(argument) for argument in arguments])


def found(*arguments: object) -> dict[str, Any]:
    ran = run(*arguments, "--json")
    assert ran.exit_code == 0, ran.output
    parsed = json.loads(ran.stdout)
    assert isinstance(parsed, dict)
    return parsed


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


def test_a_replay_gives_the_same_numbers_again(world: Path) -> None:
    first, second = (found(world, "--publish-every", 100) for _ in range(2))
    assert first["models"] == second["models"]
    assert first["rules_only"] == second["rules_only"]
