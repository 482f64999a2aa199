"""Packed states begin with the version that wrote them; an unreadable one stops the worker."""

from __future__ import annotations

from models.windows.errors import StateFormatError


def check_version(state: str, data: bytes, version: int, least: int) -> None:
    """Raise `StateFormatError` unless `data` begins with `version` and has `least` bytes or more.

    >>> check_version("alert", bytes([1, 0]), 1, 2)
    """
    if not data or data[0] != version:
        came = f"version {data[0]}" if data else "no bytes"
        raise StateFormatError(f"{state} state", expected=f"version {version}", came=came)
    if len(data) < least:
        raise StateFormatError(
            f"{state} state", expected=f"{least} bytes or more", came=f"{len(data)} bytes"
        )
