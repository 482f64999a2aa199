"""What an outcome says of itself: who told it, and of which transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from models.contest.protection import PRESUMED


def is_presumed(outcome: Mapping[str, Any]) -> bool:
    """Whether nobody labelled it: it was presumed legitimate at maturity."""
    return bool(outcome.get("presumed", False))


def source_of(outcome: Mapping[str, Any]) -> str:
    """Who says so, as protection counts it."""
    return PRESUMED if is_presumed(outcome) else str(outcome["source"])


def transaction_key(outcome: Mapping[str, Any]) -> int:
    """64 bits that name an outcome's transaction."""
    return digest(f"{outcome['card_id']}\0{outcome['transaction_id']}")


def digest(text: str) -> int:
    """64 bits of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
