"""`fraud features`: the table on disk is the fold's rows, whatever the row groups."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest

from models.features import FEATURES
from models.point_in_time import PointInTime
from producers.errors import FileInvalid
from producers.source import Source
from streams import feature_table
from streams.feature_table import FeatureRequest, write

DAY = 86_400_000
START = 1_700_000_000_000


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """600 transactions over twenty days; nine of ten labelled, two days late; one row repeated."""
    rng = random.Random(3)
    times = sorted(START + rng.randrange(20 * DAY) for _ in range(600))
    events = pl.DataFrame(
        [
            {"transaction_id": f"t{n}", "card_id": f"c{rng.randrange(40)}",
             "terminal_id": f"m{rng.randrange(12)}", "event_time": at,
             "amount_minor": rng.randrange(100, 90_000), "currency": "EUR"}
            for n, at in enumerate(times)
        ]
    )  # fmt: skip
    labels = events.drop("amount_minor", "currency").filter(pl.col("event_time") % 10 > 0)
    labels = labels.with_columns(
        label=pl.when(pl.col("event_time") % 7 == 0).then(pl.lit("FRAUD"))
        .otherwise(pl.lit("LEGITIMATE")), observed_at=pl.col("event_time") + 2 * DAY,
    )  # fmt: skip
    pl.concat([events, events.tail(1)]).write_parquet(tmp_path / "transactions.parquet")
    labels.write_parquet(tmp_path / "labels.parquet")
    return tmp_path


def test_the_table_is_the_fold(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_table, "ROW_GROUP", 70)
    seen: list[int] = []
    written = write(FeatureRequest(world, world / "deep" / "X.parquet"), seen.append)
    table = pl.read_parquet(world / "deep" / "X.parquet")
    fold, expected = PointInTime(), []
    for event, at, record in Source.open(world).arrivals():
        if event == "label":
            fold.label(record, at)
        elif (row := fold.transaction(record, at)) is not None:
            expected.append(tuple(row))
    assert table.select(FEATURES.names).rows() == expected
    assert table["label"].to_list() == [None if t < 0 else t == 1 for t in fold.truth]
    assert table["label_observed_at"].null_count() == table["label"].null_count() > 0
    known = table.filter(pl.col("label").is_not_null())
    assert (known["label_observed_at"] - known["event_time"]).unique().to_list() == [2 * DAY]
    assert (written.rows, written.counts["repeats"]) == (600, 1)
    assert seen[-1] == 601


def test_columns_and_row_groups(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_table, "ROW_GROUP", 70)
    out = world / "X.parquet"
    write(FeatureRequest(world, out))
    with pyarrow.parquet.ParquetFile(out) as file:
        assert file.num_row_groups == 9
        assert file.schema_arrow.metadata[b"feature_spec"].decode() == FEATURES.spec_hash
    assert pl.read_parquet_schema(out) == {
        "transaction_id": pl.String, "card_id": pl.String, "terminal_id": pl.String,
        "event_time": pl.Int64, "amount_minor": pl.Int64,
        **dict.fromkeys(FEATURES.names, pl.Float64),
        "label": pl.Boolean, "label_observed_at": pl.Int64,
    }  # fmt: skip
    assert len(FEATURES.names) == 48


def test_a_delay_moves_what_is_known(world: Path) -> None:
    found = []
    for days in (1.0, 15.0):
        out = world / f"{days}.parquet"
        write(FeatureRequest(world, out, label_delay_days=days))
        found.append(pl.read_parquet(out))
    sooner, later = (table["terminal_known_frauds_30d"].sum() for table in found)
    assert sooner > 2 * later > 0
    assert found[0]["label"].equals(found[1]["label"])


def test_without_labels_nothing_is_known(world: Path) -> None:
    write(FeatureRequest(world / "transactions.parquet", world / "X.parquet"))
    table = pl.read_parquet(world / "X.parquet")
    assert table["label"].null_count() == len(table) == 600
    assert table["terminal_known_frauds_30d"].sum() == 0


def test_no_rows_make_an_empty_table(tmp_path: Path) -> None:
    file = tmp_path / "none.csv"
    file.write_text("transaction_id,card_id,terminal_id,event_time,amount_minor,currency\n")
    assert write(FeatureRequest(file, tmp_path / "X.parquet")).rows == 0
    assert len(pl.read_parquet(tmp_path / "X.parquet")) == 0


def test_what_is_read_is_not_written_over(world: Path) -> None:
    before = (world / "transactions.parquet").read_bytes()
    with pytest.raises(FileInvalid, match="another file"):
        write(FeatureRequest(world, world / "transactions.parquet"))
    assert (world / "transactions.parquet").read_bytes() == before


def test_a_bad_cell_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        "transaction_id,card_id,terminal_id,event_time,amount_minor,currency\n"
        "t1,c,m,1,100,EUR\nt2,c,m,2,lots,EUR\n"
    )
    with pytest.raises(FileInvalid, match="row 2, column amount_minor"):
        write(FeatureRequest(file, tmp_path / "X.parquet"))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]
