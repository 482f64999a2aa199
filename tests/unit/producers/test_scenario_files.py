"""A drifting world as files: the same bytes again, readable by everything that reads a world."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from rdkafka_double import consumed, rdkafka_broker

from producers.mapping import ColumnMapping
from producers.publish import publish
from producers.scenarios import SCENARIOS
from producers.scenarios.simulate import simulate, written
from producers.scenarios.tables import tables
from producers.source import Source
from schemas.codec import decode
from schemas.topics import TRANSACTIONS
from schemas.validation import validate_transaction
from streams.replay import ReplayRequest, replay
from tests.unit.producers.scenario_worlds import DAY_MS, ONSET, drifted, spec

every = pytest.mark.parametrize("name", SCENARIOS)


@pytest.fixture
def rdkafka() -> Iterator[str]:
    with rdkafka_broker() as address:
        yield address


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@every
def test_the_same_bytes_are_written_again(tmp_path: Path, name: str) -> None:
    for folder in ("one", "two"):
        written(drifted(name), tmp_path / folder)
    first = files_in(tmp_path / "one")
    assert first == files_in(tmp_path / "two")
    beside = {"columns.yaml"} if SCENARIOS[name].attributes else set()
    expected = {"transactions.parquet", "labels.parquet", "truth.parquet", "scenario.json"}
    assert first.keys() == expected | beside
    assert json.loads(first["scenario.json"]) == drifted(name).described


@every
def test_every_row_is_one_that_the_stream_accepts(tmp_path: Path, name: str) -> None:
    made = written(drifted(name), tmp_path)
    found: Counter[str] = Counter()
    for event, _, record in Source.open(tmp_path).arrivals():
        found[event] += 1
        if event == "transaction":
            validate_transaction(record)
            assert record["attributes"].keys() == set(SCENARIOS[name].attributes)
    assert found == {"transaction": made.transactions, "label": made.transactions}


def test_the_summary_counts(tmp_path: Path) -> None:
    made, truth = written(drifted("evader"), tmp_path), drifted("evader").truth
    assert (made.transactions, made.frauds) == (len(truth), truth["fraud"].sum())
    assert made.changed == made.changed_frauds == (truth["scenario"] == 4).sum() > 0
    changed = drifted("evader").transactions.filter(truth["changed"])
    assert made.cards == changed["card_id"].n_unique()
    assert all((tmp_path / file).is_file() for file in made.files)


@pytest.mark.parametrize("name", ["bust-out", "label-poisoning", "label-whitewashing"])
def test_frauds_only_labels_what_is_or_is_called_fraud(tmp_path: Path, name: str) -> None:
    written(drifted(name), tmp_path, frauds_only=True)
    labels = pl.read_parquet(tmp_path / "labels.parquet")
    truth = drifted(name).truth
    expected = (drifted(name).labels["label"] == "FRAUD") | truth["fraud"]
    assert labels.equals(drifted(name).labels.filter(expected))
    assert len(pl.read_parquet(tmp_path / "transactions.parquet")) == len(truth)


def test_a_folder_brings_its_own_mapping_unless_one_is_given(tmp_path: Path) -> None:
    written(drifted("vendor-signal-dies"), tmp_path)
    assert Source.open(tmp_path).mapping.transactions.attributes == {"device_risk": "device_risk"}
    assert Source.open(tmp_path, {}).mapping.transactions == ColumnMapping()
    (tmp_path / "columns.yaml").unlink()
    assert Source.open(tmp_path).mapping.transactions == ColumnMapping()


def test_publishing_sends_the_signal(tmp_path: Path, rdkafka: str) -> None:
    written(drifted("vendor-signal-dies"), tmp_path)
    publish(tmp_path, rdkafka, limit=300)
    sent = [decode(message.value() or b"")[1] for message in consumed(rdkafka, TRANSACTIONS)]
    rows = drifted("vendor-signal-dies").transactions.head(300)
    expected = dict(zip(rows["transaction_id"], rows["device_risk"], strict=True))
    assert {row["transaction_id"]: row["attributes"]["device_risk"] for row in sent} == expected


@pytest.mark.parametrize("name", ["vendor-signal-rescaled", "label-poisoning", "new-country"])
def test_a_replay_reads_it_and_refuses_nothing(tmp_path: Path, name: str) -> None:
    written(tables(name, spec(days=4, customers=100), onset_day=2), tmp_path)
    found = replay(ReplayRequest(tmp_path, models=(), folds=None))
    labels = pl.read_parquet(tmp_path / "labels.parquet")
    frauds, rows = int((labels["label"] == "FRAUD").sum()), len(labels)
    assert found.counts == {
        "transactions": rows, "labels": rows, "labels_matched": rows,
        "frauds": frauds, "legitimate": rows - frauds,
    }  # fmt: skip


def test_simulate_writes_the_world_of_five_thousand_cards(tmp_path: Path) -> None:
    made = simulate("card-testing", tmp_path, days=3, onset_day=2, seed=1)
    assert made.described["onset"] == ONSET - 14 * DAY_MS
    assert 4_000 < pl.read_parquet(tmp_path / "transactions.parquet")["card_id"].n_unique() < 5_000
    assert made.changed == made.changed_frauds
    tested = pl.read_parquet(tmp_path / "transactions.parquet").filter(
        pl.col("transaction_id").str.starts_with("card-testing") & (pl.col("amount_minor") < 300)
    )
    assert len(tested) == 100
