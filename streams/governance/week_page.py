"""A week's report as a document, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.rules_text import money
from streams.governance.blocks import Block, Bullets, Heading, Paragraph, Picture, Table
from streams.profile.bars import bars
from streams.replay_plot import Line, plot

Report = Mapping[str, Any]
SUBJECTS = {
    "score": "how risky payments look to the model",
    "label_rate": "how many labelled payments turn out to be fraud",
    "alert_rate": "how many payments are flagged",
}
WORDS = {
    "APPROVE": "let through", "REVIEW": "let through, shown to analysts",
    "CHALLENGE": "held until confirmed", "DECLINE": "declined",
}  # fmt: skip


def blocks(report: Report) -> list[Block]:
    """The whole document, for Markdown and HTML alike."""
    week = report["weeks"][-1]
    return [
        Heading(f"Fraud report, {report['from']} to {report['to']}", 1), *_summary(report, week),
        Heading("What was saved"), Paragraph(STOPPED), _values(week),
        *_pictures(report["weeks"]), Heading("Honest customers held up"),
        Paragraph(false_declines(week)), *map(Paragraph, control(week)),
        Heading("How much is known"), *_coverage(report, week),
        Heading("Drift: is the world still the one that was learned?"), *_drift(report),
        Heading("Who changed what"), *_changes(report), Heading("What was decided"),
        _decided(week), *_weeks(report["weeks"]),
    ]  # fmt: skip


STOPPED = (
    "A payment is stopped when it is declined or held until the customer confirms it. Payments "
    "shown to analysts went on: what they find saves the next one. Values are those of payments "
    "known to be fraud by now; what is not known yet is in none of the rows."
)


def _summary(report: Report, week: Report) -> list[Block]:
    stopped, missed = week["stopped"], week["missed"]
    share = week["held"] / week["decisions"]
    sentences = [
        f"{week['decisions']:,} payments were decided, and {week['held']:,} of them were held "
        f"({share:.2%}).",
        f"{_payments(stopped['payments'])} stopped were fraud, worth {value(stopped)}: this is "
        "what was saved.",
        f"{_payments(missed['payments'])} of fraud went through unseen, worth {value(missed)}.",
        false_declines(week),
        *control(week),
        f"The truth is known, or presumed after a long silence, for "
        f"{1.0 - week['coverage']['unknown']:.1%} of the payments.",
        drift(report),
    ]
    if not report["over"]:
        sentences.append("The week is not over: the numbers are those so far.")
    return [Heading("In short"), Bullets(sentences)]


def value(counted: Report) -> str:
    """An amount a currency, or nothing.

    >>> value({"payments": 2, "minor_units": {"EUR": 123456, "JPY": 700}})
    '1,234.56 EUR and 700 JPY'
    """
    found = [_grouped(money(n, name)) for name, n in sorted(counted["minor_units"].items())]
    return " and ".join(found) or "nothing"


def _grouped(text: str) -> str:
    amount, currency = text.split()
    whole, point, rest = amount.partition(".")
    return f"{int(whole):,}{point}{rest} {currency}"


def _payments(count: int) -> str:
    return "1 payment" if count == 1 else f"{count:,} payments"


def false_declines(week: Report) -> str:
    """How many of the held payments were honest, of those whose truth is known."""
    wrong, known = week["false_declines"], week["held_known"]
    if not known:
        return f"Of the {week['held']:,} held payments none is known to be fraud or honest yet."
    open_ = week["held"] - known
    said = (
        f"Of {known:,} held payments whose truth is known, {wrong['payments']:,} were honest "
        f"customers' ({wrong['payments'] / known:.1%}), worth {value(wrong)}."
    )
    return f"{said} Of {open_:,} more the truth is not known." if open_ > 0 else said


def control(week: Report) -> list[str]:
    """What was let through on purpose, and how many honest customers' declines that tells of."""
    found = week["control"]
    if found is None:
        return []
    wrong, known = found["false_declines"], found["known"]
    said = (
        f"{_payments(found['let_through'])} that the model would have declined went on, to learn "
        f"what such payments are; the truth is known for {known:,}"
    )
    if not known:
        return [f"{said}."]
    return [
        f"{said}, and {found['honest']:,} were honest customers'. So about {wrong['total']:,.0f} "
        f"(give or take {wrong['error']:,.0f}) of the {found['would_be_declines']['total']:,.0f} "
        "payments or so that the model alone would have declined were honest."
    ]


def drift(report: Report) -> str:
    """Whether something changed, in a sentence."""
    fired = sorted({one["subject"] for one in report["drift"] if one["state"] == "FIRED"})
    if not fired:
        return "Nothing unusual was noticed in how payments and labels look."
    return f"Something changed in {'; '.join(map(subject, fired))}."


def subject(name: str) -> str:
    """What a detector watches, for people.

    >>> subject("score"), subject("card_count_1d")
    ('how risky payments look to the model', 'card count 1d')
    >>> subject("alert_rate/mcc_group=54")
    'how many payments are flagged (mcc group 54)'
    """
    what, _, segment = name.partition("/")
    dimension, is_segment, word = segment.partition("=")
    if is_segment:  # after a rule's slash stands its code
        return f"{subject(what)} ({dimension.replace('_', ' ')} {word})"
    return SUBJECTS.get(name, name.replace("_", " "))


def _values(week: Report) -> Table:
    rows = [
        (said, f"{week[name]['payments']:,}", value(week[name]))
        for name, said in (
            ("stopped", "fraud stopped: saved"), ("reviewed", "fraud shown to analysts"),
            ("missed", "fraud let through unseen: lost"),
            ("false_declines", "honest payments held"),
        )
    ]  # fmt: skip
    return Table(("what", "payments", "value"), rows)


def _pictures(weeks: Sequence[Report]) -> list[Block]:
    stopped = [(week["monday"], week["stopped"]["payments"]) for week in weeks]
    found = [bars("Frauds stopped, by week", stopped)]
    both = ("stopped", "missed")
    currencies = {c for week in weeks for name in both for c in week[name]["minor_units"]}
    for currency in sorted(currencies):
        lines = [
            Line(said, [(at, _major(week, name, currency)) for at, week in enumerate(weeks)])
            for name, said in zip(both, ("saved", "lost"), strict=True)
        ]
        found.append(plot(f"{currency} saved and lost, by week from {weeks[0]['monday']}", lines))
    return [Picture(svg) for svg in found if svg]


def _major(week: Report, name: str, currency: str) -> float:
    """In the currency's own unit."""
    minor = week[name]["minor_units"].get(currency, 0)
    return float(money(minor, currency).split()[0])


def _coverage(report: Report, week: Report) -> list[Block]:
    known = week["coverage"]
    rows = [
        ("somebody told us", f"{known['labelled']:.1%}"),
        ("nobody complained in time: presumed honest", f"{known['presumed']:.1%}"),
        ("not known yet, or never to be known", f"{known['unknown']:.1%}"),
    ]
    last = report["labels_until"]
    said = "No label has come yet." if last is None else (
        f"Labels had come in until {last}. Those of this week go on coming: the later this report "
        "is made, the more it knows."
    )  # fmt: skip
    return [Paragraph(said), Table(("of the week's payments", "share"), rows)]


def _drift(report: Report) -> list[Block]:
    rows = [
        (subject(one["subject"]), one["state"].lower(), one["reference"], one["current"],
         one["severity"].lower())
        for one in report["drift"]
    ]  # fmt: skip
    found: list[Block] = [Paragraph(drift(report))]
    if rows:
        found.append(Table(("what", "signal", "before", "now", "how urgent"), rows))
    still = sorted({subject(one["subject"]) for one in report["drift_open"]})
    if still:
        found.append(Paragraph(f"Not back to what it was, by now: {'; '.join(still)}."))
    return found


def _changes(report: Report) -> list[Block]:
    rows = [
        (one["at"], one["actor"], one["kind"], one["result"], one["what"])
        for one in report["changes"]
    ]
    if not rows:
        return [Paragraph("Nobody changed models, rules or thresholds by hand, nor did policy.")]
    return [Table(("date", "who", "what", "result", "why"), rows)]


def _decided(week: Report) -> Table:
    rows = [
        (WORDS[name], f"{count:,}", f"{count / week['decisions']:.2%}")
        for name, count in week["by_action"].items()
    ]
    return Table(("payments", "number", "share"), rows)


def _weeks(weeks: Sequence[Report]) -> list[Block]:
    heads = ("week of", "payments", "held", "fraud stopped", "fraud missed", "honest held", "known")
    rows = [
        (one["monday"], f"{one['decisions']:,}", f"{one['held']:,}",
         f"{one['stopped']['payments']:,}", f"{one['missed']['payments']:,}",
         f"{one['false_declines']['payments']:,}", f"{1 - one['coverage']['unknown']:.1%}")
        for one in weeks
    ]  # fmt: skip
    return [Heading("The weeks before"), Table(heads, rows)]
