"""Points in time and in the log, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

EXPECTED = "a date or time such as 2018-05-01 or 2018-05-01T12:30:00+02:00 (UTC without a zone)"


def millis(text: str) -> int:
    """UTC milliseconds of an ISO 8601 date or time; ValueError says what was expected.

    >>> millis("2018-05-01"), millis("2018-05-01T00:00:01Z")
    (1525132800000, 1525132801000)
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"expected {EXPECTED}, got {text!r}") from error
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def iso(millis_utc: int) -> str:
    """The same the other way round, for people: to the second.

    >>> iso(1525132801234)
    '2018-05-01T00:00:01Z'
    """
    at = datetime.fromtimestamp(millis_utc / 1000, UTC)
    return at.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def point(text: str) -> tuple[int | None, int | None]:
    """A point of the log as (offset, None) for digits alone, else as (None, UTC milliseconds).

    >>> point("4711"), point("2018-05-01")
    ((4711, None), (None, 1525132800000))
    """
    if text.strip().isdecimal():
        return int(text), None
    try:
        return None, millis(text)
    except ValueError as error:
        raise ValueError(f"expected an offset, or {EXPECTED}; got {text!r}") from error
