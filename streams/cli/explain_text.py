"""What `fraud explain` prints without `--json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.rules_text import money

SHOWN = 12
Data = Mapping[str, Any]


def described(found: Data) -> str:
    """The decision on a screen or two: the largest contributions, rules that fired, changes."""
    sections = (_decision, _model, _rules, _windows, _changes, _afterwards)
    return "\n".join(line for section in sections for line in section(found))


def _decision(found: Data) -> Iterator[str]:
    from streams.history.force import ref  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.moments import iso  # noqa: PLC0415

    amount = money(found["amount_minor"], found["currency"])
    of = f"transaction {found['transaction_id']}, {amount}, {iso(found['event_time'])}"
    yield f"{found['decision']}  {of}"
    yield f"card {found['card_id']}, terminal {found['terminal_id']}" + _marks(found)
    versions = f"model {ref(found['model']) or 'none'}, rules {ref(found['ruleset'])}"
    yield f"score {found['score']:.6g}, threshold {found['threshold']:.6g}; {versions}"
    record = found["on_record"]
    whole = "whole" if record["intact"] else "ALTERED: its fingerprint does not fit its bytes"
    yield f"on record: partition {record['partition']}, offset {record['offset']}, {whole}"
    for reason in found["reasons"]:
        yield f"  {reason['code']}: {reason['text']}"


def _marks(found: Data) -> str:
    return "".join(f", {name}" for name in ("late", "incomplete") if found[name])


def _model(found: Data) -> Iterator[str]:
    parts = found["model_parts"]
    if parts is None:
        yield "no model was in force: rules alone decided"
        return
    yield f"log-odds {parts['log_odds']:+.4f} = bias {parts['bias']:+.4f} + contributions"
    yield f"  ({parts['method']})"
    for one in parts["contributions"][:SHOWN]:
        value = "unknown" if one["value"] is None else f"{one['value']:.6g}"
        yield f"  {one['log_odds']:+9.4f}  {one['feature']} {value}"
    others = parts["contributions"][SHOWN:]
    if others:
        yield f"  {sum(one['log_odds'] for one in others):+9.4f}  {len(others)} others"


def _rules(found: Data) -> Iterator[str]:
    for rule in found["rules"]:
        if not rule["fired"]:
            continue
        shadow = " (shadow)" if rule["shadow"] else ""
        yield f"rule {rule['code']} fired{shadow}: {rule['action']}, {rule['text']}"
        for test in rule["comparisons"]:
            alone = ", decides alone" if test["decisive"] else ""
            yield f"  {test['text']}: {test['value']}{alone}"
    quiet = sum(not rule["fired"] for rule in found["rules"])
    yield f"{quiet} rules did not fire"


def _windows(found: Data) -> Iterator[str]:
    proof = found["rederived"]
    if proof is None:
        yield "the activity is gone from the log: windows cannot be shown"
        return
    for name, window in found["windows"].items():
        events = window["events"]
        newest = f", newest {', '.join(events[:3])}" if events else ""
        yield f"window {name}: {len(events)} transactions{newest}"
    odd = [entity for entity, same in proof.items() if not same]
    if odd:
        yield f"events are missing: the log no longer gives the features of {' and '.join(odd)}"


def _changes(found: Data) -> Iterator[str]:
    change = found["would_change"]
    yield "another decision would have come"
    for name in ("threshold", "decline_threshold"):
        far = change["score"][f"to_{name}"]
        if far is not None:
            bound = f"{name.replace('_', ' ')} {change['score'][name]:.6g}"
            yield f"  at the {bound}: {far:+.4f} log-odds from here"
    for code, outcome in change["without_rule"].items():
        same = " (the same)" if outcome["decision"] == found["decision"] else ""
        yield f"  without {code}: {outcome['decision']}{same}"
    for one in change["nearest"][:SHOWN]:
        yield f"  {one['feature']} {one['value']:.6g} -> {one['instead']:.6g}: {one['decision']}"
    for one in change["unknown"][:SHOWN]:
        yield f"  {one['feature']} {one['value']:.6g} -> unknown: {one['decision']}"


def _afterwards(found: Data) -> Iterator[str]:
    from streams.history.moments import iso  # noqa: PLC0415 - keeps `--help` quick

    for label in found["labels"]:
        yield f"label {label['label']} by {label['source']}, observed {iso(label['observed_at'])}"
    for outcome in found["outcomes"]:
        presumed = ", presumed" if outcome["presumed"] else ""
        yield f"learned as {outcome['label']} ({outcome['source']}{presumed})"
    if not found["labels"] and not found["outcomes"]:
        yield "no label yet"
