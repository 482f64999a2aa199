"""Weeks of event time, Monday to Sunday in UTC, by number and as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from numpy.typing import NDArray

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
_MONDAY = date(1969, 12, 29)
_OFFSET_MS = 3 * DAY_MS  # the epoch was a Thursday


def week_of(millis: int) -> int:
    """The number of the week that a time lies in.

    >>> week_of(0), week_of(4 * 86_400_000)
    (0, 1)
    """
    return (millis + _OFFSET_MS) // WEEK_MS


def weeks_of(times: NDArray[Any]) -> NDArray[Any]:
    """`week_of` for a column."""
    found: NDArray[Any] = (times + _OFFSET_MS) // WEEK_MS
    return found


def starts(week: int) -> int:
    """UTC ms of a week's first moment.

    >>> week_of(starts(2500)), week_of(starts(2500) - 1)
    (2500, 2499)
    """
    return week * WEEK_MS - _OFFSET_MS


def monday(week: int) -> date:
    """A week's first day."""
    return _MONDAY + timedelta(weeks=week)


def containing(text: str) -> int:
    """The week of an ISO 8601 date or a week's name; ValueError says what was expected.

    >>> named(containing("2018-05-10")), named(containing("2018-W19"))
    ('2018-W19', '2018-W19')
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        expected = "a date such as 2018-05-10, or a week such as 2018-W19"
        raise ValueError(f"expected {expected}, got {text!r}") from error
    return (day - _MONDAY).days // 7


def named(week: int) -> str:
    """As ISO 8601 names it."""
    year, number, _ = monday(week).isocalendar()
    return f"{year}-W{number:02}"


def day_of(millis: int) -> str:
    """The date of a time, for people.

    >>> day_of(0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(millis / 1000, UTC).date().isoformat()
