"""Fraudsters' transactions, laid over the plain world day by day."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.handbook_world import DAY_SECONDS, Ints
from producers.scenarios.setting import Setting

ATTACK = 4  # the Handbook's own scenarios are 1 to 3


class Strikes(NamedTuple):
    """Transactions as equally long columns; `second` counts from the midnight of their day.

    `second` may lie on another day: what lies outside the changed world is cut off. Where not
    `fraud`, the card's owner pays, as for a build-up.
    """

    customer: Ints
    terminal: Ints
    second: Ints
    cents: Ints
    fraud: NDArray[np.bool_]

    @classmethod
    def of(
        cls, customer: Ints | int, terminal: Ints, second: Ints, cents: Ints, *, fraud: bool = True
    ) -> Self:
        """Return strikes of one card or of as many as there are terminals, all frauds or none."""
        card = np.broadcast_to(np.asarray(customer, dtype=np.int64), terminal.shape)
        return cls(card, terminal, second, cents, np.full(terminal.shape, fraud))

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the strikes of all parts, one after the other."""
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


OfDay = Callable[[int, np.random.Generator], Strikes]


def laid_over(
    setting: Setting, frame: pl.DataFrame, of_day: OfDay, *, days_ahead: int = 0
) -> pl.DataFrame:
    """Return the frame with each day's strikes among its rows, by time, the plain rows first.

    `of_day` gets a day and its own dice, so that a shorter world is the beginning of a longer one;
    strikes that are prepared before their day need as many `days_ahead` for that.
    """
    days = range(setting.onset_day, setting.spec.days + days_ahead)
    parts = [_rows(setting, day, of_day(day, setting.dice(day))) for day in days]
    added = pl.concat(parts).filter(
        pl.col("event_time").is_between(
            setting.onset, setting.midnight(setting.spec.days), closed="left"
        )
    )
    added = added.with_columns(delay=pl.lit(frame.item(0, "delay")))
    return pl.concat([frame, added.select(frame.columns)]).sort("event_time", maintain_order=True)


def _rows(setting: Setting, day: int, strikes: Strikes) -> pl.DataFrame:
    found = pl.DataFrame(strikes._asdict())
    return found.with_columns(
        transaction_id=pl.format(f"{setting.scenario.name}-{day}-{{}}", pl.int_range(pl.len())),
        event_time=setting.midnight(day) + pl.col("second") * 1_000,
        scenario=pl.when("fraud").then(ATTACK).otherwise(0).cast(pl.Int8),
        changed=pl.lit(value=True),
    )


def established(setting: Setting, frame: pl.DataFrame) -> Ints:
    """Return the customers who bought something on every other day before the onset, at least.

    Raises `ValueError` where there are none.
    """
    often = _bought(setting, frame) * 2 >= setting.onset_day
    return some(np.flatnonzero(often), "card that bought something every other day")


def in_turn(setting: Setting, cards: Ints, day: int, count: int) -> Ints:
    """Return the `count` cards whose turn a day is: all others' comes before theirs again."""
    order = setting.dice(0, 3).permutation(cards)
    turns = (day - setting.onset_day) * count + np.arange(min(count, len(order)))
    return order[turns % len(order)]


def in_use(setting: Setting, frame: pl.DataFrame) -> Ints:
    """Return the customers who bought something before the onset; `ValueError` for none."""
    return some(np.flatnonzero(_bought(setting, frame)), "card in use")


def some(found: Ints, what: str) -> Ints:
    """Return what was found; raises `ValueError` where that is nothing."""
    if not len(found):
        raise ValueError(f"expected a {what}, found none: ask for more cards, terminals or days")
    return found


def _bought(setting: Setting, frame: pl.DataFrame) -> Ints:
    # Before the onset: what comes later depends on how long the world is asked to be.
    before = frame.filter(pl.col("event_time") < setting.onset)["customer"].to_numpy()
    return np.bincount(before, minlength=setting.spec.customers)


def moments(dice: np.random.Generator, first: float, mean_gap: float, count: int) -> Ints:
    """Return `count` seconds from `first` on, with random gaps of `mean_gap` seconds on average."""
    gaps = dice.exponential(mean_gap, count).cumsum() - mean_gap
    return (first + np.maximum(gaps, 0)).astype(np.int64)


def second_of(dice: np.random.Generator, hours: tuple[int, int]) -> float:
    """Return a second of the day between two hours."""
    return float(dice.uniform(*hours)) * DAY_SECONDS / 24
