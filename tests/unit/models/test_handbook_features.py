"""The Handbook's fourteen over one month, by the stream's own code and by naive pandas."""

from __future__ import annotations

import gc
from collections import defaultdict, deque
from itertools import starmap
from operator import itemgetter

import numpy as np
import pandas as pd
import pytest

from models.card import CardState, profile
from models.features import FEATURES
from models.terminal import TerminalState, apply_outcome, observe
from models.vector import assemble
from producers.handbook import World, generate
from producers.handbook_world import WorldSpec

pytestmark = pytest.mark.timeout(600)  # 719,307 events: half a minute, more on a busy machine

DAYS = 75  # 2018-04-01 to 2018-06-14
FROM, TO = pd.Timestamp("2018-05-15"), pd.Timestamp("2018-06-15")
DELAY = pd.Timedelta(days=7)
NS = 1_000_000  # nanoseconds a millisecond
WINDOWS = (1, 7, 30)
COUNTS = (
    "weekend", "night",
    *(f"card_count_{d}d" for d in WINDOWS),
    *(f"terminal_count_{d}d_delayed" for d in WINDOWS),
)  # fmt: skip
MEANS = (
    *(f"card_mean_{d}d" for d in WINDOWS),
    *(f"terminal_risk_{d}d" for d in WINDOWS),
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """A world of the Handbook's kind in time order, every transaction."""
    world: World = generate(WorldSpec(days=DAYS))
    ledger = world.ledger
    return pd.DataFrame(
        {
            "event_time": world.event_time,
            "card_id": ledger.customer.astype(str),
            "terminal_id": ledger.terminal.astype(str),
            "amount_minor": ledger.cents,
            "fraud": (world.scenario > 0).astype(int),
        }
    )


@pytest.fixture(scope="module")
def streamed(frame: pd.DataFrame) -> pd.DataFrame:
    """The fourteen of the month, as the stream computes them."""
    gc.disable()  # hundreds of thousands of live events, no cycles among them
    try:
        return pd.DataFrame(fold(frame), columns=[*COUNTS, *MEANS])
    finally:
        gc.enable()


def fold(frame: pd.DataFrame) -> list[tuple[float, ...]]:
    """Every event in order, every label a week after its transaction, before what comes then."""
    cards: dict[str, CardState] = defaultdict(CardState)
    terminals: dict[str, TerminalState] = defaultdict(TerminalState)
    pick = itemgetter(*map(FEATURES.names.index, (*COUNTS, *MEANS)))
    start, waiting, rows = FROM.value // NS, deque(), []
    for event in starmap(transaction, enumerate(frame.itertuples(index=False))):
        while waiting and waiting[0]["observed_at"] <= event["event_time"]:
            told = waiting.popleft()
            apply_outcome(terminals[told["terminal_id"]], told)
        of_card = profile(cards[event["card_id"]], event)
        of_terminal = observe(terminals[event["terminal_id"]], event)
        if event["event_time"] >= start:
            rows.append(pick(assemble(event, of_card, of_terminal)))
        if event["fraud"] or event["event_time"] % 10_000 == 0:  # a legitimate one changes nothing
            waiting.append(outcome(event))
    return rows


def transaction(number: int, row) -> dict[str, object]:
    return {
        "transaction_id": str(number), "card_id": row.card_id, "terminal_id": row.terminal_id,
        "event_time": row.event_time, "amount_minor": row.amount_minor, "currency": "EUR",
        "message_type": "0100", "fraud": row.fraud,
    }  # fmt: skip


def outcome(event: dict[str, object]) -> dict[str, object]:
    return {
        "outcome_id": f"o{event['transaction_id']}", "transaction_id": event["transaction_id"],
        "terminal_id": event["terminal_id"], "event_time": event["event_time"],
        "observed_at": event["event_time"] + DELAY.value // NS,
        "label": "FRAUD" if event["fraud"] else "LEGITIMATE",
    }  # fmt: skip


@pytest.fixture(scope="module")
def naive(frame: pd.DataFrame) -> pd.DataFrame:
    """The month's fourteen by pandas: rolling windows per customer, differences per terminal."""
    data = frame.assign(at=pd.to_datetime(frame["event_time"], unit="ms"))
    data["amount"] = data["amount_minor"] / 100
    found = pd.DataFrame(index=data.index)
    found["weekend"] = (data["at"].dt.day_of_week >= 5).astype(int)
    found["night"] = (data["at"].dt.hour <= 6).astype(int)
    for days in WINDOWS:
        rolled = rolling(data, "card_id", "amount", days)
        found[f"card_count_{days}d"] = rolled["count"]
        found[f"card_mean_{days}d"] = rolled["mean"]
        number, frauds = delayed(data, days)
        found[f"terminal_count_{days}d_delayed"] = number
        found[f"terminal_risk_{days}d"] = np.where(number > 0, frauds / np.maximum(number, 1), 0)
    return found[(data["at"] >= FROM) & (data["at"] < TO)].reset_index(drop=True)


def rolling(data: pd.DataFrame, key: str, column: str, days: int) -> pd.DataFrame:
    """Count and mean of ``(t - days, t]`` by key, at each row."""
    groups = data.set_index("at").groupby(key, sort=False)[column]
    rolled = groups.rolling(f"{days}D").agg(["count", "mean"])
    order = np.concatenate(list(data.groupby(key, sort=False).indices.values()))
    return rolled.set_axis(order).sort_index()


def delayed(data: pd.DataFrame, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Transactions and frauds of a terminal in ``(t - 7 d - days, t - 7 d]``, at each row."""
    number, frauds = np.zeros(len(data)), np.zeros(len(data))
    times, fraud = data["at"].to_numpy(), data["fraud"].to_numpy()
    for rows in data.groupby("terminal_id").indices.values():
        here = times[rows]
        total = np.concatenate([[0], fraud[rows].cumsum()])
        end = np.searchsorted(here, here - DELAY.to_timedelta64(), side="right")
        wide = (DELAY + pd.Timedelta(days=days)).to_timedelta64()
        begin = np.searchsorted(here, here - wide, side="right")
        number[rows], frauds[rows] = end - begin, total[end] - total[begin]
    return number, frauds


def test_every_transaction_of_the_month_is_compared(streamed, naive):
    assert len(streamed) == len(naive) > 290_000
    assert streamed["terminal_risk_30d"].gt(0).sum() > 1_000


@pytest.mark.parametrize("name", COUNTS)
def test_counts_and_flags_are_equal(streamed, naive, name):
    assert np.array_equal(streamed[name].to_numpy(), naive[name].to_numpy())


@pytest.mark.parametrize("name", MEANS)
def test_means_and_risks_are_equal(streamed, naive, name):
    np.testing.assert_allclose(streamed[name], naive[name], rtol=1e-9, atol=0)
