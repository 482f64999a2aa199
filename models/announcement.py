"""What the learner has to say: a record for `fraud.models`, a control marker, or both."""

from __future__ import annotations

from typing import Any, NamedTuple


class Announcement(NamedTuple):
    """A whole record for `fraud.models` (of `kind` model_snapshot or ruleset) under `key`, and the
    marker that puts something in force. Without a record `kind` and `key` are empty; a
    challenger's snapshot has no marker."""

    kind: str
    key: str
    record: dict[str, Any] | None
    marker: dict[str, Any] | None


def alone(marker: dict[str, Any]) -> Announcement:
    """A marker that needs no record.

    >>> alone({"sequence": 7}).record is None
    True
    """
    return Announcement("", "", None, marker)
