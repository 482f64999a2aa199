"""A drifting world in memory: what happened, what is said about it, and what is true."""

from typing import Any, NamedTuple

import polars as pl

from producers.handbook import World, generate
from producers.handbook_world import WorldSpec
from producers.scenarios.catalogue import DAYS, ONSET_DAY, SCENARIOS
from producers.scenarios.changes import LABELS, TRANSACTIONS
from producers.scenarios.setting import DAY_MS, Setting
from producers.world_tables import LABEL, TRANSACTION, table

_BESIDE = ("transaction_id", "currency", "channel", "country", "device_risk")
_TRUTH = {
    "transaction_id": pl.col("transaction_id"),
    "event_time": pl.col("event_time"),
    "fraud": pl.col("scenario") > 0,
    "scenario": pl.col("scenario").cast(pl.Int64),
    "changed": pl.col("changed"),
}


class Tables(NamedTuple):
    """The tables of a drifting world, each in order of event time.

    transactions: the contract's columns, and one for each attribute of the scenario.
    labels: as the Handbook's, and `source` where the scenario has several.
    truth: `transaction_id`, `event_time` (UTC ms), `fraud`, `scenario` (0 legitimate, 1 to 3 the
        Handbook's, 4 this scenario's attack) and `changed`: whether the plain world has it not, or
        not so, or (label sources) whether something else is said of it.
    described: what `scenario.json` holds.
    """

    transactions: pl.DataFrame
    labels: pl.DataFrame
    truth: pl.DataFrame
    described: dict[str, Any]


def tables(
    name: str,
    spec: WorldSpec | None = None,
    *,
    onset_day: int = ONSET_DAY,
    label_delay_days: int = 7,
    world: World | None = None,
) -> Tables:
    """Return the world of a scenario; about 5 s and 0.5 GB for the 120 days of 5,000 cards.

    `world` is the plain world of the same `spec`, where it is there already. Raises `KeyError` for
    an unknown name, `ValueError` for a day or delay out of range, and for a world too small for the
    change.

    >>> made = tables("spending-growth", WorldSpec(days=9, customers=50), onset_day=7)
    >>> len(made.transactions), made.truth["changed"].sum()
    (832, 180)
    """
    if label_delay_days < 0:
        raise ValueError(f"label_delay_days: expected 0 or more, got {label_delay_days}")
    asked = spec or WorldSpec(days=DAYS)
    setting = Setting(SCENARIOS[name], asked, onset_day)
    plain = _plain(world or generate(asked), label_delay_days * DAY_MS)
    frame = TRANSACTIONS.get(name, _unchanged)(setting, plain)
    frame = LABELS.get(name, _unchanged)(setting, frame)
    return Tables(
        _transactions(frame),
        _labels(frame),
        table(frame, _TRUTH).collect(),
        described(setting, label_delay_days),
    )


def described(setting: Setting, label_delay_days: int) -> dict[str, Any]:
    """Return what `scenario.json` holds; times in UTC milliseconds."""
    scenario = setting.scenario
    return {
        "name": scenario.name,
        "describes": scenario.describes,
        "seed": setting.spec.seed,
        "days": setting.spec.days,
        "label_delay_days": label_delay_days,
        "onset": setting.onset,
        "end": setting.end,
        "subjects": list(scenario.subjects),
        "within_days": scenario.within_days,
        "attributes": list(scenario.attributes),
        "source": scenario.source,
        "expected": scenario.expected,
    }


def _plain(world: World, delay_ms: int) -> pl.DataFrame:
    ledger = world.ledger
    columns = {
        "customer": ledger.customer,
        "terminal": ledger.terminal,
        "cents": ledger.cents,
        "event_time": world.event_time,
        "scenario": world.scenario,
    }
    rank = pl.int_range(pl.len()).cast(pl.String)
    return pl.DataFrame(columns).select(
        rank.alias("transaction_id"), *columns,
        delay=pl.lit(delay_ms), changed=pl.lit(value=False),
    )  # fmt: skip


def _unchanged(_: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _transactions(frame: pl.DataFrame) -> pl.DataFrame:
    own = {name: pl.col(name) for name in _BESIDE if name in frame.columns}
    return table(frame, {**TRANSACTION, **own}).collect()


def _labels(frame: pl.DataFrame) -> pl.DataFrame:
    columns = {**LABEL, "transaction_id": pl.col("transaction_id")}
    if "source" in frame.columns:
        columns |= {"label": pl.col("said"), "source": pl.col("source")}
    return table(frame, columns).collect()
