"""Short stable digests of ids and contents. Python's own `hash` differs from process to process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any

CONTENT = (
    "card_id",
    "terminal_id",
    "merchant_id",
    "event_time",
    "amount_minor",
    "currency",
    "mcc",
    "entry_mode",
    "card_present",
    "channel",
    "country",
    "acquirer_id",
    "message_type",
    "stan",
    "rrn",
)  # not `arrival`: the same payment sent again arrives again
_content = itemgetter(*CONTENT)


def digest(text: str) -> bytes:
    """Eight bytes of blake2b.

    >>> digest("a").hex()
    '40f89e395b66422f'
    """
    return blake2b(text.encode(), digest_size=8).digest()


@lru_cache(maxsize=1 << 16)  # ids come again and again; the values are the same whatever it holds
def digest_again(text: str) -> bytes:
    """The digest of an id that is likely to come again."""
    return digest(text)


def content_digest(transaction: Mapping[str, Any]) -> bytes:
    """Eight bytes over what a transaction says, whatever the order of its fields."""
    try:
        fields = [*_content(transaction)]
    except KeyError:  # a caller may leave out what is null
        fields = [transaction.get(name) for name in CONTENT]
    attributes = transaction.get("attributes")
    if attributes:
        fields += sorted(attributes.items())
    return digest(repr(fields))


def counts(message_type: str) -> int:
    """1 for an authorization or financial request, 0 for reversals, advices and the rest.

    ISO 8583: the second digit is the class (1 authorization, 2 financial, 4 reversal), the third
    the function (0 request, 2 advice). A reversal or an advice speaks of a transaction that was
    counted already.

    >>> [counts(m) for m in ("0100", "0200", "0120", "0121", "0400", "0420")]
    [1, 1, 0, 0, 0, 0]
    """
    return 1 if message_type[1:3] in ("10", "20") else 0
