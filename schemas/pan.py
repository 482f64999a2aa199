"""Card numbers (PANs) where none may be: found in text, masked in raw bytes.

A PAN is 13 to 19 digits whose Luhn sum is 0 (ISO/IEC 7812-1, annex B), single spaces or dashes
between them allowed. Two kinds of number are let through, or every tenth identifier of a shop that
numbers by clock would be refused: numbers that begin with 1 and are not 15 digits long (no network
issues such cards; milliseconds, microseconds and snowflakes since 1970 look like that), and digits
whose separators are those of a UUID. Leading zeros are padding.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_RUN = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
_RAW_RUN = re.compile(rb"[0-9](?:[ -]?[0-9]){12,}")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_DIGITS = re.compile(r"[0-9]+")
_SHORTEST = 13
_LEAST = 1e12  # the smallest number of 13 digits
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# Lengths of card numbers by first digit: Mastercard; Amex, Diners, JCB; Visa; Mastercard; others.
_LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 17, 18, 19)}
_PADDED = 24  # digits with leading zeros
# Time must stay linear whatever comes: longer runs of digits, and every run of larger data (no
# event of ours is that large), are masked without asking for the check digit.
_WHOLE, _LARGE = 64, 65_536
_KEPT = 4  # PCI DSS 3.4.1 allows the last four digits to be shown


def find_pan(text: str) -> bool:
    """Whether a PAN-shaped number stands in the text.

    >>> find_pan("card 4111 1111 1111 1111"), find_pan("4111 1111 1111 1112")
    (True, False)
    >>> find_pan("3f9c1d52-8a10-4b7e-9716-446655440000")
    False
    """
    if _RUN.search(text) is None:
        return False
    plain = _UUID.sub("#", text)
    return any(_spans(run.group()) for run in _RUN.finditer(plain))


def holds_pan(record: Mapping[str, Any]) -> bool:
    """Whether a PAN stands in a text field of a flat record, or in the names or values of a map.

    >>> holds_pan({"card_id": "c1", "attributes": {"4111111111111111": 1.0}})
    True
    """
    texts = [v for v in record.values() if v.__class__ is str and len(v) >= _SHORTEST]
    attributes = record.get("attributes")
    if attributes:
        texts += attributes
        texts += [f"{v:.0f}" for v in attributes.values() if v is not None and v >= _LEAST]
    return bool(texts) and find_pan("\n".join(texts))


def mask_pan(data: bytes) -> bytes:
    """The same bytes with the digits of every PAN-shaped number but its last four replaced by `*`.

    The length stays. In raw bytes a length prefix may look like one more digit or a separator, so
    numbers inside longer runs of digits are masked too; very long runs, and in data over 64 KB
    every run of 13 digits, as a whole.

    >>> mask_pan(b"pan=4111-1111-1111-1111;")
    b'pan=****-****-****-1111;'
    """
    exact = len(data) <= _LARGE
    return _RAW_RUN.sub(lambda run: _raw_masked(run.group().decode(), exact).encode(), data)


def mask_text(text: str) -> str:
    """`mask_pan` for text.

    >>> mask_text("card 4111111111111111 é")
    'card ************1111 é'
    """
    return _RUN.sub(lambda run: _masked(run.group(), _spans(run.group())), text)


def _raw_masked(run: str, exact: bool) -> str:
    if len(run) > _WHOLE or not exact:
        return _masked(run, [(0, len(run))])
    return _masked(run, [*_spans(run), *_inner_spans(run)])


def _masked(run: str, spans: list[tuple[int, int]]) -> str:
    digits = list(run)
    for start, end in spans:
        places = [at for at in range(start, end) if run[at].isdigit()]
        for at in places[:-_KEPT]:
            digits[at] = "*"
    return "".join(digits)


def _spans(run: str) -> list[tuple[int, int]]:
    """Where whole groups of digits, one or several side by side, make a PAN."""
    groups = [match.span() for match in _DIGITS.finditer(run)]
    return [
        (start, end)
        for first, (start, _) in enumerate(groups)
        for _, end in groups[first : first + _PADDED]
        if end - start >= _SHORTEST and _is_pan(run[start:end])
    ]


def _inner_spans(run: str) -> Iterator[tuple[int, int]]:
    """Where a PAN of its network's lengths stands among more digits, whatever the groups."""
    places = [at for at, char in enumerate(run) if char.isdigit()]
    for first, start in enumerate(places):
        for size in _LENGTHS.get(run[start], ()):
            window = places[first : first + size]
            if len(window) == size and _is_pan("".join([run[at] for at in window])):
                yield start, window[-1] + 1


def _is_pan(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "").lstrip("0")
    if not _SHORTEST <= len(digits) <= 19 or (digits[0] == "1" and len(digits) != 15):
        return False
    own = sum(map(int, digits[-1::-2]))
    return (own + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0
