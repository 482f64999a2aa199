"""A week in numbers for people who are not engineers: what was saved, what it cost, what is known.

Payments are counted in the week of their event time, and judged by what is known of them when the
report is made: made again later, it knows more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from models.control_share import estimate, on_record
from models.outcome import transaction_key
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.governance import told
from streams.governance.audit import Recorded
from streams.governance.outcomes import ACTIONS, Outcomes, Rows, Told, read_outcomes, standing
from streams.governance.weeks import day_of, named, starts, week_of, weeks_of
from streams.history.force import ref
from streams.history.log import Log
from streams.wire import codec

Report = dict[str, Any]
SHOWN_WEEKS = 8
"""The week and those before it, in the pictures."""
TAIL = 200
"""Decisions of each partition looked at for the newest event time: they come roughly in order."""
HELD = ("CHALLENGE", "DECLINE")


class Decided(NamedTuple):
    """A week's decisions by action, and the weights of the control share's, by transaction."""

    by_action: dict[str, int]
    control: dict[int, float]


class NothingDecided(FraudStreamsError):
    """The log has no decision to report on."""

    code = "NOTHING_DECIDED"
    advice = "Choose another week; `fraud publish` and `fraud worker hot` make decisions."


def report(log: Log, week: int | None = None, progress: Told = lambda _d, _a: None) -> Report:
    """The report of a week; None: the last that is over by the newest event time.

    Raises `NothingDecided` where no payment of the week is on record.
    """
    newest = newest_event(log)
    week = last_whole(newest) if week is None else week
    span = range(week - SHOWN_WEEKS + 1, week + 1)
    decided = decisions_by_week(log, span)
    if not decided[week].by_action:
        raise NothingDecided(f"week {named(week)}", expected="decisions", came="none on record")
    outcomes = read_outcomes(log, progress)
    return {
        "week": named(week),
        "from": day_of(starts(week)),
        "to": day_of(starts(week + 1) - 1),
        "over": newest >= starts(week + 1),
        "weeks": [in_week(one, decided[one], outcomes) for one in span if decided[one].by_action],
        "labels_until": _labels_until(outcomes),
        "drift": _in_week(told.drift_signals(log), week),
        "drift_open": told.still_fired(told.drift_signals(log)),
        "changes": _changes(Recorded(log), week),
    }


def newest_event(log: Log) -> int:
    """The latest event time decided; raises `NothingDecided` for an empty log."""
    newest = None
    for partition in range(topics.topic(topics.DECISIONS).partitions):
        end = log.end(topics.DECISIONS, partition)
        for record in log.read(topics.DECISIONS, partition, max(end - TAIL, 0), end):
            at = codec.decode(record.value or b"")[1]["event_time"]
            newest = at if newest is None else max(newest, at)
    if newest is None:
        raise NothingDecided(topics.DECISIONS, expected="decisions", came="none")
    return int(newest)


def last_whole(newest: int) -> int:
    """The last week that is over at a time."""
    return week_of(newest) - 1


def decisions_by_week(log: Log, span: range) -> dict[int, Decided]:
    """Decisions of each week, each transaction once.

    An event is decided after it happened, so what the log took in earlier is not read.
    """
    counts = {week: Decided({}, {}) for week in span}
    seen: set[int] = set()
    first = starts(span[0]) - told.SKEW_MS
    for _, body in told.records(log, topics.DECISIONS, "decision", first):
        week, key = week_of(body["event_time"]), transaction_key(body)
        if week in counts and key not in seen:
            seen.add(key)
            by_action, control = counts[week]
            by_action[body["decision"]] = by_action.get(body["decision"], 0) + 1
            if (share := on_record(body)).share:
                control[key] = share.weight
    return counts


def in_week(week: int, decided: Decided, outcomes: Outcomes) -> Report:
    """What was decided in a week, and what is known of it."""
    rows = standing(outcomes.rows[weeks_of(outcomes.rows["time"]) == week])
    held = np.isin(rows["action"], [ACTIONS.index(one) for one in HELD])
    reviewed, fraud = rows["action"] == ACTIONS.index("REVIEW"), rows["fraud"] == 1
    through, total = rows["action"] == ACTIONS.index("APPROVE"), sum(decided.by_action.values())
    chosen = {
        "stopped": held & fraud, "reviewed": reviewed & fraud, "missed": through & fraud,
        "false_declines": held & ~fraud,
    }  # fmt: skip
    return {
        "week": named(week),
        "monday": day_of(starts(week)),
        "decisions": total,
        "by_action": {name: decided.by_action.get(name, 0) for name in ACTIONS},
        "held": sum(decided.by_action.get(name, 0) for name in HELD),
        "held_known": int(held.sum()),
        **{name: _counted(rows[mask], outcomes) for name, mask in chosen.items()},
        "control": _control(rows, decided.control),
        "coverage": _coverage(rows, total, decided.control),
    }


def _counted(rows: Rows, outcomes: Outcomes) -> Report:
    """How many, and their value in minor units by currency. Frauds and held payments are never
    thinned, so that each counts once."""
    value = {
        currency: int(rows["amount"][rows["currency"] == number].sum())
        for number, currency in enumerate(outcomes.currencies)
        if (rows["currency"] == number).any()
    }
    return {"payments": len(rows), "minor_units": value}


def _control(rows: Rows, weights: Mapping[int, float]) -> Report | None:
    """What the control share tells of the model's declines; None where it let nothing through."""
    if not weights:
        return None
    known = [(weights[key], fraud) for key, fraud in rows[["key", "fraud"]].tolist()
             if key in weights]  # fmt: skip
    honest = estimate(weight for weight, fraud in known if not fraud)
    return {
        "let_through": len(weights), "known": len(known),
        "honest": sum(not fraud for _, fraud in known),
        "would_be_declines": estimate(weights.values())._asdict(),
        "false_declines": honest._asdict(),
    }  # fmt: skip


def _coverage(rows: Rows, total: int, control: Mapping[int, float]) -> Report:
    """Shares of the week's decisions: told by somebody, presumed at maturity, not known (yet).

    One of the control share is known of itself alone: those it stands for were declined.
    """
    presumed = rows["source"] == told.PRESUMED_AT
    labelled = int((~presumed).sum())
    thinned = presumed & ~np.isin(rows["key"], np.array([*control], dtype="<u8"))
    alone = int((presumed & ~thinned).sum())
    silent = min(float(rows["weight"][thinned].sum()) + alone, float(total - labelled))
    return {
        "labelled": labelled / total,
        "presumed": silent / total,
        "unknown": max(1.0 - (labelled + silent) / total, 0.0),
    }


def _labels_until(outcomes: Outcomes) -> str | None:
    times = outcomes.rows["observed"]
    return day_of(int(times.max())) if len(times) else None


def _in_week(signals: Iterable[Mapping[str, Any]], week: int) -> list[Report]:
    return [dict(one) for one in signals if week_of(one["event_time"]) == week]


def _changes(trail: Recorded, week: int) -> list[Report]:
    """What people and policy did in the week; versions published by cadence are left out."""
    kept = ("number", "kind", "result", "actor", "what")
    return [
        {name: one[name] for name in kept} | {"at": day_of(one["at"]), "model": ref(one["model"])}
        for one in trail.once
        if one["kind"] != "PUBLISH" and week_of(one["at"]) == week
    ]
