"""What each drifting world is said to do: how often, how much, where, and what features see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from producers.handbook_world import Customer, WorldSpec, customers_of, terminals_of
from producers.scenarios import SCENARIOS, attacks, habits, label_sources, places
from producers.scenarios.setting import Setting
from producers.scenarios.tables import tables
from tests.unit.producers.scenario_worlds import (
    DAY_MS,
    DAYS,
    ONSET,
    ONSET_DAY,
    START_MS,
    drifted,
    spec,
)

CHANGED_DAYS = DAYS - ONSET_DAY
MINUTE_MS = 60_000


def changed(name: str) -> pl.DataFrame:
    """The rows that the plain world has not, or not so, with what is true of them."""
    made = drifted(name)
    return made.transactions.hstack(made.truth.select("fraud", "scenario", "changed")).filter(
        pl.col("changed")
    )


def strikes(name: str, day: int) -> pl.DataFrame:
    """An attack's rows that were drawn for one day, whichever days they fall on."""
    mine = pl.col("transaction_id").str.starts_with(f"{name}-{day}-")
    return changed(name).filter(mine)


CUSTOMERS, PLACES = customers_of(spec()), terminals_of(spec())


def habits_of(card: str) -> Customer:
    return CUSTOMERS[int(card)]


def away(card: str, terminal: str) -> float:
    x, y = PLACES[:, int(terminal)]
    return float(np.hypot(x - habits_of(card).x, y - habits_of(card).y))


def setting(name: str, of: WorldSpec | None = None) -> Setting:
    return Setting(SCENARIOS[name], of or spec(), ONSET_DAY)


@pytest.mark.parametrize("day", range(ONSET_DAY, DAYS - 2))
def test_cards_are_tested_in_minutes_and_then_used(day: int) -> None:
    rows = strikes("card-testing", day)
    assert rows["fraud"].all()
    tests = rows.filter(pl.col("amount_minor") < 300)
    hits = rows.filter(pl.col("amount_minor") >= 150_00)
    assert len(tests) + len(hits) == len(rows)
    assert tests["card_id"].n_unique() == len(tests) == attacks.CARDS_A_BURST
    assert tests["terminal_id"].n_unique() == 1
    assert tests["event_time"].max() - tests["event_time"].min() < 6 * MINUTE_MS
    assert set(hits["card_id"]) <= set(tests["card_id"])
    began = hits.join(tests, on="card_id", suffix="_test")
    waited = began["event_time"] - began["event_time_test"]
    assert waited.is_between(3_600_000, DAY_MS).all()


def test_three_terminals_a_week_see_all_tests() -> None:
    tests = changed("card-testing").filter(pl.col("amount_minor") < 300)
    weeks = tests.group_by((pl.col("event_time") - START_MS) // (7 * DAY_MS))
    assert weeks.agg(pl.col("terminal_id").n_unique())["terminal_id"].max() <= 3


def test_a_quarter_of_the_tested_cards_is_used() -> None:
    rows = changed("card-testing").filter(pl.col("event_time") < ONSET + 6 * DAY_MS)
    tests = (rows["amount_minor"] < 300).sum()
    assert 0.1 < (len(rows) - tests) / attacks.HITS / tests < 0.4


@pytest.mark.parametrize("day", range(ONSET_DAY, DAYS - 2))
def test_a_taken_over_card_pays_much_far_away_and_online(day: int) -> None:
    rows = strikes("account-takeover", day)
    assert rows["card_id"].n_unique() == setting("account-takeover").rate(attacks.TAKEOVERS)
    assert len(rows) == rows["card_id"].n_unique() * attacks.TAKEN
    assert rows["fraud"].all()
    assert (rows["channel"] == "ecommerce").all()
    for row in rows.iter_rows(named=True):
        assert away(row["card_id"], row["terminal_id"]) > attacks.FAR
        least = max(3 * habits_of(row["card_id"]).mean_amount, 10)
        assert least <= row["amount_minor"] / 100 + 0.01 <= max(8 / 3 * least, 10.01)


@pytest.mark.parametrize("name", ["account-takeover", "new-country"])
def test_a_fifth_of_the_terminals_is_online(name: str) -> None:
    before = drifted(name).transactions.filter(pl.col("event_time") < ONSET)
    each = before.group_by("terminal_id").agg(pl.col("channel").unique())
    assert each["channel"].list.len().max() == 1
    assert 0.12 < (each["channel"].list.first() == "ecommerce").mean() < 0.28


@pytest.mark.parametrize("day", range(ONSET_DAY, DAYS - 2))
def test_a_good_card_builds_up_then_busts_out(day: int) -> None:
    rows = strikes("bust-out", day)
    bust, build_up = rows.filter(pl.col("fraud")), rows.filter(~pl.col("fraud"))
    busting = bust["card_id"].unique()
    assert len(bust) == len(busting) * attacks.BUST
    assert set(build_up["card_id"]) <= set(busting)
    assert len(build_up) == len(busting) * min(day - ONSET_DAY, attacks.BUILD_UP_DAYS)
    if len(build_up):
        assert build_up["event_time"].max() < START_MS + day * DAY_MS <= bust["event_time"].min()
    assert all(away(*pair) < 20 for pair in rows.select("card_id", "terminal_id").iter_rows())
    half_a_day = bust.group_by("card_id").agg(
        pl.col("event_time").max() - pl.col("event_time").min()
    )
    assert half_a_day["event_time"].max() < DAY_MS


@pytest.mark.parametrize("day", range(ONSET_DAY, DAYS - 3))
def test_an_evader_stays_below_what_was_declined(day: int) -> None:
    rows = strikes("evader", day)
    for _, own in rows.group_by("card_id"):
        amounts = own.sort("event_time")["amount_minor"].to_list()
        probes, later = amounts[: len(attacks.PROBES)], amounts[len(attacks.PROBES) :]
        assert probes == sorted(probes)
        assert probes[-2] < attacks.LARGE_CENTS < probes[-1]
        assert len(later) == attacks.UNDER
        assert all(0.9 * 220_00 <= amount < 220_00 for amount in later)


@pytest.mark.parametrize("name", ["account-takeover", "bust-out", "evader"])
def test_a_card_is_struck_once(name: str) -> None:
    ids = changed(name)["transaction_id"].str.split("-")
    days = changed(name).with_columns(day=ids.list.get(-2)).group_by("card_id")
    assert days.agg(pl.col("day").n_unique())["day"].max() == 1


def test_growth_is_steady_and_ends_at_forty_percent() -> None:
    few = WorldSpec(days=300, customers=20, terminals=600, radius=20.0)
    made = tables("spending-growth", few, onset_day=10)
    before = tables("vendor-signal-dies", few, onset_day=10)
    day = (made.truth["event_time"] - START_MS) // DAY_MS
    ratio = made.transactions["amount_minor"] / before.transactions["amount_minor"]
    large = before.transactions["amount_minor"] > 50_00
    expected = np.minimum(habits.GROWTH_A_WEEK ** ((day.to_numpy() - 9) / 7), 1.4)
    expected[day.to_numpy() < 10] = 1
    assert np.allclose(ratio.filter(large), expected[large.to_numpy()], atol=2e-4)
    assert expected.max() == 1.4


def test_the_peak_is_sixty_percent_more_for_two_weeks_and_then_gone() -> None:
    long = spec(days=34)
    usual = tables("vendor-signal-dies", long, onset_day=ONSET_DAY).transactions
    made = tables("seasonal-peak", long, onset_day=ONSET_DAY)
    inside = pl.col("event_time").is_between(ONSET, made.described["end"], closed="left")
    peak, plain_rows = made.transactions.filter(inside), usual.filter(inside)
    assert len(peak) / len(plain_rows) == pytest.approx(1.6, abs=0.03)
    means = peak["amount_minor"].mean(), plain_rows["amount_minor"].mean()
    assert means[0] / means[1] == pytest.approx(1.05, abs=0.04)
    assert set(peak["card_id"]) == set(plain_rows["card_id"])
    after = made.transactions.filter(pl.col("event_time") >= made.described["end"])
    assert after.equals(
        usual.filter(pl.col("event_time") >= made.described["end"]).select(after.columns)
    )
    frauds = made.truth.filter(inside)
    usual_frauds = plain_rows.join(frauds, on="transaction_id")["fraud"].mean()
    assert frauds["fraud"].mean() == pytest.approx(usual_frauds, rel=0.15)


SIGNALS: dict[str, Callable[[pl.Series], bool]] = {
    "vendor-signal-dies": lambda risk: risk.null_count() == len(risk),
    "vendor-signal-stuck": lambda risk: risk.unique().to_list() == [0.2],
    "vendor-signal-rescaled": lambda risk: bool(10 < risk.mean() < 40 < risk.max() <= 100),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_that_told_frauds_apart_no_longer_does(name: str) -> None:
    made = drifted(name)
    began = made.truth["event_time"] >= ONSET
    risk = made.transactions["device_risk"]
    before, fraud = risk.filter(~began), made.truth["fraud"].filter(~began)
    assert before.is_between(0, 1).all()
    assert before.filter(fraud).mean() - before.filter(~fraud).mean() > 0.35
    assert SIGNALS[name](risk.filter(began))


def test_a_new_country_has_its_own_terminals_and_currency() -> None:
    rows, made = changed("new-country"), drifted("new-country")
    assert rows["event_time"].min() >= ONSET
    assert set(rows["country"]) == {"PL"}
    assert set(rows["currency"]) == {"PLN"}
    assert rows["terminal_id"].cast(pl.Int64).min() >= spec().terminals
    assert (rows["channel"] == "ecommerce").mean() == pytest.approx(places.ONLINE_ABROAD, abs=0.06)
    home = made.transactions.filter(~made.truth["changed"])
    assert set(home["country"]) == {"BE"}
    usual = drifted("vendor-signal-dies").transactions
    pairs = rows.join(usual, on="transaction_id", suffix="_usual")
    assert len(pairs) == len(rows)
    assert ((pairs["amount_minor"] - pairs["amount_minor_usual"] * 4.3).abs() <= 0.5001).all()
    share = len(rows) / (made.truth["event_time"] >= ONSET).sum()
    assert share == pytest.approx(places.CARDS_ABROAD * places.PURCHASES_ABROAD, abs=0.04)


@pytest.mark.parametrize(
    ("name", "source", "truth", "share"),
    [
        ("label-poisoning", "CUSTOMER", "LEGITIMATE", label_sources.POISONED),
        ("label-whitewashing", "ANALYST", "FRAUD", 1.0),
    ],
)
def test_one_source_is_wrong_from_the_onset(
    name: str, source: str, truth: str, share: float
) -> None:
    made = drifted(name)
    labels = made.labels.with_columns(
        truth=pl.when(made.truth["fraud"]).then(pl.lit("FRAUD")).otherwise(pl.lit("LEGITIMATE"))
    )
    wrong = labels.filter(pl.col("label") != pl.col("truth"))
    assert set(wrong["source"]) == {source}
    assert set(wrong["truth"]) == {truth}
    assert wrong["observed_at"].min() >= ONSET
    said = labels.filter(
        (pl.col("source") == source) & (pl.col("truth") == truth) & (pl.col("observed_at") >= ONSET)
    )
    assert len(wrong) / len(said) == pytest.approx(share, abs=0.03)
    shares = label_sources.OF_FRAUDS if truth == "FRAUD" else label_sources.OF_LEGITIMATE
    of_truth = labels.filter(pl.col("truth") == truth)
    assert (of_truth["source"] == source).mean() == pytest.approx(shares[source], abs=0.05)
