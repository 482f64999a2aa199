"""A model's card, made from the log: what it is for, what it learned, how it does, what it cannot.

After Mitchell et al., Model Cards for Model Reporting (2019). Nothing in it is written by hand, so
that it cannot fall behind: two people who read one log get the same card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.contest.protection import PRESUMED
from streams.governance import told
from streams.governance.audit import Recorded, concerning
from streams.governance.measured import by_segment, by_week, spread
from streams.governance.outcomes import ACTIONS, SOURCES, Outcomes, Rows, Told, read_outcomes
from streams.governance.weeks import day_of
from streams.history.force import in_force, ref
from streams.history.log import Log
from streams.history.versions import Version, Versions

Card = dict[str, Any]
SERIES = ("average_precision", "auc_roc", "card_precision", "calibration")
DAY_MS = 86_400_000


def card(log: Log, model: str, progress: Told = lambda _done, _all: None) -> Card:
    """The card of `NAME@VERSION`, or of the newest of `NAME`; raises `ModelUnknown`."""
    versions = Versions(log)
    version = versions.find(model)
    outcomes, trail = read_outcomes(log, progress), Recorded(log)
    rows = outcomes.of_model(version.manifest["name"])
    weeks = by_week(rows, version.number)
    fields = told.transaction_fields(log, set(rows["key"].tolist())) if len(rows) else {}
    return {
        **_identity(log, version),
        "data": data_window(outcomes.rows, version),
        "labels": label_sources(outcomes.rows, version),
        "metrics": version.manifest["metrics"],
        "history": [_published(one) for one in versions.of(version.manifest["name"])],
        "weeks": weeks,
        "spread": spread(weeks),
        "segments": by_segment(rows, outcomes, fields),
        "held_share": _held(outcomes),
        "drift": told.drift_signals(log),
        "approvals": [_change(one) for one in concerning(trail.once, version.manifest["name"])],
        "excluded": _excluded(trail),
        "audit_head": None if trail.head is None else str(trail.head),
        "audit_whole": not trail.check(),
    }


def _identity(log: Log, version: Version) -> Card:
    manifest, marker = version.manifest, in_force(log)
    champion = None if marker is None else marker["model"]
    return {
        "model": version.ref,
        "name": manifest["name"],
        "version": version.number,
        "kind": manifest["kind"],
        "parent": manifest["parent"],
        "threshold": manifest["threshold"],
        "decides": ref(champion),
        "in_force": ref(champion) == version.ref,
        "river_version": manifest["river_version"],
        "platform": manifest["platform"],
        "feature_spec": manifest["feature_spec"],
        "logic_version": told.logic_version(log),
        "sha256": manifest["sha256"],
        "payload_bytes": version.payload_bytes,
    }


def learned_from(rows: Rows, version: Version) -> Rows:
    """The outcomes that a version had read."""
    first = version.manifest["trained_from"]
    low = version.number if first is None else first
    found: Rows = rows[(rows["offset"] >= low) & (rows["offset"] <= version.number)]
    return found


def data_window(rows: Rows, version: Version) -> Card:
    """From where to where it learned, in the log and in time, and of what."""
    mine, metrics = learned_from(rows, version), version.manifest["metrics"]
    presumed = mine["source"] == SOURCES.index(PRESUMED)
    times = {
        f"{end}_{name}": day_of(int(pick(mine[column])))
        for name, column in (("transaction", "time"), ("label", "observed"))
        for end, pick in (("first", np.min), ("last", np.max))
        if len(mine)
    }
    return {
        "first_offset": version.manifest["trained_from"],
        "last_offset": version.number,
        "outcomes": len(mine),
        **{name: int(metrics.get(name, 0)) for name in ("learned", "frauds", "corrected")},
        "presumed": int(presumed.sum()),
        "presumed_weight": float(mine["weight"][presumed].mean()) if presumed.any() else None,
        **times,
    }


def label_sources(rows: Rows, version: Version) -> list[Card]:
    """By source, how many labels it learned from, and the days from transaction to label."""
    mine, found = learned_from(rows, version), []
    for number, source in enumerate(SOURCES):
        theirs = mine[mine["source"] == number]
        if len(theirs):
            days = (theirs["observed"] - theirs["time"]) / DAY_MS
            middle, most, longest = np.quantile(days, (0.5, 0.9, 1.0)).tolist()
            frauds = int(theirs["fraud"].sum())
            found.append({
                "source": source, "labels": len(theirs), "frauds": frauds,
                "delay_days": {"half": middle, "nine_in_ten": most, "longest": longest},
            })  # fmt: skip
    return found


def _published(version: Version) -> Card:
    metrics = version.manifest["metrics"]
    measures = {name: metrics.get(name) for name in SERIES}
    return {"version": version.number, "learned": int(metrics.get("learned", 0)), **measures}


def _held(outcomes: Outcomes) -> float | None:
    """The share of outcomes whose payment had not been let through; None without outcomes."""
    if not len(outcomes.rows):
        return None
    held = np.isin(outcomes.rows["action"], [ACTIONS.index(a) for a in ("CHALLENGE", "DECLINE")])
    return float(held.mean())


def _change(entry: Mapping[str, Any]) -> Card:
    kept = {name: entry[name] for name in ("number", "kind", "result", "actor", "what", "offset")}
    return kept | {"at": day_of(entry["at"]), "model": ref(entry["model"])}


def _excluded(trail: Recorded) -> list[str]:
    """What was said about sources that teach nothing."""
    return [e["what"] for e in trail.once if e["kind"] == "EXCLUDE" and e["result"] == "DONE"]
