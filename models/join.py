"""Labels, days late, find their decisions; a decision and its label make an outcome.

An outcome's id and bytes depend on the decision and the label alone, never on which came first or
how often, so consumers keep one by id. Of several labels for one transaction the later by
`observed_at` wins (equal times: the greater digest of the label's id); a label that names another
in `supersedes` beats that one whatever their times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from models.join_state import LABELS, MAX_WAITING, NO_DIGEST, JoinState, Pointer, Verdict, digest
from schemas.errors import ProcessingFailed

__all__ = [
    "RETENTION_MS", "JoinState", "Match", "Pointer", "expire", "match", "outcome", "remember",
    "terminal_outcome",
]  # fmt: skip

RETENTION_MS = 120 * 86_400_000
"""How long a decision waits for labels, in event time: card schemes allow chargebacks for 120 d."""

Kind = Literal["MATCHED", "REPEAT", "STALE", "INCONCLUSIVE", "ORPHAN", "REFUSED"]


class Match(NamedTuple):
    """What a label did.

    MATCHED: make an outcome from the decision at `pointer`. REPEAT: says what is known. STALE: a
    later label already stands. INCONCLUSIVE: teaches nothing. ORPHAN: kept until its decision
    comes. REFUSED: too many wait; dead-letter it as ORPHAN_LABEL. `pointer` is None unless MATCHED.
    """

    kind: Kind
    pointer: Pointer | None = None


def remember(
    state: JoinState,
    decision: Mapping[str, Any],
    partition: int,
    offset: int,
    retention_ms: int = RETENTION_MS,
) -> list[dict[str, Any]]:
    """Note where a decision is; returns the label that waited for it (none or one).

    Pointers older than the decision's event time by more than `retention_ms` are forgotten. A
    repeated decision changes nothing: the first position stands.
    """
    key = digest(decision["transaction_id"])
    state.forget(decision["event_time"] - retention_ms)
    if state.find(key) is None:
        state.add(key, partition, offset, decision["event_time"])
    if not state.waiting:
        return []
    return _release(state, decision["transaction_id"], key)


def match(state: JoinState, label: Mapping[str, Any]) -> Match:
    """Judge a label against what the card's join knows; keeps it where its decision is missing."""
    if label["label"] not in LABELS:
        return Match("INCONCLUSIVE")
    key = digest(label["transaction_id"])
    found = state.find(key)
    if found is None:
        return _wait(state, label)
    kind = _judge(state, key, label)
    if kind != "MATCHED":
        return Match(kind)
    return Match(kind, Pointer(label["transaction_id"], *found, state.verdicts[key].label))


def expire(state: JoinState, before: int) -> list[dict[str, Any]]:
    """Forget pointers and give up labels whose times lie below `before` (UTC ms).

    Returns the labels given up, oldest first: dead letters with ORPHAN_LABEL.
    """
    state.forget(before)
    gone = [label for label in state.waiting if label["observed_at"] < before]
    state.waiting = [label for label in state.waiting if label["observed_at"] >= before]
    return sorted(gone, key=_order)


def outcome(decision: Mapping[str, Any], label: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome of a decision under a label: what was seen and scored then, and the truth.

    Raises `ProcessingFailed` where the two are not of one transaction: the pointer is wrong.
    """
    if decision["transaction_id"] != label["transaction_id"]:
        raise ProcessingFailed(
            "join.outcome",
            expected=f"the decision of {label['transaction_id']}",
            came=decision["transaction_id"],
            todo="The join's pointer names another record: rebuild its state from the log.",
        )
    taken = {name: decision[name] for name in _FROM_DECISION}
    return {
        "outcome_id": _outcome_id(decision, label),
        "label_id": label["label_id"],
        "label": label["label"],
        "source": label["source"],
        "observed_at": label["observed_at"],
        "weight": 1.0,
        "decided_src": decision["src"],
        **taken,
    }


def terminal_outcome(found: Mapping[str, Any], src: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an outcome that terminals need, for `fraud.activity`."""
    return {"src": src, **{name: found[name] for name in _FOR_TERMINAL}}


_FROM_DECISION = (
    "transaction_id", "card_id", "terminal_id", "event_time", "amount_minor", "currency", "score",
    "threshold", "decision", "model", "feature_spec", "features",
)  # fmt: skip
_FOR_TERMINAL = (
    "outcome_id", "transaction_id", "card_id", "terminal_id", "label", "event_time", "observed_at",
)  # fmt: skip


def _judge(state: JoinState, key: bytes, label: Mapping[str, Any]) -> Kind:
    """Put a label in force if it wins."""
    now, mine = state.verdicts.get(key), digest(label["label_id"])
    names = digest(label["supersedes"]) if label["supersedes"] else NO_DIGEST
    new = Verdict(label["label"], label["observed_at"], mine, names)
    if now is not None and not _wins(new, now):
        return "REPEAT" if new.label == now.label else "STALE"
    state.verdicts[key] = new
    return "REPEAT" if now is not None and new.label == now.label else "MATCHED"


def _wins(new: Verdict, now: Verdict) -> bool:
    if new.superseded == now.label_digest:
        return True
    if now.superseded == new.label_digest:
        return False
    return (new.observed_at, new.label_digest) > (now.observed_at, now.label_digest)


def _wait(state: JoinState, label: Mapping[str, Any]) -> Match:
    if any(other["label_id"] == label["label_id"] for other in state.waiting):
        return Match("REPEAT")
    if len(state.waiting) >= MAX_WAITING:
        return Match("REFUSED")
    state.waiting.append(dict(label))
    return Match("ORPHAN")


def _release(state: JoinState, transaction_id: str, key: bytes) -> list[dict[str, Any]]:
    mine = [label for label in state.waiting if label["transaction_id"] == transaction_id]
    state.waiting = [label for label in state.waiting if label["transaction_id"] != transaction_id]
    won = [label for label in sorted(mine, key=_order) if _judge(state, key, label) == "MATCHED"]
    return won[-1:]


def _order(label: Mapping[str, Any]) -> tuple[int, bytes]:
    return label["observed_at"], digest(label["label_id"])


def _outcome_id(decision: Mapping[str, Any], label: Mapping[str, Any]) -> str:
    parts = ("outcome", decision["card_id"], decision["transaction_id"], label["label_id"])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
