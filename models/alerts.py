"""Alerts: one open case a card, so that an analyst is not told the same thing twenty times.

::

    decision at t      alert A, suppressed until t + window
    ... within it      silent, counted; unless it is more severe than A: alert B, same dedup key
    ... after it       a new alert, a new dedup key

All times are event times; a decision older than the open alert belongs to it. An alert's id comes
from card and transaction, so a replay makes the same alert again, byte for byte.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.state_versions import check_version

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_VERSION = 1
_HEAD = struct.Struct("<BqqBIB")  # version, opened at, until, severity, suppressed, repeats kept
_RECENT = 8
"""Transactions remembered a card: a redelivered decision is recognised among the last eight."""


@dataclass(frozen=True)
class AlertPolicy:
    """When a card is silent, and how severe an alert is.

    window_ms: silence after an alert, in event time. A day: one look at a card a day is what an
        analyst's queue can hold.
    high_amount_minor: an amount from which the severity rises by one step, in minor units whatever
        the currency. A thousand units of a two-digit currency is a loss worth a call.
    """

    window_ms: int = 86_400_000
    high_amount_minor: int = 100_000


@dataclass
class AlertState:
    """What a card's alerts left behind. `AlertState()` is a card without any.

    >>> AlertState.unpack(AlertState().pack()) == AlertState()
    True
    """

    opened_at: int = 0
    until: int = 0
    severity: int = 0
    suppressed: int = 0
    recent: list[bytes] = field(default_factory=list)

    def pack(self) -> bytes:
        """At most 87 bytes: version, numbers, the last transactions' digests."""
        head = _HEAD.pack(
            _VERSION, self.opened_at, self.until, self.severity, self.suppressed, len(self.recent)
        )
        return head + b"".join(self.recent)

    @classmethod
    def unpack(cls, data: bytes) -> AlertState:
        """The state that `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("alert", data, _VERSION, _HEAD.size)
        _, opened_at, until, severity, suppressed, count = _HEAD.unpack_from(data)
        digests = [data[at : at + 8] for at in range(_HEAD.size, len(data), 8)]
        check_version("alert", data, _VERSION, _HEAD.size + 8 * count)
        return cls(opened_at, until, severity, suppressed, digests)


def alert(
    state: AlertState,
    decision: Mapping[str, Any],
    src: Mapping[str, Any] | None = None,
    policy: AlertPolicy = AlertPolicy(),
) -> dict[str, Any] | None:
    """The alert that a decision raises, or None; updates the card's state.

    None for an APPROVE, a repeat of one of the card's last eight decisions that were not APPROVE,
    and a decision that an open alert covers. `src` is the decision's own place in the log; without
    it the alert names the decision's source.
    """
    if decision["decision"] == "APPROVE" or not _first(state, decision["transaction_id"]):
        return None
    time, rank = decision["event_time"], severity(decision, policy)
    covered = time < state.until
    if covered and rank <= state.severity:
        state.suppressed += 1
        return None
    if not covered:
        state.opened_at, state.until = time, time + policy.window_ms
    state.severity = rank
    return _record(state, decision, decision["src"] if src is None else src)


def severity(decision: Mapping[str, Any], policy: AlertPolicy) -> int:
    """Index into `SEVERITIES`: the action, a score far above threshold, a high amount.

    A model's score counts as far above when it is past the middle between threshold and 1.
    """
    rank = {"REVIEW": 0, "CHALLENGE": 1, "DECLINE": 2}[decision["decision"]]
    scored = decision["model"] is not None
    if rank == 0 and scored and decision["score"] >= (1.0 + decision["threshold"]) / 2.0:
        rank = 1
    return min(rank + int(decision["amount_minor"] >= policy.high_amount_minor), 3)


def _first(state: AlertState, transaction_id: str) -> bool:
    digest = hashlib.blake2b(transaction_id.encode(), digest_size=8).digest()
    if digest in state.recent:
        return False
    state.recent = [*state.recent, digest][-_RECENT:]
    return True


def _record(
    state: AlertState, decision: Mapping[str, Any], src: Mapping[str, Any]
) -> dict[str, Any]:
    card, transaction = decision["card_id"], decision["transaction_id"]
    return {
        "alert_id": _digest("alert", card, transaction),
        "card_id": card,
        "transaction_id": transaction,
        "severity": SEVERITIES[state.severity],
        "status": "OPEN",
        "dedup_key": _digest("case", card, str(state.opened_at)),
        "suppressed_until": state.until,
        "decision": decision["decision"],
        "score": decision["score"],
        "reasons": decision["reasons"],
        "event_time": decision["event_time"],
        "src": src,
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
