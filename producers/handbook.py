"""The Handbook's data set, regenerated exactly and written as Parquet.

Seed 0 and 183 days give the public data set: 1,754,155 transactions of 4,990 customers, 14,681 of
them frauds (973, 9,077 and 4,631 by scenario). Fewer days give its first days, frauds included.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.handbook_frauds import commit_frauds, days_to_draw
from producers.handbook_world import DAY_SECONDS, PUBLIC_DAYS, START_SECONDS, Ledger, WorldSpec
from producers.handbook_world import legitimate as draw_legitimate
from producers.world_tables import LABEL, TRANSACTION, table, write

DAY_MS = DAY_SECONDS * 1_000


@dataclass(frozen=True)
class World:
    """A generated world: its transactions by time, and the fraud scenario (0 to 3) of each."""

    ledger: Ledger
    scenario: NDArray[np.int8]

    @property
    def event_time(self) -> NDArray[np.int64]:
        """Times in UTC milliseconds."""
        return (self.ledger.second + START_SECONDS) * 1_000


@dataclass(frozen=True)
class Simulated:
    """What `simulate` wrote; times in UTC milliseconds, `scenarios` counts 1, 2 and 3."""

    transactions_file: Path
    labels_file: Path
    transactions: int
    frauds: int
    scenarios: tuple[int, int, int]
    customers: int
    first_event_time: int
    last_event_time: int


def generate(spec: WorldSpec) -> World:
    """Generate a world in memory; about 130 bytes and 4 µs a transaction.

    >>> len(generate(WorldSpec(days=1, customers=200)).ledger)
    393
    """
    ledger = draw_legitimate(spec, days_to_draw(spec))
    scenario = commit_frauds(spec, ledger)
    asked = int(np.searchsorted(ledger.second, spec.days * DAY_SECONDS))
    return World(ledger.rows(slice(asked)), scenario[:asked])


def simulate(
    out: Path,
    *,
    days: int = PUBLIC_DAYS,
    seed: int = 0,
    label_delay_days: int = 7,
    frauds_only: bool = False,
) -> Simulated:
    """Write the world of a seed into the folder `out`, as `written` does.

    Raises `ValueError` for days, seed or delay out of range.
    """
    _check_delay(label_delay_days)
    world = generate(WorldSpec(days=days, seed=seed))
    return written(world, out, label_delay_days=label_delay_days, frauds_only=frauds_only)


def written(
    world: World, out: Path, *, label_delay_days: int = 7, frauds_only: bool = False
) -> Simulated:
    """Write `transactions.parquet` and `labels.parquet` into the folder `out`, made if needed.

    A label is observed `label_delay_days` after its transaction; with `frauds_only` the legitimate
    ones get none, as in a bank, where only fraud is reported. Each file appears whole or not at
    all. Raises `ValueError` for a negative delay.
    """
    _check_delay(label_delay_days)
    out.mkdir(parents=True, exist_ok=True)
    files = out / "transactions.parquet", out / "labels.parquet"
    frame = _frame(world, label_delay_days * DAY_MS)
    labelled = frame.filter(pl.col("scenario") > 0) if frauds_only else frame
    write(table(frame, TRANSACTION), files[0])
    write(table(labelled, LABEL), files[1])
    return _summary(world, *files)


def _check_delay(label_delay_days: int) -> None:
    if label_delay_days < 0:
        raise ValueError(f"label_delay_days: expected 0 or more, got {label_delay_days}")


def _summary(world: World, transactions_file: Path, labels_file: Path) -> Simulated:
    _, first, second, third = (int(n) for n in np.bincount(world.scenario, minlength=4))
    return Simulated(
        transactions_file=transactions_file,
        labels_file=labels_file,
        transactions=len(world.ledger),
        frauds=first + second + third,
        scenarios=(first, second, third),
        customers=len(np.unique(world.ledger.customer)),
        first_event_time=int(world.event_time[0]),
        last_event_time=int(world.event_time[-1]),
    )


def _frame(world: World, delay_ms: int) -> pl.DataFrame:
    columns = {
        "customer": world.ledger.customer,
        "terminal": world.ledger.terminal,
        "cents": world.ledger.cents,
        "event_time": world.event_time,
        "scenario": world.scenario,
    }
    return pl.DataFrame(columns).with_row_index("rank").with_columns(delay=pl.lit(delay_ms))
