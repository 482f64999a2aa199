"""The profile in words, a subject a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Found = dict[str, Any]
_CURRENCIES = 5  # in words; the JSON has all


def text(found: Found) -> str:
    """The object of `fraud profile --json` for a terminal."""
    if not found["rows"]:
        return f"{found['file']}: no rows"
    return "\n".join([*_said(found), *_wrong(found), *_said_of_labels(found["labels"])])


def _said(found: Found) -> Iterator[str]:
    period, cards, terminals = found["period"], found["cards"], found["terminals"]
    yield f"{found['rows']:,} transactions, {period['first']} to {period['last']}"
    yield (
        f"{cards['count']:,} cards ({cards['active_a_day']['mean'] or 0:,.0f} a day), "
        f"{terminals['count']:,} terminals ({terminals['active_a_day']['mean'] or 0:,.0f} a day)"
    )
    for one in found["amounts"][:_CURRENCIES]:
        quantiles = one["quantiles"]
        yield (
            f"amounts in {one['currency']}: median {quantiles['0.5'] / 100:,.2f}, "
            f"99 % below {quantiles['0.99'] / 100:,.2f}, largest {one['max'] / 100:,.2f}; "
            f"{one['outliers']:,} outliers{_fences(one)}"
        )


def _fences(one: Found) -> str:
    if one["fence_high"] is None:
        return " (half of the amounts are one and the same: no fence)"
    return f" below {one['fence_low'] / 100:,.2f} or above {one['fence_high'] / 100:,.2f}"


def _wrong(found: Found) -> Iterator[str]:
    columns = [*found["columns"], *found["label_columns"]]
    empty = [column["name"] for column in columns if column["missing_share"] == 1.0]
    if empty:
        yield f"empty columns: {', '.join(dict.fromkeys(empty))}"
    for column in columns:
        if column["name"] in empty:
            continue
        what = [
            f"{column[kind]:,} {words}"
            for kind, words in (
                ("missing", "missing"), ("unreadable", "unreadable"),
                ("pan_shaped", "shaped like card numbers: tokenise them"),
            )
            if column[kind]
        ]  # fmt: skip
        if what:
            yield f"column {column['name']}: {', '.join(what)}"
    again, times = found["duplicates"], found["times"]
    if again["same_content"] or again["other_content"]:
        yield (
            f"{again['same_content']:,} rows repeat an earlier one, {again['other_content']:,} use "
            "an earlier one's id for something else"
        )
    if found["unknown_currencies"]:
        counted = (f"{code} ({n:,})" for code, n in found["unknown_currencies"].items())
        yield f"currencies that are not in ISO 4217 (refused by the stream): {', '.join(counted)}"
    negative = sum(one["negative"] for one in found["amounts"])
    if negative:
        yield f"{negative:,} amounts below zero (refused by the stream)"
    if times["out_of_order"] or times["future"]:
        yield (
            f"{times['out_of_order']:,} out of order ({times['too_late']:,} by more than two days: "
            f"refused by the stream), {times['future']:,} from the future (refused)"
        )


def setting(labels: Found) -> str:
    """The line for a worker's environment."""
    return f"FRAUD_LABEL_DAYS='{json.dumps(labels['label_days'])}'"


def _said_of_labels(labels: Found | None) -> Iterator[str]:
    if labels is None:
        yield "no labels"
        return
    by_label = ", ".join(f"{number:,} {name}" for name, number in labels["by_label"].items())
    yield (
        f"{labels['count']:,} labels ({by_label}); {labels['without_transaction']:,} without "
        f"transaction, {labels['disagreeing']['transactions']:,} transactions with both verdicts"
    )
    if labels["before_transaction"]:
        yield f"{labels['before_transaction']:,} labels observed before their transaction"
    for source in labels["sources"]:
        if source["delay_days"]:
            delays = source["delay_days"]
            yield (
                f"{source['source']}: {source['labels']:,} labels, half within "
                f"{delays['0.5']:.1f} days, 99 % within {delays['0.99']:.1f}"
            )
    maturity = labels["maturity"]
    days = maturity["days"]
    yield f"suggested maturity: {'-' if days is None else f'{days} days'} ({maturity['reason']})"
    if labels["label_days"]:
        yield f"as a worker's setting: {setting(labels)}"
    yield from (f"caution: {caution}" for caution in maturity["cautions"])
