"""What holds for every drifting world: plain before its onset, drawn anew to the same bits."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from producers.handbook import World, written
from producers.scenarios import SCENARIOS
from producers.scenarios.catalogue import DAYS as DEFAULT_DAYS
from producers.scenarios.catalogue import ONSET_DAY as DEFAULT_ONSET
from producers.scenarios.changes import LABELS, TRANSACTIONS
from producers.scenarios.tables import Tables, tables
from tests.unit.producers.scenario_worlds import (
    DAY_MS,
    DAYS,
    ONSET,
    ONSET_DAY,
    START_MS,
    drifted,
    plain,
    spec,
)

every = pytest.mark.parametrize("name", SCENARIOS)
FILLED = {"channel", "country", "device_risk", "source"}  # what some worlds know beside


def before_onset(frame: pl.DataFrame, time: str = "event_time") -> pl.DataFrame:
    return frame.filter(pl.col(time) < ONSET).drop(FILLED, strict=False)


def frames(made: Tables) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return made.transactions, made.labels, made.truth


@pytest.fixture(scope="module")
def unchanged() -> Tables:
    """The plain world's tables: a signal beside it changes none of its own columns."""
    made = drifted("vendor-signal-dies")
    return made._replace(transactions=made.transactions.drop("device_risk"))


def test_the_catalogue_has_what_can_be_made() -> None:
    assert TRANSACTIONS.keys() | LABELS.keys() == SCENARIOS.keys()
    assert not TRANSACTIONS.keys() & LABELS.keys()
    assert all(name == scenario.name for name, scenario in SCENARIOS.items())
    assert DEFAULT_ONSET > 60
    assert DEFAULT_ONSET + 7 < DEFAULT_DAYS


def test_the_plain_part_is_what_the_handbook_writes(tmp_path: Path, unchanged: Tables) -> None:
    files = written(plain(), tmp_path)
    assert_frame_equal(unchanged.transactions, pl.read_parquet(files.transactions_file))
    assert_frame_equal(unchanged.labels, pl.read_parquet(files.labels_file))


@every
def test_before_the_onset_it_is_the_plain_world(name: str, unchanged: Tables) -> None:
    made = drifted(name)
    assert_frame_equal(before_onset(made.transactions), before_onset(unchanged.transactions))
    assert_frame_equal(
        before_onset(made.labels, "observed_at"), before_onset(unchanged.labels, "observed_at")
    )
    assert made.truth.filter(pl.col("changed"))["event_time"].min() >= ONSET - 7 * DAY_MS


@every
def test_it_is_drawn_again_to_the_bit(name: str) -> None:
    again = tables(name, spec(), onset_day=ONSET_DAY, world=plain())
    for first, second in zip(frames(drifted(name)), frames(again), strict=True):
        assert_frame_equal(first, second)


@every
def test_another_seed_is_another_world(name: str) -> None:
    one, other = drifted(name), drifted(name, seed=1)
    assert not one.transactions.head(1_000).equals(other.transactions.head(1_000))
    both = set(one.transactions["event_time"]) & set(other.transactions["event_time"])
    assert len(both) < 0.2 * len(one.transactions)
    assert {**one.described, "seed": 1} == other.described


@every
def test_a_shorter_world_is_the_beginning_of_a_longer_one(name: str) -> None:
    short, long = drifted(name, days=DAYS - 3), drifted(name)
    for first, second in zip(frames(short), frames(long), strict=True):
        assert_frame_equal(first, second.head(len(first)))


@every
def test_tables_are_in_order_and_belong_together(name: str) -> None:
    made = drifted(name)
    times = made.transactions["event_time"]
    assert times.is_sorted()
    assert START_MS <= times[0] < times[-1] < START_MS + DAYS * DAY_MS
    assert made.transactions["transaction_id"].n_unique() == len(times)
    for frame in (made.labels, made.truth):
        assert frame["transaction_id"].equals(made.transactions["transaction_id"])
        assert frame["event_time"].equals(times)
    assert made.labels["observed_at"].equals(made.labels["event_time"] + 7 * DAY_MS)


@every
def test_labels_tell_the_truth_unless_a_source_is_wrong(name: str) -> None:
    made = drifted(name)
    said, fraud = made.labels["label"] == "FRAUD", made.truth["fraud"]
    assert made.labels["scenario"].equals(made.truth["scenario"])
    wrong = made.truth["changed"] if name in LABELS else pl.repeat(False, len(fraud), eager=True)
    assert (said != fraud).equals(wrong)


@every
def test_what_is_not_marked_as_changed_is_plain_after_the_onset_too(
    name: str, unchanged: Tables
) -> None:
    made = drifted(name)
    kept = made.transactions.filter(~made.truth["changed"]).drop(FILLED, strict=False)
    plain_rows = unchanged.transactions.drop(FILLED, strict=False)
    assert_frame_equal(
        kept, plain_rows.filter(pl.col("transaction_id").is_in(kept["transaction_id"].implode()))
    )
    assert len(kept) >= len(before_onset(plain_rows, "event_time")) - made.truth["changed"].sum()


@pytest.mark.parametrize("name", ["card-testing", "account-takeover", "bust-out", "evader"])
def test_an_attack_comes_on_top_of_the_whole_plain_world(name: str, unchanged: Tables) -> None:
    made = drifted(name)
    kept = made.transactions.filter(~made.truth["changed"]).drop("channel")
    assert_frame_equal(kept, unchanged.transactions.drop("channel"))


@every
def test_scenario_json_says_what_changes_when(name: str) -> None:
    found, scenario = drifted(name).described, SCENARIOS[name]
    assert found["onset"] == ONSET
    lasts = scenario.lasts_days
    assert found["end"] == (None if lasts is None else ONSET + lasts * DAY_MS)
    told = {k: v for k, v in dataclasses.asdict(scenario).items() if k != "lasts_days"}
    assert {
        k: tuple(v) if isinstance(v, list) else v for k, v in found.items() if k in told
    } == told


@pytest.mark.parametrize("onset_day", [0, -1, DAYS, DAYS + 1])
def test_an_onset_outside_the_world_is_refused(onset_day: int) -> None:
    with pytest.raises(ValueError, match="onset_day"):
        tables("evader", spec(), onset_day=onset_day, world=plain())


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="label_delay_days"):
        tables("evader", spec(), onset_day=ONSET_DAY, world=plain(), label_delay_days=-1)


@pytest.mark.parametrize("name", ["account-takeover", "bust-out", "evader"])
def test_a_world_without_established_cards_is_refused(name: str) -> None:
    world = plain()
    late = world.ledger.second >= ONSET_DAY * 86_400 - 7_200  # two hours before it
    new = World(world.ledger.rows(np.flatnonzero(late)), world.scenario[late])
    with pytest.raises(ValueError, match="every other day"):
        tables(name, spec(), onset_day=ONSET_DAY, world=new)
