"""Laws of every drifting world, whatever its seed, length, onset and label delay."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from producers.handbook import DAY_MS, generate
from producers.handbook_world import WorldSpec
from producers.scenarios import SCENARIOS
from producers.scenarios.tables import Tables, tables

FILLED = ("channel", "country", "device_risk", "source")
PLAIN = "vendor-signal-dies"  # its own columns are the plain world's


class Asked(NamedTuple):
    name: str
    seed: int
    days: int
    onset_day: int
    delay: int

    def made(self, *, days: int | None = None, name: str | None = None) -> Tables:
        few = WorldSpec(
            days=days or self.days, seed=self.seed, customers=50, terminals=100, radius=50.0
        )
        return tables(
            name or self.name, few,
            onset_day=self.onset_day, label_delay_days=self.delay, world=generate(few),
        )  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> Asked:
    days = draw(st.integers(4, 12))
    return Asked(
        name=draw(st.sampled_from(sorted(SCENARIOS))),
        seed=draw(st.integers(0, 32_767)),
        days=days,
        onset_day=draw(st.integers(2, days - 1)),
        delay=draw(st.integers(0, 9)),
    )


def seen_before(frame: pl.DataFrame, time: str, moment: int) -> pl.DataFrame:
    return frame.filter(pl.col(time) < moment).drop(FILLED, strict=False)


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_nothing_that_is_seen_before_the_onset_differs_from_the_plain_world(asked: Asked) -> None:
    made, plain = asked.made(), asked.made(name=PLAIN)
    onset = made.described["onset"]
    for at, time in enumerate(("event_time", "observed_at")):
        assert_frame_equal(seen_before(made[at], time, onset), seen_before(plain[at], time, onset))
    assert made.truth.filter(pl.col("changed") & (pl.col("event_time") < onset)).is_empty() or (
        SCENARIOS[asked.name].source is not None
    )


@given(worlds(), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_more_days_only_add_to_a_world(asked: Asked, more: int) -> None:
    short, long = asked.made(), asked.made(days=asked.days + more)
    for first, second in zip(short[:3], long[:3], strict=True):
        assert_frame_equal(first, second.head(len(first)))
    ends = short.described["onset"] + (asked.days - asked.onset_day) * DAY_MS
    assert long.truth["event_time"].slice(len(short.truth)).min() >= ends


@given(worlds())
@settings(max_examples=20, deadline=None)
def test_rows_are_in_order_unique_and_agree(asked: Asked) -> None:
    made = asked.made()
    assert made.transactions["event_time"].is_sorted()
    assert made.transactions["transaction_id"].is_unique().all()
    keys = ["transaction_id", "event_time"]
    for frame in (made.labels, made.truth):
        assert frame.select(keys).equals(made.transactions.select(keys))
    assert (made.transactions["amount_minor"] >= 0).all()
    assert (made.labels["observed_at"] - made.labels["event_time"] == asked.delay * DAY_MS).all()
