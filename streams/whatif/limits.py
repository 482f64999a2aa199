"""What a change may come to at most: stated beforehand, so that it can gate the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Each None is no limit.

    max_alerts_per_day: alerts a day under the change.
    max_false_positives: flagged transactions known to be legitimate, thinned ones by weight.
    max_newly_flagged: transactions that would be flagged and were not.
    max_cards: different cards with a flagged transaction.
    min_frauds_caught: share of the known frauds that would be flagged, 0 to 1.
    """

    max_alerts_per_day: float | None = None
    max_false_positives: float | None = None
    max_newly_flagged: int | None = None
    max_cards: int | None = None
    min_frauds_caught: float | None = None

    def judged(self, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Each stated limit with what was found; a share of no known fraud keeps no limit.

        >>> found = {"after": {"cards": 3}}
        >>> Limits(max_cards=2).judged({**found, "frauds_known": 0, "newly_flagged": {"count": 0}})
        [{'limit': 'max_cards', 'stated': 2, 'found': 3, 'kept': False}]
        """
        stated = {name: limit for name, limit in asdict(self).items() if limit is not None}
        return [self._judge(name, limit, found) for name, limit in stated.items()]

    def _judge(self, name: str, limit: float, found: Mapping[str, Any]) -> dict[str, Any]:
        value = _found(name, found)
        at_least = name.startswith("min_")
        kept = value is not None and (value >= limit if at_least else value <= limit)
        return {"limit": name, "stated": limit, "found": value, "kept": kept}


def _found(name: str, found: Mapping[str, Any]) -> float | None:
    if name == "max_newly_flagged":
        return int(found["newly_flagged"]["count"])
    if name == "min_frauds_caught":
        known = found["frauds_known"]
        return round(found["after"]["frauds_caught"] / known, 4) if known else None
    value: float = found["after"][name.removeprefix("max_")]
    return value
