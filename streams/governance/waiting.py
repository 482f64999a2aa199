"""What waits for a second approver, and the policy in force, by the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models.approval import HOUR_MS
from models.learn_policy import LearnPolicy
from models.policy_changes import SETTINGS, changed, current
from streams.history.moments import iso

Entry = Mapping[str, Any]


def policy_of(entries: Sequence[Entry]) -> LearnPolicy:
    """The learner's policy after the last entry: the defaults, and what commands changed."""
    found = entries[-1]["policy"] if entries else {}
    return changed(LearnPolicy(), {name: json.loads(value) for name, value in found.items()})


def settings(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Every setting with its value, its default and meaning; who set it last, when and why."""
    values, defaults = current(policy_of(entries)), current(LearnPolicy())
    return [
        {"name": name, "value": values[name], "default": defaults[name],
         "meaning": SETTINGS[name].meaning, "set_by": _set_by(entries, name)}
        for name in SETTINGS
    ]  # fmt: skip


def _set_by(entries: Sequence[Entry], name: str) -> dict[str, Any] | None:
    before: str | None = None
    found = None
    for one in entries:
        value = one["policy"].get(name)
        if value != before:
            kept = {key: one[key] for key in ("number", "actor", "what")}
            before, found = value, kept | {"at": iso(one["at"])}
    return found


def waiting(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The commands that nobody has approved yet, each with until when somebody can."""
    gone = {one["approves"] for one in entries}
    gone |= {one["command_id"] for one in entries if one["result"] == "EXPIRED"}
    patience = round(policy_of(entries).approval.hours * HOUR_MS)
    return [
        {"command_id": one["command_id"], "kind": one["kind"], "actor": one["actor"],
         "issued": iso(one["at"]), "until": iso(one["at"] + patience), "entry": one["number"],
         "what": one["what"]}
        for one in entries
        if one["result"] == "WAITING" and one["command_id"] not in gone
    ]  # fmt: skip
