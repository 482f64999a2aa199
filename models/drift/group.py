"""A group of subjects with the signals that stand for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.drift.counts import DAY_MS, DayCounts
from models.drift.policy import DriftPolicy
from models.drift.readings import RECOVERED, Edge, Edges
from models.drift.watched import Watched


class Group:
    """`day` takes a finished day and gives the edges: what fired, what recovered.

    >>> Group("features", DriftPolicy(), ()).day("spec", 0, DayCounts(("amount",)))
    []
    """

    def __init__(self, name: str, policy: DriftPolicy, means: Sequence[str]) -> None:
        self.watched = Watched(name, policy, means)
        self.edges = Edges(policy)

    def day(self, identity: str, day: int, counts: DayCounts) -> list[Edge]:
        """Take a day of the group's subjects, which belong to `identity`: the feature set, or the
        kind of model. Another identity, and a new reference, end every signal."""
        watched, time = self.watched, (day + 1) * DAY_MS
        changed: list[Edge] = []
        if watched.of(identity, day):
            changed += self.edges.clear(f"{watched.group}: {identity[:40]} took over", time)
        changed += self.edges.update(watched.day(day, counts))
        for reading, state in changed:
            if state == RECOVERED:
                watched.renew_mean(reading)
        if watched.renewed(day, self.edges.longest()):
            name = "" if watched.reference is None else watched.reference.name
            changed += self.edges.clear(name, time)
        return changed

    def data(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"watched": self.watched.data(), "edges": self.edges.data()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what `data` gave."""
        self.watched.restore(data["watched"])
        self.edges.restore(data["edges"])
