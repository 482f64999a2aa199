"""Which labels to leave out: a small language as data, nothing is evaluated.

`source=ANALYST,observed_at>=2018-05-01` leaves out what meets every term. Fields are those of an
outcome; what was presumed at maturity has the source `PRESUMED`. Texts know `=` and `!=`, numbers
and times the comparisons too. A comma inside a value is written `\\,`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from models.contest.protection import PRESUMED
from schemas.fields import Action, LabelKind, LabelSource
from streams.history.moments import millis

TEXTS = (
    "source", "label", "label_id", "card_id", "transaction_id", "terminal_id", "outcome_id",
    "decision", "currency",
)  # fmt: skip
TIMES = ("observed_at", "event_time")
NUMBERS = ("amount_minor", "score")
WORDS = {
    "source": (*get_args(LabelSource), PRESUMED),
    "label": get_args(LabelKind),
    "decision": get_args(Action),
}
FIELDS = (*TEXTS, *TIMES, *NUMBERS)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne,
    "=": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_TERM = re.compile(r"\s*([a-z_]+)\s*(>=|<=|!=|=|>|<)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Term:
    """One comparison of a field with a value."""

    field: str
    sign: str
    value: str | int | float

    def holds(self, outcome: Mapping[str, Any]) -> bool:
        """Whether the outcome meets it."""
        found = outcome[self.field]
        if self.field == "source" and outcome.get("presumed"):
            found = PRESUMED
        return COMPARE[self.sign](found, self.value)


@dataclass(frozen=True)
class LeftOut:
    """Alternatives, each a list of terms that must all hold.

    >>> without = LeftOut.parse(["source=ANALYST,observed_at>=2018-05-01"])
    >>> without.takes({"source": "ANALYST", "observed_at": 1525132800000})
    True
    >>> without.takes({"source": "ANALYST", "observed_at": 1525132799999})
    False
    """

    alternatives: tuple[tuple[Term, ...], ...] = ()

    @classmethod
    def parse(cls, texts: Sequence[str]) -> LeftOut:
        """Each text is one alternative; ValueError says what was expected and where."""
        return cls(tuple(tuple(_term(part) for part in _parts(text)) for text in texts))

    def takes(self, outcome: Mapping[str, Any]) -> bool:
        """Whether the outcome is to be left out."""
        return any(all(term.holds(outcome) for term in terms) for terms in self.alternatives)

    def __bool__(self) -> bool:
        return bool(self.alternatives)


def _parts(text: str) -> list[str]:
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text)]


def _term(text: str) -> Term:
    matched = _TERM.fullmatch(text)
    if matched is None:
        raise ValueError(f"expected FIELD=VALUE, joined by commas, got {text!r}")
    name, sign, value = matched.group(1), matched.group(2), matched.group(3).strip()
    if name not in FIELDS:
        raise ValueError(f"expected one of {', '.join(FIELDS)}, got {name!r}")
    if name in TEXTS and sign not in ("=", "!="):
        raise ValueError(f"expected = or != after {name}, which is a text, got {sign!r}")
    if not value:
        raise ValueError(f"expected a value after {name}{sign}, got none")
    try:
        return Term(name, sign, _value(name, value))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _value(name: str, text: str) -> str | int | float:
    if name in TIMES:
        return int(text) if text.isdecimal() else millis(text)
    if name in NUMBERS:
        return _number(text)
    return _word(name, text)


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"expected a number, got {text!r}")
    return found


def _word(name: str, text: str) -> str:
    """Enumerations are checked: a misspelt source would leave out nothing, silently."""
    known = WORDS.get(name, (text,))
    if text not in known:
        raise ValueError(f"expected one of {', '.join(known)}, got {text!r}")
    return text
