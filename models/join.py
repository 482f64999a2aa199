"""Labels, days late, find their decisions; a decision and its label make an outcome.

An outcome's id and bytes depend on the decision and the label alone, never on which came first or
how often, so consumers keep one by id; but for `corrects`, which says what was sent before it. Of
several labels for one transaction the later by `observed_at` wins; at equal times the more trusted
source (`TRUSTED`), then the greater digest of the label's id. A label that names another in
`supersedes` takes its place whatever their times: it counts as observed a millisecond after it.
INCONCLUSIVE takes nothing back, not even the label that it names: there is no third truth to learn
instead, so a wrong FRAUD is withdrawn by LEGITIMATE. What is in force is a fold over a card's
labels in the order of the log, so it does not matter when the decision came.
What is presumed of decisions without a label is in `models.maturity`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from models.control_share import on_record
from models.join_state import (
    LABELS,
    MAX_WAITING,
    NO_DIGEST,
    JoinState,
    Pointer,
    Verdict,
    digest,
    key_of,
)
from schemas.errors import ProcessingFailed

__all__ = [
    "RETENTION_MS", "TRUSTED", "JoinState", "Match", "Pointer", "expire", "match", "outcome",
    "remember", "terminal_outcome",
]  # fmt: skip

RETENTION_MS = 120 * 86_400_000
"""How long a decision waits for labels, in event time: card schemes allow chargebacks for 120 d."""

TRUSTED = ("ANALYST", "CUSTOMER", "TC40", "CHARGEBACK", "ISSUER")
"""Sources, the least trusted first, for labels observed at the same time: an analyst judges by the
data alone, a customer may forget or lie, a TC40 is a report with liability, a chargeback has been
through a dispute, the issuer's own word closes the case."""

Kind = Literal["MATCHED", "REPEAT", "STALE", "INCONCLUSIVE", "ORPHAN", "REFUSED"]


class Match(NamedTuple):
    """What a label did.

    MATCHED: make an outcome from the decision at `pointer`. REPEAT: says what is known. STALE: a
    later label already stands. INCONCLUSIVE: teaches nothing. ORPHAN: kept until its decision
    comes. REFUSED: too many wait; dead-letter it as ORPHAN_LABEL. `pointer` is None unless MATCHED.
    `before` is the verdict that was in force, None where there was none.
    """

    kind: Kind
    pointer: Pointer | None = None
    before: Verdict | None = None


def remember(
    state: JoinState,
    decision: Mapping[str, Any],
    offset: int,
    retention_ms: int = RETENTION_MS,
) -> list[dict[str, Any]]:
    """Note where a decision is; returns the label that waited for it (none or one).

    Pointers older than the decision's event time by more than `retention_ms` are forgotten, to a
    day. A repeated decision changes nothing: the first position stands.
    """
    key = key_of(decision["transaction_id"])
    state.forget(decision["event_time"] - retention_ms)
    if state.find(key) is None:
        state.add(key, offset, decision["event_time"])
    if not state.waiting:
        return []
    return _release(state, decision["transaction_id"], key)


def match(state: JoinState, label: Mapping[str, Any]) -> Match:
    """Judge a label against what the card's join knows; keeps it where its decision is missing."""
    if label["label"] not in LABELS:
        return Match("INCONCLUSIVE")
    key = key_of(label["transaction_id"])
    found = state.find(key)
    if found is None:
        return _wait(state, label)
    before = state.verdicts.get(key)
    kind = _judge(state, key, label)
    if kind != "MATCHED":
        return Match(kind, None, before)
    return Match(kind, Pointer(label["transaction_id"], found, label["label"]), before)


def expire(state: JoinState, before: int) -> list[dict[str, Any]]:
    """Give up the labels that were observed before `before` (UTC ms) and still wait.

    Returns them, oldest first: dead letters with ORPHAN_LABEL.
    """
    gone = [label for label in state.waiting if label["observed_at"] < before]
    state.waiting = [label for label in state.waiting if label["observed_at"] >= before]
    return sorted(gone, key=_order)


def outcome(
    decision: Mapping[str, Any],
    label: Mapping[str, Any],
    *,
    kept: float = 1.0,
    presumed: bool = False,
    corrects: float = 0.0,
) -> dict[str, Any]:
    """The outcome of a decision under a label: what was seen and scored then, and the truth.

    `kept` is the share of its kind that becomes outcomes; a decision may carry a weight of its own,
    and one of the control share stands for those that were declined beside it.
    `corrects` is the weight of the outcome that said otherwise before, 0.0 where none did.
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
        "weight": weight_of(decision) / kept,
        "decided_src": decision["src"],
        "presumed": presumed,
        "corrects": corrects,
        **taken,
    }


def weight_of(decision: Mapping[str, Any]) -> float:
    """How many decisions a decision stands for.

    >>> weight_of({"weight": 2.0})
    2.0
    """
    return float(decision.get("weight", 1.0)) * on_record(decision).weight


def terminal_outcome(
    found: Mapping[str, Any], src: Mapping[str, Any], told: int | None = None
) -> dict[str, Any]:
    """The part of an outcome that terminals need, for `fraud.activity`.

    They let the latest verdict stand: `told` is `Verdict.told`, which a verdict of the same time,
    or a correction that was observed earlier, still has greater than the one it takes back.
    """
    notice = {"src": src, **{name: found[name] for name in _FOR_TERMINAL}}
    return notice if told is None else notice | {"observed_at": told}


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
    time = label["observed_at"]
    new = Verdict(label["label"], _trust(label), time, mine, names, told=time)
    if now is not None:
        new = _after(new, now)
        if not _wins(new, now):
            return "REPEAT" if new.label == now.label else "STALE"
    state.verdicts[key] = new
    return "REPEAT" if now is not None and new.label == now.label else "MATCHED"


def _after(new: Verdict, now: Verdict) -> Verdict:
    """Give a correction the place of what it corrects, and keep in mind what was corrected."""
    new = new._replace(told=max(new.told, now.told + 1))
    if new.superseded == now.label_digest:
        return new._replace(observed_at=max(new.observed_at, now.observed_at + 1))
    return new if new.superseded != NO_DIGEST else new._replace(superseded=now.superseded)


def _wins(new: Verdict, now: Verdict) -> bool:
    if now.superseded == new.label_digest:
        return False
    mine, theirs = new.label_digest, now.label_digest
    return (new.observed_at, new.trust, mine) > (now.observed_at, now.trust, theirs)


def _wait(state: JoinState, label: Mapping[str, Any]) -> Match:
    if any(other["label_id"] == label["label_id"] for other in state.waiting):
        return Match("REPEAT")
    if len(state.waiting) >= MAX_WAITING:
        return Match("REFUSED")
    state.waiting.append(dict(label))
    return Match("ORPHAN")


def _release(state: JoinState, transaction_id: str, key: bytes) -> list[dict[str, Any]]:
    """Fold the labels that waited, in the order they came; the last that changed the truth."""
    mine = [label for label in state.waiting if label["transaction_id"] == transaction_id]
    state.waiting = [label for label in state.waiting if label["transaction_id"] != transaction_id]
    return [label for label in mine if _judge(state, key, label) == "MATCHED"][-1:]


def _order(label: Mapping[str, Any]) -> tuple[int, int, bytes]:
    return label["observed_at"], _trust(label), digest(label["label_id"])


def _trust(label: Mapping[str, Any]) -> int:
    return TRUSTED.index(label["source"])


def _outcome_id(decision: Mapping[str, Any], label: Mapping[str, Any]) -> str:
    parts = ("outcome", decision["card_id"], decision["transaction_id"], label["label_id"])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
