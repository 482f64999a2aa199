"""Changes of what honest customers do."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.handbook_frauds import LARGE_CENTS
from producers.handbook_world import DAY_SECONDS, Ints
from producers.scenarios.setting import DAY_MS, Setting

GROWTH_A_WEEK, GROWTH_AT_MOST = 1.015, 1.40
PEAK_VOLUME, PEAK_AMOUNTS = 0.60, 1.05
Floats = NDArray[np.float64]


def spending_growth(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let all amounts rise, frauds among them, in steps of a day."""
    days = (pl.col("event_time") - setting.onset) // DAY_MS + 1
    grown = pl.min_horizontal(GROWTH_A_WEEK ** (days / 7), pl.lit(GROWTH_AT_MOST))
    after = pl.col("event_time") >= setting.onset
    return frame.with_columns(
        cents=pl.when(after).then(_scaled(grown)).otherwise(pl.col("cents")), changed=after
    )


def seasonal_peak(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let customers buy more often, and a little dearer, at the terminals they know.

    Frauds are as many more, so that their share stays what it was.
    """
    inside = (pl.col("event_time") >= setting.onset) & (pl.col("event_time") < setting.end)
    more = _more(setting, frame.filter(inside))
    peak = pl.concat([frame, more]).sort("event_time", maintain_order=True)
    dearer = pl.when(inside).then(_scaled(pl.lit(PEAK_AMOUNTS))).otherwise(pl.col("cents"))
    return peak.with_columns(cents=dearer, changed=inside)


def _scaled(factor: pl.Expr) -> pl.Expr:
    return (pl.col("cents") * factor).round().cast(pl.Int64)


def _more(setting: Setting, usual: pl.DataFrame) -> pl.DataFrame:
    """The purchases on top: each at another one's card and terminal, on the same day."""
    # A row of numbers a purchase, in the order of time: a shorter world draws the same ones.
    chance = setting.dice(0).random((len(usual), 3))
    normal = setting.dice(1).standard_normal((len(usual), 2))
    chosen = np.flatnonzero(chance[:, 0] < PEAK_VOLUME)
    again, chance, normal = usual[chosen], chance[chosen], normal[chosen]
    cents = _amounts(setting, again, normal[:, 1], chance[:, 2])
    legitimate = again["scenario"].to_numpy() == 0
    day = again["event_time"] // DAY_MS * DAY_MS
    return again.with_columns(
        transaction_id=pl.format(f"{setting.scenario.name}-{{}}", "transaction_id"),
        event_time=day + pl.Series(_seconds(normal[:, 0], chance[:, 1])) * 1_000,
        cents=pl.Series(np.where(legitimate, cents, again["cents"].to_numpy())),
        # The Handbook's first scenario: so large an amount is fraud.
        scenario=pl.Series(
            np.where(legitimate, cents > LARGE_CENTS, again["scenario"].to_numpy()), dtype=pl.Int8
        ),
    )


def _seconds(normal: Floats, chance: Floats) -> Ints:
    """Seconds of the day around noon, as the Handbook's; what leaves the day falls anywhere."""
    second = (DAY_SECONDS / 2 + 20_000 * normal).astype(np.int64)
    outside = (second <= 0) | (second >= DAY_SECONDS)
    return np.where(outside, (chance * DAY_SECONDS).astype(np.int64), second)


def _amounts(setting: Setting, bought: pl.DataFrame, normal: Floats, chance: Floats) -> Ints:
    """Amounts in cents, as the Handbook draws them from what each customer usually spends."""
    mean = setting.mean_amounts[bought["customer"].to_numpy()]
    amount = mean * (1 + normal / 2)
    cents: Ints = np.rint(np.where(amount < 0, 2 * mean * chance, amount) * 100).astype(np.int64)
    return cents
