"""What a table of labels says: how late they come, how long to wait, where they disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from models.join import TRUSTED
from models.windows.spec import DAY_MS
from streams.profile.delays import (
    QUANTILES,
    Days,
    Distribution,
    corrected,
    labelled_by,
    seen,
)

Found = dict[str, Any]
SHARE = 0.99
"""A maturity by which this share of the frauds is known: of a hundred frauds one is learned as
legitimate first, and corrected when its label comes. Waiting for the last one would make every
honest transaction wait as long."""
FEW_FRAUDS = 100
"""Below so many delays their 99 % quantile is the largest one or two: too few to go by."""
EXAMPLES = 5
CURVE_DAYS = 180
_NEEDED = ("label_id", "transaction_id", "label", "source", "observed_at", "supersedes")
_VERDICT = pl.col("label").is_in(["FRAUD", "LEGITIMATE"])
_RANKS = {name: rank for rank, name in enumerate(TRUSTED)}
_TRUST = pl.col("source").replace_strict(_RANKS, default=-1, return_dtype=pl.Int8).alias("trust")


class Joined(NamedTuple):
    """Labels with `happened`, their transaction's event time (null: none); and the file's end."""

    labels: pl.DataFrame
    transactions: pl.DataFrame
    end: int


def join(transactions: pl.DataFrame, labels: pl.DataFrame) -> Joined:
    """Give each label its transaction's time. The file ends with the last event or label."""
    first = transactions.select("transaction_id", "event_time").drop_nulls()
    first = first.unique("transaction_id", keep="first", maintain_order=True)
    happened = first.rename({"event_time": "happened"})
    needed = labels.select(_NEEDED)
    found = needed.join(happened, on="transaction_id", how="left", maintain_order="left")
    last = [table["event_time"].max() for table in (first,)] + [labels["observed_at"].max()]
    end = max((time for time in last if isinstance(time, int)), default=0)
    return Joined(found, first, end)


def verdicts(joined: Joined) -> pl.DataFrame:
    """The verdict that stands for each transaction: `transaction_id`, `fraud`.

    The latest by `observed_at`, of those observed together the most trusted source's, that no
    other label supersedes, as the stream's join decides.
    """
    known = joined.labels.filter(_VERDICT & pl.col("happened").is_not_null())
    beaten = known["supersedes"].drop_nulls().unique()
    if len(beaten):
        known = known.filter(~pl.col("label_id").is_in(beaten.implode()))
    needed = known.select("transaction_id", "label", "observed_at", _TRUST)
    ordered = needed.sort("observed_at", "trust", maintain_order=True)
    latest = ordered.unique("transaction_id", keep="last")
    return latest.select("transaction_id", (pl.col("label") == "FRAUD").alias("fraud"))


def summary(joined: Joined) -> Found:
    """Everything about the labels but the fraud rate."""
    labels = joined.labels
    orphans = labels.filter(pl.col("happened").is_null())
    counted = dict(labels["label"].value_counts(sort=True).iter_rows())
    early = labels.filter(pl.col("observed_at") < pl.col("happened"))
    sources = [_of_source(joined, name) for name in labels["source"].unique().sort()]
    return {
        "count": len(labels),
        "by_label": {str(name): number for name, number in counted.items()},
        "without_transaction": len(orphans),
        "without_transaction_examples": orphans["transaction_id"].head(EXAMPLES).to_list(),
        "before_transaction": len(early),
        "repeated_ids": int(labels["label_id"].is_duplicated().sum()),
        "disagreeing": disagreeing(joined),
        "sources": sources,
        "labelled_by_day": curve(joined),
        "maturity": maturity(joined, ""),
        "label_days": label_days(sources),
    }


def label_days(sources: Sequence[Found]) -> dict[str, tuple[float, float]]:
    """The setting FRAUD_LABEL_DAYS: by source the days to half of its frauds, and its maturity."""
    return {
        one["source"]: (one["maturity"]["half_within"], float(one["maturity"]["days"]))
        for one in sources
        if one["source"] is not None and one["maturity"]["days"] is not None
    }


def disagreeing(joined: Joined) -> Found:
    """Transactions that were called both: how many, and between which sources."""
    known = joined.labels.filter(_VERDICT)
    both = known.filter(pl.col("label").n_unique().over("transaction_id") > 1)
    called = both.group_by("transaction_id", maintain_order=True).agg(
        pl.col("source").unique().sort().str.join(" / ")
    )
    pairs = called["source"].value_counts(sort=True)
    examples = called["transaction_id"].head(EXAMPLES).to_list()
    return {"transactions": len(called), "sources": dict(pairs.iter_rows()), "examples": examples}


def _of_source(joined: Joined, source: str | None) -> Found:
    mine = joined.labels.filter(pl.col("source").eq_missing(pl.lit(source)))
    frauds = mine.filter(pl.col("label") == "FRAUD")
    part = joined._replace(labels=mine)
    return {
        "source": source,
        "labels": len(mine),
        "frauds": len(frauds),
        "delay_days": _quantiles(seen(_delays(mine))),
        "fraud_delay_days": _quantiles(seen(_delays(frauds))),
        "maturity": maturity(part, f"{source} "),
        "histogram": _histogram(_delays(mine)),
    }


def _first(labels: pl.DataFrame) -> pl.DataFrame:
    known = labels.filter(pl.col("happened").is_not_null() & pl.col("observed_at").is_not_null())
    ordered = known.sort("observed_at", maintain_order=True)
    return ordered.unique("transaction_id", keep="first", maintain_order=True)


def _delays(labels: pl.DataFrame) -> Days:
    late = (pl.col("observed_at") - pl.col("happened")) / DAY_MS
    found = labels.select(late.alias("days"))["days"].drop_nulls().to_numpy()
    return np.maximum(np.asarray(found, dtype=np.float64), 0.0)


def _quantiles(found: Distribution) -> Found:
    if not len(found.delays):
        return {}
    quantiles = {str(share): round(found.quantile(share), 3) for share in QUANTILES}
    return quantiles | {"max": round(float(found.delays[-1]), 3)}


def _histogram(delays: Days) -> list[tuple[float, int]]:
    """Up to 60 bars of whole days: (first day of the bar, labels)."""
    if not len(delays):
        return []
    width = max(math.ceil((float(delays.max()) + 1) / 60), 1)
    counts = np.bincount((delays // width).astype(np.int64))
    return [(float(at * width), int(number)) for at, number in enumerate(counts)]


def curve(joined: Joined) -> list[Found]:
    """By days since the transaction: the share labelled by then, of those that are that old."""
    first = _first(joined.labels.filter(_VERDICT)).select("transaction_id", "observed_at")
    table = joined.transactions.join(first, on="transaction_id", how="left")
    ages = (joined.end - table["event_time"].to_numpy()) / DAY_MS
    late = (table["observed_at"] - table["event_time"]).cast(pl.Float64) / DAY_MS
    delays = np.maximum(late.fill_null(float("nan")).to_numpy(), 0.0)
    last = int(min(CURVE_DAYS, ages.max())) if len(ages) else -1
    days = np.arange(last + 1, dtype=np.float64)
    shares = labelled_by(days, delays, ages)
    known = ~np.isnan(shares)
    pairs = zip(days[known].tolist(), shares[known].tolist(), strict=True)
    return [{"day": int(day), "share": share} for day, share in pairs]


def maturity(joined: Joined, whose: str) -> Found:
    """How long to wait before an unlabelled transaction is presumed legitimate, and why."""
    frauds = _first(joined.labels.filter(pl.col("label") == "FRAUD"))
    delays = _delays(frauds)
    if not len(delays):
        return {"days": None, "reason": f"no {whose}fraud label to measure by", "cautions": []}
    ages = np.maximum((joined.end - frauds["happened"].to_numpy()) / DAY_MS, delays)
    all_of_them = corrected(delays, ages)
    plain, whole = seen(delays).quantile(SHARE), all_of_them.quantile(SHARE)
    days = math.ceil(max(plain, whole))
    return {
        "days": days,
        "half_within": round(all_of_them.quantile(0.5), 2),
        "seen_quantile": round(plain, 3),
        "corrected_quantile": round(whole, 3),
        "reason": f"{SHARE:.0%} of the {whose}frauds' first labels come within {plain:.1f} days "
        f"as seen, {whole:.1f} days corrected for labels still to come; the longer, rounded up",
        "cautions": cautions(days, plain, whole, delays, ages),
    }


def cautions(days: int, plain: float, whole: float, delays: Days, ages: Days) -> list[str]:
    """What the figure cannot know, where that matters."""
    found, oldest = [], float(ages.max())
    if len(delays) > 1 and delays.min() == delays.max():
        found.append(
            f"every fraud's label comes after exactly {delays[0]:g} days: a constant of the file "
            "or of the mapping's label_delay_days, nothing that was measured"
        )
    if len(delays) < FEW_FRAUDS:
        found.append(f"only {len(delays)} frauds are labelled: below {FEW_FRAUDS} this is a guess")
    if days > oldest / 2:
        found.append(
            f"the oldest labelled fraud is {oldest:.0f} days old at the end of the file, so a "
            "delay beyond that cannot be seen: take the card scheme's limit (often 120 days) "
            "where it is longer"
        )
    if whole > plain * 1.1:
        young = float((ages < whole).mean())
        found.append(
            f"the file ends before all labels came ({young:.0%} of the labelled frauds are younger "
            f"than {whole:.0f} days): quantiles as seen are too short"
        )
    return found
