"""What `fraud whatif` prints without `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.rules_text import money

_ROWS = (
    ("alerts a day", "alerts_per_day"),
    ("alerts", "alerts"),
    ("flagged", "flagged"),
    ("cards touched", "cards"),
    ("frauds caught", "frauds_caught"),
    ("value caught", "value_caught"),
    ("false positives", "false_positives"),
    ("precision", "precision"),
)


def compared(found: Mapping[str, Any]) -> str:
    """The diff: what was asked and folded, the two sides, the days, who moved, the limits."""
    return "\n".join(
        [
            *_head(found),
            *_sides(found["before"], found["after"]),
            *_days(found["by_day"]),
            *_moved("newly flagged", found["newly_flagged"]),
            *_moved("no longer flagged", found["no_longer_flagged"]),
            f"flagged otherwise: {found['flagged_otherwise']:,}",
            *_limits(found["limits"]),
        ]
    )


def _head(found: Mapping[str, Any]) -> list[str]:
    change = {k: v for k, v in found["change"].items() if v not in (None, [])}
    asked = ", ".join(f"{name} {_plain(value)}" for name, value in change.items())
    folded, baseline = found["folded"], found["baseline"]
    lines = [
        f"{asked or 'no change'}, from {found['from'] or 'the beginning'} to "
        f"{found['to'] or 'the end'}: {found['transactions']:,} transactions on {found['days']} "
        f"days, {found['frauds_known']:,} known frauds",
        f"folded for the windows alone: {folded['folded_only']:,} transactions and "
        f"{folded['terminal_outcomes']:,} outcomes; older than any window: "
        f"{folded['older_than_windows']:,}",
        f"as recorded: {baseline['equal']:,} of {baseline['decisions']:,} decisions come out "
        f"again, {baseline['differing']:,} DIFFER, {baseline['unrecorded']:,} not on the log yet",
    ]
    if baseline["differing"]:
        lines.append(
            f"NOT TO BE TRUSTED: {baseline['first_differing']} differs"
            + ("" if folded["from_the_beginning"] else "; the log has lost its beginning: --from")
        )
    return lines


def _sides(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    rows = [(title, _plain(before[key]), _plain(after[key])) for title, key in _ROWS]
    width = max(len(cell) for row in rows for cell in row[1:])
    head = f"{'':16} {'before':>{width}} {'after':>{width}}"
    return [head, *(f"{title:16} {one:>{width}} {two:>{width}}" for title, one, two in rows)]


def _days(days: list[dict[str, Any]]) -> list[str]:
    if len(days) < 2:
        return []
    return ["alerts by day", *(
        f"  {one['day']}  {one['alerts_before']:>6,} -> {one['alerts_after']:>6,}  "
        f"of {one['transactions']:,} transactions"
        for one in days
    )]  # fmt: skip


def _moved(title: str, moved: Mapping[str, Any]) -> list[str]:
    head = (
        f"{title}: {moved['count']:,}, of these {moved['frauds']:,} known frauds, "
        f"{_plain(moved['legitimate'])} known legitimate"
    )
    return [head, *(_example(one) for one in moved["examples"])]


def _example(one: Mapping[str, Any]) -> str:
    reasons = "; ".join(f"{reason['code']} {reason['text']}" for reason in one["reasons"])
    amount = money(one["amount_minor"], one["currency"])
    return (
        f"  {one['transaction_id']} card {one['card_id']} {one['time']} {amount} "
        f"{one['before']} -> {one['after']} ({one['truth'] or 'truth unknown'}): {reasons}"
    )


def _limits(limits: list[dict[str, Any]]) -> list[str]:
    return [
        f"{'kept  ' if one['kept'] else 'BROKEN'} {one['limit']} {one['stated']:g}: "
        f"found {_plain(one['found'])}"
        for one in limits
    ]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(money(amount, currency) for currency, amount in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool | str) or value is None:
        return "-" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
