"""Two ways of deciding the same transactions, beside each other."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Any

from models.control_share import on_record
from streams.history.moments import iso
from streams.whatif.replay import Pair
from streams.whatif.side import DAY_MS, Side
from streams.whatif.truth import Truth

Rank = tuple[bool, int, str]
"""Known fraud, amount, id: what tells more is greater."""


class Moved:
    """Transactions that changed sides, with the most telling examples: frauds, then amounts."""

    def __init__(self, examples: int) -> None:
        self.count = self.frauds = 0
        self.legitimate = 0.0
        self._most = examples
        self._examples: list[tuple[Rank, dict[str, Any]]] = []

    def add(self, pair: Pair, truth: Truth | None, reasons: list[dict[str, str]]) -> None:
        """Count one, and keep it if it tells more than what is kept."""
        self.count += 1
        self.frauds += truth is not None and truth.fraud
        self.legitimate += 0.0 if truth is None or truth.fraud else truth.weight
        one = pair.before
        fraud = truth is not None and truth.fraud
        rank = (fraud, one["amount_minor"], one["transaction_id"])
        if self._most == 0 or (len(self._examples) == self._most and rank < self._examples[0][0]):
            return
        push = heapq.heappush if len(self._examples) < self._most else heapq.heappushpop
        push(self._examples, (rank, example(pair, truth, reasons)))

    def data(self) -> dict[str, Any]:
        """Counts and examples, most telling first."""
        return {
            "count": self.count,
            "frauds": self.frauds,
            "legitimate": round(self.legitimate, 3),
            "examples": [
                one for _, one in sorted(self._examples, key=lambda e: e[0], reverse=True)
            ],
        }


def _rank(kept: tuple[Rank, dict[str, Any]]) -> Rank:
    return kept[0]


class Comparison:
    """Fed with pairs of decisions; `data` is the diff."""

    def __init__(self, truths: Mapping[str, Truth], examples: int = 5) -> None:
        self._truths = truths
        self.before, self.after = Side(), Side()
        self.days: Counter[int] = Counter()
        self.frauds_known = 0
        self.value_known: Counter[str] = Counter()
        self.otherwise = 0
        self.newly, self.no_longer = Moved(examples), Moved(examples)

    def add(self, pair: Pair) -> None:
        """Take one transaction's two decisions in."""
        before, after, _ = pair
        truth = _of_itself(self._truths.get(before["transaction_id"]), before)
        self.days[before["event_time"] // DAY_MS] += 1
        if truth is not None and truth.fraud:
            self.frauds_known += 1
            self.value_known[before["currency"]] += before["amount_minor"]
        self.before.add(before, truth)
        self.after.add(after, truth)
        was, now = before["decision"], after["decision"]
        if was == "APPROVE" != now:
            self.newly.add(pair, truth, after["reasons"])
        elif now == "APPROVE" != was:
            self.no_longer.add(pair, truth, before["reasons"])
        else:
            self.otherwise += was != now

    def data(self) -> dict[str, Any]:
        """The diff as JSON shows it; amounts in minor units by currency."""
        days = len(self.days)
        return {
            "transactions": self.days.total(),
            "days": days,
            "frauds_known": self.frauds_known,
            "value_known": dict(sorted(self.value_known.items())),
            "before": self.before.data(days),
            "after": self.after.data(days),
            "newly_flagged": self.newly.data(),
            "no_longer_flagged": self.no_longer.data(),
            "flagged_otherwise": self.otherwise,
            "by_day": self._by_day(),
        }

    def _by_day(self) -> list[dict[str, Any]]:
        alerts = self.before.alerts(), self.after.alerts()
        return [
            {
                "day": iso(day * DAY_MS)[:10],
                "transactions": self.days[day],
                "alerts_before": alerts[0][day],
                "alerts_after": alerts[1][day],
                "flagged_before": self.before.by_day[day],
                "flagged_after": self.after.by_day[day],
            }
            for day in sorted(self.days)
        ]


def _of_itself(truth: Truth | None, before: Mapping[str, Any]) -> Truth | None:
    """A truth without the declines that it stands for: they are among the transactions, too."""
    share = on_record(before)
    return truth._replace(weight=truth.weight / share.weight) if truth and share.share else truth


def example(pair: Pair, truth: Truth | None, reasons: list[dict[str, str]]) -> dict[str, Any]:
    """One transaction that changed sides, with the reasons of the side that flags it."""
    before, after, _ = pair
    known = None if truth is None else "FRAUD" if truth.fraud else "LEGITIMATE"
    return {
        "transaction_id": before["transaction_id"], "card_id": before["card_id"],
        "time": iso(before["event_time"]), "amount_minor": before["amount_minor"],
        "currency": before["currency"], "before": before["decision"], "after": after["decision"],
        "score_before": before["score"], "score_after": after["score"], "truth": known,
        "reasons": reasons,
    }  # fmt: skip
