"""The example that sets one's own boosted trees beside the stream's models."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier  # loaded before its threads are limited
from threadpoolctl import threadpool_limits

from models.protocol import FOLDS, Fold
from streams.cli import main
from streams.feature_table import FeatureRequest, write

EXAMPLE = Path(__file__).parents[3] / "infra/examples/xgboost_on_identical_rows.py"
DAY = 86_400_000
MANY = 2_500
ENGINE = ("--engine", "sklearn", "--rounds", "5")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take minutes for a second's work."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("xgboost_on_identical_rows", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of nine weeks of 400 cards, every tenth transaction a large fraud."""
    folder = tmp_path_factory.mktemp("world")
    rng, rows, start = random.Random(5), [], Fold.of("2018-07-05").train_start
    for number, at in enumerate(sorted(start + rng.randrange(63 * DAY) for _ in range(MANY))):
        fraud = rng.random() < 0.1
        rows.append(
            {"transaction_id": f"t{number}", "card_id": f"c{rng.randrange(400)}",
             "terminal_id": f"m{rng.randrange(30)}", "event_time": at, "currency": "EUR",
             "amount_minor": rng.randrange(100, 9_000) * (8 if fraud else 1),
             "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": at + 7 * DAY}
        )  # fmt: skip
    frame = pl.DataFrame(rows)
    frame.drop("label", "observed_at").write_parquet(folder / "transactions.parquet")
    frame.drop("amount_minor", "currency").write_parquet(folder / "labels.parquet")
    write(FeatureRequest(folder, folder / "X.parquet"))
    return folder / "X.parquet"


def scores_of(features: Path, folder: Path) -> Path:
    """What `fraud replay --out` would write, of a model that knows the answer; in another order."""
    table = pl.read_parquet(features).sort("card_id")
    told = table.select(
        "transaction_id", "card_id", "event_time", "amount_minor",
        pl.col("label").alias("fraud"), pl.lit(0.5).alias("rules"),
        pl.col("label").cast(pl.Float64).alias("oracle"),
    )  # fmt: skip
    file = folder / "scores.parquet"
    told.write_parquet(file)
    return file


def found(example: ModuleType, capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    example.main([*map(str, words), *ENGINE, "--json"])
    return json.loads(capsys.readouterr().out)


def test_all_are_judged_on_identical_rows(
    example: ModuleType, features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    got = found(example, capsys, features, "--scores", scores_of(features, tmp_path))
    assert list(got) == ["sklearn, refitted weekly", "rules", "oracle"]
    rows = {tuple(fold["transactions"] for fold in one["folds"]) for one in got.values()}
    assert len(rows) == 1
    assert all(number > 100 for number in rows.pop())
    assert got["oracle"]["mean"]["auc_roc"] == got["oracle"]["mean"]["average_precision"] == 1.0
    assert got["rules"]["mean"]["auc_roc"] == 0.5
    assert 0.9 < got["sklearn, refitted weekly"]["mean"]["auc_roc"] <= 1.0


def test_the_scores_of_a_replay_are_read(
    example: ModuleType, features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", str(features.parent), "--protocol", "handbook", "--publish-every", "100"]
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--models", "logistic", "--out", str(tmp_path), "--json"])
    replayed = json.loads(capsys.readouterr().out)
    got = found(example, capsys, features, "--scores", tmp_path / "scores.parquet")
    assert list(got)[1:] == ["rules", "logistic"]
    del replayed["rules_only"]["over_time"]
    assert got["rules"] == replayed["rules_only"]
    assert got["logistic"] == replayed["models"]["logistic"]["continuous"]


def test_it_learns_nothing_that_was_not_observed_yet(example: ModuleType, features: Path) -> None:
    rows = example.Rows(pl.read_parquet(features))
    for fold in FOLDS["test"]:
        known = rows.known(fold, "all")
        assert 0 < known.sum() < MANY
        assert rows.observed_at[known].max() <= fold.assessed.start
        assert not (known & rows.week(fold)).any()
        week = rows.known(fold, "week")
        assert 0 < week.sum() < known.sum()
        assert (rows.recorded.event_time[week] >= fold.train.start).all()


def test_scores_of_other_rows_are_refused(
    example: ModuleType, features: Path, tmp_path: Path
) -> None:
    scores = scores_of(features, tmp_path)
    pl.read_parquet(scores).head(MANY - 1).write_parquet(scores)
    with pytest.raises(SystemExit, match="make both from the same file"):
        example.main([str(features), "--scores", str(scores), *ENGINE])


def test_a_table_for_people(
    example: ModuleType, features: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example.main([str(features), *ENGINE, "--history", "week", "--folds", "valid"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "CP@100" in lines[0]
    assert lines[1].split()[-1].replace(",", "").isdigit()


def test_a_file_of_another_time_is_judged_by_its_own_last_weeks(
    example: ModuleType, features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved.parquet"
    later = [pl.col(name) + 900 * DAY for name in ("event_time", "label_observed_at")]
    pl.read_parquet(features).with_columns(later).write_parquet(moved)
    example.main([str(moved), *ENGINE])
    assert "no row to judge in these weeks: --folds last" in capsys.readouterr().out
    (own,) = found(example, capsys, moved, "--folds", "last").values()
    assert all(fold["transactions"] > 0 for fold in own["folds"])
    last = int(pl.read_parquet(moved)["event_time"].max())  # type: ignore[arg-type]  # of integers
    assert max(fold.assessed.end for fold in example.weeks(
        example.Rows(pl.read_parquet(moved)), "last")) - last in range(1, DAY + 1)  # fmt: skip


def test_a_missing_file_is_named(example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        example.main(["nowhere.parquet"])
    assert "nowhere.parquet: expected a Parquet file" in capsys.readouterr().err


def test_the_engine_can_be_chosen(example: ModuleType) -> None:
    assert isinstance(example.classifier("sklearn", 5, 0), HistGradientBoostingClassifier)


def test_without_xgboost_it_says_how_to_get_it(
    example: ModuleType, features: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(SystemExit, match="pip install xgboost-cpu"):
        example.main([str(features)])
