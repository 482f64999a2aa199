"""The sentences of a card: purpose, assumptions and limits, each from a number of the card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from models.contest.protection import PRESUMED
from models.decision import DecisionPolicy
from models.features import FEATURES
from models.provenance import PLATFORM, RIVER_VERSION, comparable
from models.windows.spec import LATENESS_MS
from streams.governance.measured import LEAST_FRAUDS
from streams.governance.told import still_fired

Card = Mapping[str, Any]
WEEKS_FOR_A_SPREAD = 8
CALIBRATED = (0.5, 2.0)
"""Frauds expected over frauds that came: the bounds that promotion asks for, too."""
DAY_MS = 86_400_000


def purpose(card: Card) -> list[str]:
    """What it is for, and what it is not for."""
    decides = f"{card['decides']} decides" if card["decides"] else "rules alone decide"
    role = "It decides at present" if card["in_force"] else f"At present {decides}"
    threshold, times = card["threshold"], math.exp(DecisionPolicy().decline_margin)
    line = "" if threshold is None else f", from a score of {threshold:.4g} on,"
    return [
        "Says of each card transaction, within milliseconds and from what is known at its own "
        "time, how likely it is fraud (0 to 1).",
        f"{role}; with it in force a transaction is looked at{line} or declined at {times:.0f} "
        "times those odds. Rules decide beside it, and the stricter of the two voices counts.",
        "It is meant for transactions of the kind in the data below. It does not say who committed "
        "a fraud, and is of no use for credit, employment, or any judgement of a person.",
    ]


def assumptions(card: Card) -> list[str]:
    """What must be true for its scores to mean what they say."""
    found = [
        "A transaction's features are those known at its own time, over windows of event time; a "
        f"transaction late by more than {LATENESS_MS // DAY_MS} days is refused.",
        "Each score is judged as it was when it decided, by the label that came later; nothing is "
        "scored again with what was learned since.",
        "Of several labels for one transaction the last one stands.",
    ]
    presumed = next((one for one in card["labels"] if one["source"] == PRESUMED), None)
    if presumed is not None:
        days, weight = presumed["delay_days"]["half"], card["data"]["presumed_weight"]
        found.append(
            f"Silence is an answer: what was let through and has no label after {days:.0f} days "
            f"counts as legitimate, each standing for {weight:.3g} alike."
        )
    return found


def limits(card: Card) -> list[str]:
    """What the card cannot vouch for, from its own numbers; never empty."""
    return [*_of_evidence(card), *_of_data(card), *_of_today(card)] or [
        "None that its own numbers show. They show what came, not what did not."
    ]


def _of_evidence(card: Card) -> Iterator[str]:
    weeks = [week for week in card["weeks"] if week["frauds"] >= LEAST_FRAUDS]
    if not card["weeks"]:
        yield (
            "It has never decided, or no label came for what it decided: only the measures that "
            "the learner took beside the champion's decisions are known."
        )
    elif len(weeks) < WEEKS_FOR_A_SPREAD:
        yield (
            f"{len(weeks)} of {len(card['weeks'])} weeks have {LEAST_FRAUDS} frauds or more: the "
            f"spread says little below {WEEKS_FOR_A_SPREAD} such weeks."
        )
    low, high = CALIBRATED
    off = [week["week"] for week in weeks if not low <= (week["calibration"] or 0.0) <= high]
    if off:
        yield (
            f"In {len(off)} of {len(weeks)} weeks the scores expected less than half or more than "
            f"twice the frauds that came ({', '.join(off[:5])}): take them as a ranking there."
        )
    small = [f"{one['segment']} {one['value']}" for one in card["segments"]
             if one["frauds"] < LEAST_FRAUDS]  # fmt: skip
    if small:
        yield (
            f"Not judged for want of {LEAST_FRAUDS} frauds: {'; '.join(small[:8])}"
            f"{f' and {len(small) - 8} more' if len(small) > 8 else ''}."
        )


def _of_data(card: Card) -> Iterator[str]:
    data = card["data"]
    if data["presumed"]:
        share = data["presumed"] / data["outcomes"]
        yield (
            f"{share:.0%} of the outcomes it read were presumed legitimate, looked at by nobody: "
            "frauds that no one reports are learned as legitimate."
        )
    if card["held_share"]:
        yield (
            f"{card['held_share']:.2%} of the outcomes are of payments that were held. Of a held "
            "payment silence says nothing, so those that nobody looks into teach nothing."
        )
    yield from (f"A source was left out or taken back in: {said}." for said in card["excluded"])


def _of_today(card: Card) -> Iterator[str]:
    fired = still_fired(list(card["drift"]))
    if fired:
        subjects = ", ".join(f"{one['subject']} ({one['detector']})" for one in fired)
        yield f"Drift was signalled and has not been seen to end: {subjects}."
    if card["feature_spec"] != FEATURES.spec_hash:
        yield (
            f"Its features are of specification {card['feature_spec']}; this installation computes "
            f"{FEATURES.spec_hash} and does not apply it."
        )
    if not comparable(card["river_version"], card["platform"]):
        yield (
            f"River {card['river_version']} on {card['platform'] or 'a platform unknown'} made it; "
            f"a rebuild under River {RIVER_VERSION} on {PLATFORM} need not have the same hash."
        )
    if not card["audit_whole"]:
        yield "The audit trail is broken: what it says below may be false. See `fraud audit`."
