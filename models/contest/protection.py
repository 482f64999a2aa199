"""When learning stops by itself: labels that look unlike those of the days before.

Scoring goes on with what is in force; outcomes wait in the log. Three things are watched, by the
day on which labels were observed, the present day against the days before it:

```text
 label rate     share of frauds among all outcomes, and among each source's
 source share   a source's part of the labels (presumed outcomes are nobody's labels)
 disagreement   share of labels that contradict what was known of their transaction
```

Each must be higher by a margin, by a factor and beyond chance: small days and slow seasons pass.
A fall is not watched: where only frauds are labelled, the rate falls by itself as presumed
outcomes come in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

DAY_MS = 86_400_000
PRESUMED = "PRESUMED"
"""What outcomes without a label count under."""
_COUNTS = 3  # labels, frauds, contradictions


@dataclass(frozen=True)
class ProtectionPolicy:
    """Settings of the automatic freeze, each with its reason.

    automatic: False leaves freezing to people.
    every: outcomes between two looks: what a flood can teach before it is noticed.
    reference_days: days looked back on; two weeks hold every weekday twice.
    least_days, least_outcomes: of the reference, before anything is judged.
    least_recent: outcomes of the present day, before it is judged.
    factor, deviations, least_events: the present share must be that many times the reference's,
        that many standard errors above it, and be more than a handful. Six deviations: looked at
        thousands of times a month, it must not go off by chance.
    rate_margin, share_margin, disagreement_margin: and higher by so much.
    hold_days: an automatic freeze ends by itself after so long, in observed time, unless somebody
        freezes by hand meanwhile. A true wave of fraud must be learned, a day late at most.
    """

    automatic: bool = True
    every: int = 100
    reference_days: int = 14
    least_days: int = 3
    least_outcomes: int = 1_000
    least_recent: int = 200
    factor: float = 3.0
    deviations: float = 6.0
    least_events: int = 20
    rate_margin: float = 0.01
    share_margin: float = 0.3
    disagreement_margin: float = 0.02
    hold_days: float = 1.0


class Share(NamedTuple):
    """So many of so many."""

    events: float
    total: float

    @property
    def value(self) -> float:
        """The share in [0, 1]; 0 of nothing."""
        return self.events / self.total if self.total else 0.0


class Watch:
    """Counts by observed day and source; `note` says when something jumped.

    >>> watch = Watch(ProtectionPolicy())
    >>> watch.note(0, "ISSUER", fraud=False, contradicts=False) is None
    True
    """

    def __init__(self, policy: ProtectionPolicy) -> None:
        self.policy = policy
        self.clear()

    def clear(self) -> None:
        """Begin anew: what comes is the reference."""
        self.days: dict[int, dict[str, list[int]]] = {}
        self.noted = 0

    def note(self, observed_at: int, source: str, *, fraud: bool, contradicts: bool) -> str | None:
        """Count one outcome; the reason to freeze, if there is one."""
        day = observed_at // DAY_MS
        counts = self.days.setdefault(day, {}).setdefault(source, [0] * _COUNTS)
        for at, found in enumerate((True, fraud, contradicts)):
            counts[at] += found
        self.noted += 1
        if self.noted % self.policy.every or not self.policy.automatic:
            return None
        return self._judge()

    def data(self) -> dict[str, Any]:
        """Everything counted, as plain data."""
        return {
            "noted": self.noted,
            "days": {str(day): sources for day, sources in sorted(self.days.items())},
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what `data` gave."""
        self.noted = data["noted"]
        self.days = {int(day): sources for day, sources in data["days"].items()}

    def _judge(self) -> str | None:
        today = max(self.days)
        first = today - self.policy.reference_days
        self.days = {day: found for day, found in self.days.items() if day >= first}
        before = [found for day, found in self.days.items() if day < today]
        now, then = _totals([self.days[today]]), _totals(before)
        known = sum(counts[0] for counts in then.values())
        if len(before) < self.policy.least_days or known < self.policy.least_outcomes:
            return None
        return self._rate(now, then) or self._source(now, then) or self._disagreement(now, then)

    def _rate(self, now: _Totals, then: _Totals) -> str | None:
        for source in (None, *sorted(now)):
            was, rate = _share(then, 1, source), _share(now, 1, source)
            what = "the label rate" if source is None else f"the label rate of {source}"
            if found := self._jump(what, rate, was, self.policy.rate_margin):
                return found
        return None

    def _source(self, now: _Totals, then: _Totals) -> str | None:
        labels, before = _without_presumed(now), _without_presumed(then)
        margin = self.policy.share_margin
        for source in sorted(labels):
            share, was = _part(labels, source), _part(before, source)
            if was.total < self.policy.least_outcomes:
                continue
            what = f"{source}'s share of the labels"
            if found := self._jump(what, share, was, margin, factor=1.0):
                return found
        return None

    def _disagreement(self, now: _Totals, then: _Totals) -> str | None:
        was, share = _share(then, 2, None), _share(now, 2, None)
        what = "disagreement of labels"
        return self._jump(what, share, was, self.policy.disagreement_margin)

    def _jump(
        self, what: str, now: Share, then: Share, margin: float, factor: float | None = None
    ) -> str | None:
        """A sentence where `now` is far above `then`."""
        policy = self.policy
        factor = policy.factor if factor is None else factor
        if now.total < policy.least_recent or now.events < policy.least_events:
            return None
        if now.value < then.value + margin or now.value < factor * then.value:
            return None
        pooled = (now.events + then.events) / (now.total + then.total)
        error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / now.total + 1.0 / max(then.total, 1.0)))
        if now.value - then.value < policy.deviations * error:
            return None
        return (
            f"{what} jumped from {then.value:.2%} of {then.total:.0f} to {now.value:.2%} "
            f"of {now.total:.0f}"
        )


_Totals = dict[str, list[int]]


def _totals(days: Iterable[Mapping[str, list[int]]]) -> _Totals:
    totals: _Totals = {}
    for sources in days:
        for source, counts in sources.items():
            mine = totals.setdefault(source, [0] * _COUNTS)
            for at, count in enumerate(counts):
                mine[at] += count
    return totals


def _without_presumed(totals: _Totals) -> _Totals:
    return {source: counts for source, counts in totals.items() if source != PRESUMED}


def _share(totals: _Totals, at: int, source: str | None) -> Share:
    """Frauds (1) or contradictions (2) among a source's outcomes, or all."""
    chosen = totals.values() if source is None else [totals.get(source, [0] * _COUNTS)]
    return Share(sum(one[at] for one in chosen), sum(one[0] for one in chosen))


def _part(totals: _Totals, source: str) -> Share:
    return Share(totals.get(source, [0])[0], sum(counts[0] for counts in totals.values()))
