"""What one way of deciding comes to: alerts, cards, frauds caught, false positives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from models.alerts import AlertState, alert
from streams.whatif.truth import Truth

DAY_MS = 86_400_000
_NEEDED = (
    "transaction_id", "card_id", "event_time", "amount_minor", "currency", "decision", "score",
    "threshold", "model", "reasons", "src",
)  # fmt: skip


class Side:
    """One way. Its alerts begin with no open case: those of the first day may be too many."""

    def __init__(self) -> None:
        self.flagged: list[dict[str, Any]] = []
        self.actions: Counter[str] = Counter()
        self.by_day: Counter[int] = Counter()
        self.frauds_caught = 0
        self.value_caught: Counter[str] = Counter()
        self.false_positives = 0.0
        self.known = 0

    def add(self, decision: Mapping[str, Any], truth: Truth | None) -> None:
        """Take one decision in."""
        self.actions[decision["decision"]] += 1
        if decision["decision"] == "APPROVE":
            return
        self.flagged.append({name: decision[name] for name in _NEEDED})
        self.by_day[decision["event_time"] // DAY_MS] += 1
        if truth is None:
            return
        self.known += 1
        if truth.fraud:
            self.frauds_caught += 1
            self.value_caught[decision["currency"]] += decision["amount_minor"]
        else:
            self.false_positives += truth.weight

    def alerts(self) -> Counter[int]:
        """Alerts by day, as the alert stage raises them, a card's decisions in event time."""
        states: dict[str, AlertState] = {}
        found: Counter[int] = Counter()
        for decision in sorted(self.flagged, key=_place):
            state = states.setdefault(decision["card_id"], AlertState())
            if alert(state, decision) is not None:
                found[decision["event_time"] // DAY_MS] += 1
        return found

    def data(self, days: int) -> dict[str, Any]:
        """The numbers of this side, by the days that had transactions."""
        alerts = self.alerts().total()
        judged = self.frauds_caught + self.false_positives
        return {
            "alerts": alerts,
            "alerts_per_day": round(alerts / days, 3) if days else 0.0,
            "flagged": len(self.flagged),
            "actions": {name: self.actions[name] for name in sorted(self.actions)},
            "cards": len({one["card_id"] for one in self.flagged}),
            "frauds_caught": self.frauds_caught,
            "value_caught": dict(sorted(self.value_caught.items())),
            "false_positives": round(self.false_positives, 3),
            "precision": round(self.frauds_caught / judged, 4) if judged else None,
            "truth_known": self.known,
        }


def _place(decision: Mapping[str, Any]) -> tuple[int, int, int]:
    return decision["event_time"], decision["src"]["partition"], decision["src"]["offset"]
