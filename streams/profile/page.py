"""The profile as one HTML page: tables and pictures, nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from streams.html_page import document, shown, table
from streams.profile.bars import bars
from streams.profile.words import setting
from streams.replay_plot import Line, plot

Found = dict[str, Any]


def page(found: Found) -> str:
    """The whole page for the object that `--json` prints."""
    parts = ["<h1>Profile</h1>", _overview(found), "<h2>Columns</h2>", _columns(found["columns"])]
    if found["label_columns"] and found["labels_file"] != found["file"]:
        parts += ["<h3>Of the labels</h3>", _columns(found["label_columns"])]
    if found["rows"]:
        parts += [*_transactions(found), *_amounts(found)]
        parts += _labels(found["labels"]) if found["labels"] else ["<p>No labels.</p>"]
    return document("Profile", parts)


def _overview(found: Found) -> str:
    period = found.get("period", {})
    rows = [
        ("transactions' file", found["file"]), ("labels' file", shown(found["labels_file"])),
        ("transactions", f"{found['rows']:,}"),
        ("first event", period.get("first")), ("last event", period.get("last")),
        ("days", shown(period.get("days"))),
    ]  # fmt: skip
    return table(("what", "found"), rows)


def _columns(columns: Sequence[Found]) -> str:
    heads = ("column", "becomes", "type", "missing", "share", "unreadable", "card numbers")
    rows = [
        (
            one["name"], ", ".join(one["fields"]) or "not used", one["type"],
            f"{one['missing']:,}", f"{one['missing_share']:.2%}", f"{one['unreadable']:,}",
            f"{one['pan_shaped']:,} {one['masked'] or ''}",
        )
        for one in columns
    ]  # fmt: skip
    return table(heads, rows)


def _transactions(found: Found) -> list[str]:
    again, times = found["duplicates"], found["times"]
    rows = [
        ("rows that repeat an earlier one", f"{again['same_content']:,}", "dropped"),
        ("rows with an earlier one's id, other content", f"{again['other_content']:,}", "refused"),
        ("out of order", f"{times['out_of_order']:,}", "scored as of their own time"),
        ("out of order by more than two days", f"{times['too_late']:,}", "refused"),
        ("from the future", f"{times['future']:,}", "refused"),
        ("unknown currencies", shown(found["unknown_currencies"] or "none"), "refused"),
    ]
    weeks = found["by_week"]
    volume = Line("transactions", [(w["week"], float(w["transactions"])) for w in weeks])
    rates = [(w["week"], 100.0 * w["fraud_rate"]) for w in weeks if w["fraud_rate"] is not None]
    return [
        "<h2>Transactions</h2>",
        table(("what", "rows", "the stream"), rows),
        table(("entity", "number", "active a day", "busiest"), [
            (name, f"{found[name]['count']:,}", shown(found[name]["active_a_day"]["mean"]),
             "; ".join(" ".join(map(str, one.values())) for one in found[name]["busiest"]))
            for name in ("cards", "terminals")
        ]),
        plot("Transactions by week", [volume] if weeks else []),
        plot("Fraud rate by week, %", [Line("fraud", rates)] if rates else []),
    ]  # fmt: skip


def _amounts(found: Found) -> list[str]:
    shares = list(found["amounts"][0]["quantiles"]) if found["amounts"] else []
    heads = (
        "currency", "count", *(f"{float(share):.1%}" for share in shares), "largest", "zero",
        "below 0", "outliers below", "or above", "outliers",
    )  # fmt: skip
    rows = [
        (
            one["currency"], f"{one['count']:,}",
            *(_money(one["quantiles"][share]) for share in shares), _money(one["max"]),
            f"{one['zero']:,}", f"{one['negative']:,}", _money(one["fence_low"]),
            _money(one["fence_high"]), f"{one['outliers']:,}",
        )
        for one in found["amounts"]
    ]  # fmt: skip
    examples = [
        (shown(e["transaction_id"]), shown(e["card_id"]), _money(e["amount_minor"]))
        for one in found["amounts"]
        for e in one["examples"]
    ]
    histogram = [(_money(low), number) for low, number in found["amount_histogram"]]
    parts = ["<h2>Amounts</h2>", table(heads, rows), bars("Amounts", histogram)]
    if examples:
        parts += [table(("outlier", "card", "amount"), examples)]
    return parts


def _labels(labels: Found) -> list[str]:
    maturity = labels["maturity"]
    heads = ("source", "labels", "frauds", "half within", "90 %", "99 %", "longest", "maturity")
    rows = [_source(one) for one in labels["sources"]]
    counts = [
        *((f"{name}", f"{number:,}") for name, number in labels["by_label"].items()),
        ("without transaction", f"{labels['without_transaction']:,}"),
        ("before their transaction", f"{labels['before_transaction']:,}"),
        ("transactions called both", shown(labels["disagreeing"]["transactions"])),
    ]
    points = [(one["day"], one["share"]) for one in labels["labelled_by_day"]]
    curve = [Line("labelled", points)] if points else []
    days = "none can be suggested" if maturity["days"] is None else f"{maturity['days']} days"
    return [
        "<h2>Labels</h2>", table(("labels", "number"), counts),
        table(heads, rows),
        *(
            bars(f"Days from transaction to label: {one['source']}",
                 [(f"{day:.0f}", number) for day, number in one["histogram"]])
            for one in labels["sources"]
        ),
        plot("Share of the transactions labelled, by days since (of those that are so old)", curve),
        f"<h2>Suggested maturity: {days}</h2><p>{escape(maturity['reason'])}.</p>",
        # Without a source the worker would refuse it.
        f"<p>As a worker's setting: <code>{escape(setting(labels))}</code></p>"
        if labels["label_days"]
        else "",
        *(f"<p><b>Caution:</b> {escape(caution)}.</p>" for caution in maturity["cautions"]),
    ]  # fmt: skip


def _source(one: Found) -> tuple[str, ...]:
    delays, days = one["delay_days"], one["maturity"]["days"]
    spread = (shown(delays.get(share)) for share in ("0.5", "0.9", "0.99", "max"))
    return (
        shown(one["source"]), f"{one['labels']:,}", f"{one['frauds']:,}", *spread, shown(days)
    )  # fmt: skip


def _money(minor: float | None) -> str:
    return shown(None) if minor is None else f"{minor / 100:,.2f}"
