"""A card as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.governance.blocks import Block, Bullets, Heading, Paragraph, Picture, Table
from streams.governance.card_words import assumptions, limits, purpose
from streams.governance.measured import LEAST_FRAUDS, MEASURES
from streams.history.moments import iso
from streams.html_page import shown
from streams.replay_plot import Line, plot

Card = Mapping[str, Any]
LATEST = 20
"""Signals, changes and versions that the document shows, the last ones; the JSON has all."""
NAMES = {
    "auc_roc": "AUC ROC", "average_precision": "average precision",
    "card_precision": "card precision", "value_caught": "value caught", "log_loss": "log loss",
    "alert_rate": "alert rate", "precision": "precision", "recall": "recall",
    "calibration": "calibration", "ece": "calibration error",
}  # fmt: skip
EXPLAINED = (
    "Ranking measures (AUC ROC, average precision; card precision and value caught at the "
    "analysts' daily budget) look at scores alone. Alert rate, precision and recall are those of "
    "the threshold in force. Calibration is frauds expected over frauds that came: 1 is right."
)


def blocks(card: Card) -> list[Block]:
    """The whole document, for Markdown and HTML alike."""
    return [
        Heading(f"Model card: {card['model']}", 1),
        *_purpose(card), *_data(card), *_labels(card), Heading("Assumptions"),
        Bullets(assumptions(card)), *_metrics(card), *_segments(card), Heading("Limits"),
        Bullets(limits(card)), *_drift(card), *_approvals(card), *_versions(card),
    ]  # fmt: skip


def _purpose(card: Card) -> list[Block]:
    return [Heading("Purpose"), *map(Paragraph, purpose(card))]


def _data(card: Card) -> list[Block]:
    data = card["data"]
    rows = [
        ("transactions", _span(data, "transaction")), ("labels observed", _span(data, "label")),
        ("offsets of fraud.outcomes", f"{shown(data['first_offset'])} to {data['last_offset']}"),
        ("outcomes read", f"{data['outcomes']:,}"), ("learned", f"{data['learned']:,}"),
        ("frauds among them", f"{data['frauds']:,}"),
        ("corrected later", f"{data['corrected']:,}"),
        ("presumed legitimate", f"{data['presumed']:,}"),
    ]  # fmt: skip
    return [Heading("Data window"), Table(("what", "value"), rows)]


def _span(data: Card, name: str) -> str:
    first = data.get(f"first_{name}")
    return shown(None) if first is None else f"{first} to {data[f'last_{name}']}"


def _labels(card: Card) -> list[Block]:
    heads = ("source", "labels", "frauds", "half within, days", "nine in ten", "longest")
    rows = [
        (one["source"], f"{one['labels']:,}", f"{one['frauds']:,}",
         *(_days(one["delay_days"][k]) for k in ("half", "nine_in_ten", "longest")))
        for one in card["labels"]
    ]  # fmt: skip
    found: Block = Table(heads, rows) if rows else Paragraph("No labels.")
    return [Heading("Label sources and delays"), found]


def _days(days: float) -> str:
    return f"{days:.2g}" if days < 1 else f"{days:.1f}"


def _metrics(card: Card) -> list[Block]:
    found: list[Block] = [Heading("Metrics"), Paragraph(EXPLAINED)]
    if card["spread"]:
        heads = ("measure", "mean", "standard deviation", "least", "most", "weeks")
        rows = [
            (NAMES[name], *(shown(one[k]) for k in ("mean", "sd", "least", "most", "weeks")))
            for name, one in card["spread"].items()
        ]
        said = f"Over its own decisions, by week of event time with {LEAST_FRAUDS} frauds or more:"
        found += [Paragraph(said), Table(heads, rows)]
    if card["weeks"]:
        found += [_weeks(card["weeks"]), *map(Picture, _pictures(card["weeks"]))]
    said = "As the learner measured it at publication, over the outcomes it remembers:"
    rows = [(NAMES[name], shown(card["metrics"][name])) for name in MEASURES
            if name in card["metrics"]]  # fmt: skip
    if rows:
        found += [Paragraph(said), Table(("measure", "value"), rows)]
    return found


WEEKLY = ("auc_roc", "average_precision", "card_precision", "precision", "recall", "calibration")


def _weeks(weeks: Sequence[Card]) -> Table:
    heads = ("week", "transactions", "by this version", "frauds", *(NAMES[n] for n in WEEKLY))
    rows = [
        (f"{one['week']} ({one['monday']})", f"{one['transactions']:,.0f}",
         f"{one['by_version']:,}", f"{one['frauds']:,}", *(shown(one.get(n)) for n in WEEKLY))
        for one in weeks
    ]  # fmt: skip
    return Table(heads, rows)


def _pictures(weeks: Sequence[Card]) -> list[str]:
    """A line a measure over the weeks, counted from the first."""
    found = []
    for group in (("auc_roc", "average_precision", "card_precision"), ("precision", "recall")):
        lines = []
        for name in group:
            points = [(at, w[name]) for at, w in enumerate(weeks) if w.get(name) is not None]
            lines += [Line(NAMES[name], points)] if points else []
        found.append(plot(f"By week from {weeks[0]['week']} on", lines))
    return found


def _segments(card: Card) -> list[Block]:
    if not card["segments"]:
        return []
    heads = ("segment", "value", "transactions", "frauds", *(NAMES[n] for n in SEGMENTED))
    rows = [
        (one["segment"], one["value"], f"{one['transactions']:,.0f}", f"{one['frauds']:,}",
         *(shown(one.get(n)) for n in SEGMENTED))
        for one in card["segments"]
    ]  # fmt: skip
    said = "Thinned outcomes count as often as their weight says."
    return [Heading("Segments"), Paragraph(said), Table(heads, rows)]


SEGMENTED = ("auc_roc", "average_precision", "alert_rate", "precision", "recall", "calibration")


def _drift(card: Card) -> list[Block]:
    signals = card["drift"]
    if not signals:
        return [Heading("Drift history"), Paragraph("No signal on record.")]
    heads = ("event time", "subject", "detector", "state", "before", "now", "severity")
    rows = [
        (iso(one["event_time"]), one["subject"], one["detector"], one["state"], one["reference"],
         one["current"], one["severity"])
        for one in signals[-LATEST:]
    ]  # fmt: skip
    said = f"{len(signals):,} signals on record, of everything watched; the last ones:"
    return [Heading("Drift history"), Paragraph(said), Table(heads, rows)]


def _approvals(card: Card) -> list[Block]:
    head = Heading("Approvals and promotions")
    if not card["approvals"]:
        return [
            head,
            Paragraph("It was never put in force, by anybody or by policy."),
        ]
    rows = [
        (str(one["number"]), one["at"], one["actor"], one["kind"], one["result"], one["what"])
        for one in card["approvals"][-LATEST:]
    ]
    return [head, Table(("entry", "date", "who", "what", "result", "why"), rows)]


def _versions(card: Card) -> list[Block]:
    rows = [
        ("kind", card["kind"]), ("parent", shown(card["parent"])),
        ("River", card["river_version"]), ("platform", card["platform"] or "not said"),
        ("feature specification", card["feature_spec"]),
        ("logic of decisions", shown(card["logic_version"])), ("SHA-256", card["sha256"]),
        ("payload, bytes", f"{card['payload_bytes']:,}"),
        ("head of the audit trail", shown(card["audit_head"])),
    ]  # fmt: skip
    heads = ("version", "learned", "average precision", "AUC ROC", "card precision", "calibration")
    series = [
        (str(one["version"]), f"{one['learned']:,}", *(shown(one[n]) for n in SERIES))
        for one in card["history"][-LATEST:]
    ]
    again = Paragraph(f"To make it again: fraud models rebuild --as-of {card['version']}")
    return [Heading("Versions"), Table(("what", "value"), rows), again, Table(heads, series)]


SERIES = ("average_precision", "auc_roc", "card_precision", "calibration")
