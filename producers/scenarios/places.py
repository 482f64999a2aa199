"""Where terminals are: the shop or the net, near or far, at home or in a new country."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.scenarios.setting import Setting

HOME, ABROAD = ("BE", "EUR", 1.0), ("PL", "PLN", 4.3)
"""Country, currency, and how much of it is a euro (2018)."""
CARDS_ABROAD, PURCHASES_ABROAD = 0.30, 0.50
TERMINALS_ABROAD = 0.20  # of as many as there are at home
ONLINE_ABROAD = 0.70


def with_channels(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the `channel` of each terminal: pos, or ecommerce for a fifth."""
    online = setting.online[frame["terminal"].to_numpy()]
    return frame.with_columns(channel=_channel(online))


def distances(setting: Setting, card: int) -> NDArray[np.float64]:
    """Return how far each terminal is from a customer's place, in the Handbook's units."""
    (x, y), home = setting.places, setting.customers[card]
    away: NDArray[np.float64] = np.hypot(x - home.x, y - home.y)
    return away


def new_country(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let three cards in ten make half of their purchases in a country that was never seen.

    At terminals of its own, mostly online, and in its currency: amounts mean something else.
    """
    plain = with_channels(setting, frame)
    spec, dice = setting.spec, setting.dice()
    open_to_it = dice.random(spec.customers) < CARDS_ABROAD
    rows = len(frame)
    # A row of numbers a purchase, in the order of time: a shorter world draws the same ones.
    chance, where, how = setting.dice(1).random((rows, 3)).T
    moved = (
        open_to_it[frame["customer"].to_numpy()]
        & (chance < PURCHASES_ABROAD)
        & (frame["event_time"].to_numpy() >= setting.onset)
    )
    shops = max(1, round(spec.terminals * TERMINALS_ABROAD))
    terminal = spec.terminals + (where * shops).astype(np.int64)
    return _moved(plain, moved, terminal, how < ONLINE_ABROAD)


def _moved(
    plain: pl.DataFrame,
    moved: NDArray[np.bool_],
    terminal: NDArray[np.int64],
    online: NDArray[np.bool_],
) -> pl.DataFrame:
    """The frame with country and currency, and the `moved` rows abroad."""
    abroad = pl.Series(moved)
    country, currency, rate = ABROAD
    return plain.with_columns(
        country=pl.when(abroad).then(pl.lit(country)).otherwise(pl.lit(HOME[0])),
        currency=pl.when(abroad).then(pl.lit(currency)).otherwise(pl.lit(HOME[1])),
        channel=pl.when(abroad).then(_channel(online)).otherwise(pl.col("channel")),
        terminal=pl.when(abroad).then(pl.Series(terminal)).otherwise(pl.col("terminal")),
        cents=pl.when(abroad)
        .then((pl.col("cents") * rate).round().cast(pl.Int64))
        .otherwise(pl.col("cents")),
        changed=abroad,
    )


def _channel(online: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(np.where(online, "ecommerce", "pos"))
