"""Decisions and labels of one card, for the tests of the join."""

from __future__ import annotations

from typing import Any


def decided(number: int, time: int = 0) -> dict[str, Any]:
    return {
        "transaction_id": f"t{number}", "card_id": "c1", "terminal_id": "T1", "event_time": time,
        "amount_minor": 5, "currency": "EUR", "decision": "APPROVE", "score": 0.25,
        "threshold": 0.5, "model": None, "feature_spec": "f00d", "features": {"a": 1.0, "b": None},
        "reasons": [], "src": {"stage": "score", "partition": 3, "offset": 17},
    }  # fmt: skip


def labelled(
    number: int, label: str = "FRAUD", observed_at: int = 7, **more: Any
) -> dict[str, Any]:
    return {
        "label_id": f"l{number}-{label}-{observed_at}", "transaction_id": f"t{number}",
        "card_id": "c1", "terminal_id": None, "label": label, "source": "CHARGEBACK",
        "reason_code": "10.4", "event_time": 0, "observed_at": observed_at, "supersedes": None,
        **more,
    }  # fmt: skip
