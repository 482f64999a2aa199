"""The text of a reason: a template with names in braces, compiled once, showing values."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from models.rules_code import Code, Row, Value
from models.rules_conditions import FIELDS, value
from models.rules_lint import Place, text

Template = Callable[[Row, Mapping[str, Any]], str]
MISSING = "unknown"
"""What a missing value reads as."""

_NO_MINOR = frozenset(
    {
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
        "VUV", "XAF", "XOF", "XPF",
    }
)  # fmt: skip
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def money(amount_minor: float, currency: str) -> str:
    """An amount in minor units as people write it (ISO 4217 digits of the currency).

    >>> money(52300, "EUR"), money(1500, "JPY")
    ('523.00 EUR', '1500 JPY')
    """
    digits = 0 if currency in _NO_MINOR else 3 if currency in _THREE_DIGITS else 2
    return f"{amount_minor / 10**digits:.{digits}f} {currency}"


def template(node: Any, values: Mapping[str, Value], place: Place, code: Code) -> Template:
    """Compile a text such as `{card_count_1h:.0f} in 1 h, usually {usual:.1f}`.

    A name is one of the rule's own `values`, a feature or a field. After the colon stands a number
    format of Python, or `money` for minor units of the transaction's currency. No attribute
    access, no indexing, no conversion: this is not `str.format`.
    """
    try:
        parts = list(string.Formatter().parse(text(node, place)))
    except ValueError as error:
        raise place.wrong("a text with balanced braces", node) from error
    pieces = [_piece(part, values, place, code) for part in parts]
    return lambda row, transaction: "".join(piece(row, transaction) for piece in pieces)


def _piece(
    part: tuple[str, str | None, str | None, str | None],
    values: Mapping[str, Value], place: Place, code: Code,
) -> Template:  # fmt: skip
    literal, name, spec, conversion = part
    if name is None:
        return lambda _row, _transaction: literal
    if conversion:
        raise place.wrong("a plain name in braces", f"{name}!{conversion}")
    read = values.get(name) or _named(name, place, code)
    _check_spec(spec or "", place)
    return lambda row, transaction: literal + shown(read(row, transaction), spec or "", transaction)


def _named(name: str, place: Place, code: Code) -> Value:
    if name in code.features:
        return code.value(value({"feature": name}, place, code)[0])
    if name in FIELDS:
        return code.value(value({"field": name}, place, code)[0])
    raise place.wrong("in braces a name of `values`, a feature or a transaction field", name)


def _check_spec(spec: str, place: Place) -> None:
    if len(spec) > 8 or re.search(r"\d{3}", spec):  # before it is tried: a width costs memory
        raise place.wrong("a number format with a width below 100", spec)
    try:
        if spec != "money":
            format(1.0, spec)
    except ValueError as error:
        raise place.wrong("a number format such as .0f, or money", spec) from error


def shown(found: Any, spec: str, transaction: Mapping[str, Any]) -> str:
    """One value as text: missing is said, whole numbers lose their `.0`."""
    if found is None:
        return MISSING
    if isinstance(found, bool | str):
        return str(found).lower() if isinstance(found, bool) else found
    if spec == "money":
        return money(found, transaction["currency"])
    return format(float(found), spec or ".6g")
