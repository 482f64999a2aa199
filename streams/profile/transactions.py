"""What a table of transactions says of itself: amounts, repeats, order, cards and terminals."""

from __future__ import annotations

from datetime import UTC, datetime
from math import expm1
from typing import Any

import polars as pl

from models.windows.digests import CONTENT
from models.windows.spec import DAY_MS, FUTURE_MS, LATENESS_MS
from producers.survey import ATTRIBUTE
from schemas.currencies import CURRENCIES

Found = dict[str, Any]
FENCE = 3.0
"""Tukey's outer fences (Exploratory Data Analysis, 1977): three quartile ranges beyond the
quartiles, of the amounts' logarithms, because amounts are skewed: on their own scale the fence
would call every twentieth honest payment an outlier."""
EXAMPLES = 5
_SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
_DAY = pl.col("event_time") // DAY_MS
_LOG = pl.col("amount_minor").clip(lower_bound=0).log1p()


def period(table: pl.DataFrame) -> Found:
    """First and last event time, and the days between."""
    first, last = table["event_time"].min(), table["event_time"].max()
    if not isinstance(first, int) or not isinstance(last, int):
        return {"first": None, "last": None, "days": 0.0}
    return {"first": iso(first), "last": iso(last), "days": round((last - first) / DAY_MS, 3)}


def iso(time: int) -> str:
    """UTC milliseconds as ISO 8601; as the number where the calendar does not reach.

    >>> iso(0)
    '1970-01-01T00:00:00+00:00'
    """
    try:
        return datetime.fromtimestamp(time / 1_000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(time)


def amounts(table: pl.DataFrame) -> list[Found]:
    """A currency's amounts, in minor units: quantiles, fences, and what lies beyond them."""
    needed = table.select("transaction_id", "card_id", "amount_minor", "currency")
    known = needed.filter(pl.col("amount_minor").is_not_null())
    parts = known.partition_by("currency", maintain_order=True) if len(known) else []
    found = [_of_currency(part) for part in parts]
    return sorted(found, key=lambda one: -one["count"])


def _of_currency(part: pl.DataFrame) -> Found:
    amount = part["amount_minor"]
    fences = _fences(part)
    low, high = fences or (0.0, float("inf"))
    beyond = part.filter((amount < low) | (amount > high))
    usual = amount.clip(lower_bound=0).log1p().median()
    beyond = beyond.sort((_LOG - usual).abs(), descending=True, maintain_order=True)
    shown = beyond.head(EXAMPLES).select("transaction_id", "card_id", "amount_minor")
    return {
        "currency": part["currency"][0],
        "count": len(part),
        "mean": amount.mean(),
        "min": amount.min(),
        "max": amount.max(),
        "quantiles": {str(share): amount.quantile(share) for share in _SHARES},
        "zero": int((amount == 0).sum()),
        "negative": int((amount < 0).sum()),
        "fence_low": fences and round(low, 2),
        "fence_high": fences and round(high, 2),
        "outliers": len(beyond),
        "examples": shown.to_dicts(),
    }


def _fences(part: pl.DataFrame) -> tuple[float, float] | None:
    """None where half of the amounts are one and the same: any other would be an outlier."""
    logs = part.select(_LOG)["amount_minor"]
    lower, upper = logs.quantile(0.25), logs.quantile(0.75)
    if lower is None or upper is None or lower == upper:
        return None
    reach = FENCE * (upper - lower)
    return max(expm1(lower - reach), 0.0), expm1(upper + reach)


def duplicates(table: pl.DataFrame) -> Found:
    """Ids that come again: with the same content (a repeat) or another (a conflict).

    The stream drops a repeat and refuses a conflict: the first content stands.
    """
    ids = pl.col("transaction_id")
    again = table.filter(ids.is_duplicated() & ids.is_not_null())
    content = [*CONTENT, *(name for name in table.columns if name.startswith(ATTRIBUTE))]
    contents = again.unique(["transaction_id", *content], maintain_order=True)
    kinds = contents.group_by("transaction_id", maintain_order=True).len("contents")
    conflicts = kinds.filter(pl.col("contents") > 1)
    return {
        "same_content": len(again) - len(contents),
        "other_content": int((kinds["contents"] - 1).sum()) if len(kinds) else 0,
        "conflicting_ids": len(conflicts),
        "examples": conflicts["transaction_id"].head(EXAMPLES).to_list(),
    }


def unknown_currencies(table: pl.DataFrame) -> dict[str, int]:
    """Currencies that are not in ISO 4217, with their rows."""
    counted = table["currency"].drop_nulls().value_counts(sort=True)
    return {code: n for code, n in counted.iter_rows() if code not in CURRENCIES}


def order(table: pl.DataFrame, now_ms: int) -> Found:
    """Times against the file's order, which is the order of arrival, and against the clock.

    `too_late` come after one that is newer by more than the stream's lateness, which refuses them;
    `future` are ahead of their arrival, or of `now_ms` (UTC ms), by more than the stream's skew.
    """
    time, arrival = pl.col("event_time"), pl.col("arrival")
    ahead = (time > arrival.fill_null(now_ms) + FUTURE_MS) | (time > now_ms + FUTURE_MS)
    times = table.select("event_time", "arrival").filter(time.is_not_null())
    believed = times.filter(~ahead)
    back = believed.select((time.cum_max() - time).alias("ms"))["ms"]
    return {
        "out_of_order": int((back > 0).sum()),
        "furthest_back_ms": int(back.max() or 0),  # type: ignore[arg-type]  # of integers
        "too_late": int((back > LATENESS_MS).sum()),
        "lateness_ms": LATENESS_MS,
        "future": len(times) - len(believed),
    }


def entities(table: pl.DataFrame, column: str) -> Found:
    """How many cards (or terminals) there are, how many a day, and how busy they are."""
    known = table.select(column, _DAY.cast(pl.Int32, strict=False).alias("day")).drop_nulls()
    daily = known.group_by(pl.col(column).cast(pl.Categorical), "day").len("transactions")
    active = daily.group_by("day").len("active")["active"]
    busiest = known.group_by(column).len("transactions").top_k(EXAMPLES, by="transactions")
    return {
        "count": known[column].n_unique(),
        "active_a_day": {"mean": active.mean(), "min": active.min(), "max": active.max()},
        "transactions_on_an_active_day": {
            str(share): daily["transactions"].quantile(share) for share in (0.5, 0.99, 1.0)
        },
        "busiest": busiest.sort("transactions", descending=True).to_dicts(),
    }


def attributes(table: pl.DataFrame) -> list[Found]:
    """The numeric signals of the mapping: how often present, and their quantiles."""
    found = []
    for name in table.columns:
        if name.startswith(ATTRIBUTE):
            signal = table[name].drop_nulls()
            quantiles = {str(share): signal.quantile(share) for share in (0.01, 0.5, 0.99)}
            shown = name.removeprefix(ATTRIBUTE)
            found.append({"name": shown, "present": len(signal), "quantiles": quantiles})
    return found
