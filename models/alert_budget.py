"""How many alerts an event-time day had: the live count to hold against the analysts' budget."""

from __future__ import annotations

import struct

from models.state_versions import check_version

DAY_MS = 86_400_000
_VERSION = 1
_KEPT_DAYS = 8
_HEAD = struct.Struct("<BB")
_DAY = struct.Struct("<qII")


class AlertBudget:
    """Decisions and alerts by event-time day (UTC), the last eight days; kept per partition.

    >>> budget = AlertBudget()
    >>> budget.add(1_000, alerted=True), budget.add(2_000, alerted=False)
    (1, 1)
    >>> AlertBudget.unpack(budget.pack()).days
    {0: (2, 1)}
    """

    def __init__(self) -> None:
        self.days: dict[int, tuple[int, int]] = {}

    def add(self, event_time: int, *, alerted: bool) -> int:
        """Count one decision; returns the alerts of its day so far. A day older than the eight
        newest is not counted and gives 0."""
        day = event_time // DAY_MS
        decisions, alerts = self.days.get(day, (0, 0))
        self.days[day] = (decisions + 1, alerts + alerted)
        if len(self.days) > _KEPT_DAYS:
            del self.days[min(self.days)]
        return self.days.get(day, (0, 0))[1]

    def pack(self) -> bytes:
        """At most 130 bytes, days ascending."""
        rows = (_DAY.pack(day, *self.days[day]) for day in sorted(self.days))
        return _HEAD.pack(_VERSION, len(self.days)) + b"".join(rows)

    @classmethod
    def unpack(cls, data: bytes) -> AlertBudget:
        """The budget that `pack` wrote; raises `StateFormatError` for another version or length."""
        check_version("alert budget", data, _VERSION, _HEAD.size)
        check_version("alert budget", data, _VERSION, _HEAD.size + _DAY.size * data[1])
        budget = cls()
        for day, decisions, alerts in _DAY.iter_unpack(data[_HEAD.size :]):
            budget.days[day] = (decisions, alerts)
        return budget
