"""The public data set, exactly: counts, scenarios, first rows, and every shorter run a prefix."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from producers.handbook import Simulated, World, generate, simulate
from producers.handbook_world import LAST_SEED, SEEDS_A_WORLD, WorldSpec
from schemas.events import Transaction

FIRST_TEN_DAYS = "1b553c9ed68bb4703d15a540866bd4ed81b037153fc26f9eba82a0332c7371b3"


def table(world: World, rows: int | None = None) -> np.ndarray:
    ledger = world.ledger
    columns = (ledger.customer, ledger.terminal, ledger.second, ledger.cents, world.scenario)
    return np.stack([column[:rows].astype("<i8") for column in columns])


@pytest.fixture(scope="module")
def full() -> World:
    return generate(WorldSpec())


def test_the_public_counts(full: World) -> None:
    assert len(full.ledger) == 1_754_155
    assert np.bincount(full.scenario).tolist() == [1_739_474, 973, 9_077, 4_631]
    assert len(np.unique(full.ledger.customer)) == 4_990


def test_the_public_range_of_times_and_amounts(full: World) -> None:
    assert str(np.datetime64(int(full.event_time[0]), "ms")) == "2018-04-01T00:00:31.000"
    assert str(np.datetime64(int(full.event_time[-1]), "ms")) == "2018-09-30T23:59:57.000"
    assert full.ledger.cents[full.scenario == 0].max() == 219_98
    per_day = np.bincount(full.ledger.second // 86_400)
    assert (per_day.min(), per_day.max()) == (9_285, 9_789)
    frauds = np.bincount(full.ledger.second[full.scenario > 0] // 86_400)
    assert (frauds.min(), frauds.max()) == (3, 110)


def test_the_first_rows(full: World) -> None:
    customers, terminals, _, cents, _ = table(full, 5).tolist()
    assert customers == [596, 4961, 2, 4128, 927]
    assert terminals == [3156, 3412, 1365, 8737, 9906]
    assert cents == [57_16, 81_51, 146_00, 64_49, 50_99]


def test_fewer_days_are_the_first_ones(full: World) -> None:
    short = generate(WorldSpec(days=20))
    assert len(short.ledger) == np.searchsorted(full.ledger.second, 20 * 86_400)
    assert np.array_equal(table(short), table(full, len(short.ledger)))
    assert np.bincount(short.scenario).tolist() == [190_747, 108, 415, 341]


def test_the_first_ten_days_are_golden(full: World) -> None:
    rows = int(np.searchsorted(full.ledger.second, 10 * 86_400))
    assert hashlib.sha256(table(full, rows).tobytes()).hexdigest() == FIRST_TEN_DAYS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("world"), days=2, label_delay_days=3)


def test_the_transactions_file(written: Simulated) -> None:
    frame = pl.read_parquet(written.transactions_file)
    assert frame.columns == [name for name in Transaction.model_fields if name != "attributes"]
    assert len(frame) == written.transactions
    first = {name: value for name, value in frame.row(0, named=True).items() if value is not None}
    assert first == {
        "transaction_id": "0",
        "card_id": "596",
        "terminal_id": "3156",
        "event_time": 1_522_540_831_000,
        "arrival": 1_522_540_831_000,
        "amount_minor": 57_16,
        "currency": "EUR",
        "message_type": "0100",
    }


def test_the_labels_file(written: Simulated) -> None:
    frame = pl.read_parquet(written.labels_file)
    transactions = pl.read_parquet(written.transactions_file)
    assert " ".join(frame.columns) == (
        "transaction_id card_id terminal_id label scenario event_time observed_at"
    )
    assert frame["transaction_id"].equals(transactions["transaction_id"])
    assert ((frame["observed_at"] - frame["event_time"]) == 3 * 86_400_000).all()
    assert (frame["label"] == "FRAUD").equals(frame["scenario"] > 0)
    assert (frame["label"] == "FRAUD").sum() == written.frauds == sum(written.scenarios)


def test_another_seed_is_another_world_of_the_same_kind(full: World) -> None:
    other, rows = generate(WorldSpec(days=2, seed=1)), full.ledger.second.searchsorted(2 * 86_400)
    assert len(other.ledger) == pytest.approx(rows, rel=0.05)
    assert 0 < (other.scenario > 0).mean() < 0.01
    same = np.isin(other.ledger.second, full.ledger.second[:rows])
    assert same.mean() < 0.2  # as many as chance has it: 19,000 of 172,800 seconds are taken


def test_worlds_share_no_generator() -> None:
    assert WorldSpec(seed=0).seed_of(SEEDS_A_WORLD - 1) < WorldSpec(seed=1).seed_of(0)
    assert WorldSpec(seed=LAST_SEED).seed_of(SEEDS_A_WORLD - 1) == 2**32 - 1


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": LAST_SEED + 1}, {"days": 0}])
def test_a_world_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WorldSpec(**wrong)


def test_a_negative_delay_is_refused(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match="label_delay_days"):
        simulate(tmp_path, days=1, label_delay_days=-1)  # type: ignore[arg-type]


def test_frauds_only_labels_the_frauds_alone(tmp_path: Path) -> None:
    every = simulate(tmp_path / "every", days=3)
    frauds = simulate(tmp_path / "frauds", days=3, frauds_only=True)
    assert (frauds.transactions, frauds.frauds) == (every.transactions, every.frauds)
    labels = pl.read_parquet(every.labels_file)
    expected = labels.filter(pl.col("label") == "FRAUD")
    assert len(expected) == every.frauds
    assert pl.read_parquet(frauds.labels_file).equals(expected)
