"""Where the expressions of rules become functions: named constants, and what expressions call.

The function of a rule file of two rules, the second of them `{feature: a, ge: 5}`::

    def fired(row, t):
        found = []
        if (row[7] is None): found.append(0)
        if ((x := row[2]) is not None and x >= k0): found.append(1)
        return found
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Sequence[float | None]
"""A feature row in the order of the feature set's names; None is a missing value."""
Expression = str
"""Python over `row`, the transaction `t`, the constants of a `Code` and this module's functions;
made by `models.rules_conditions` alone."""
Value = Callable[[Row, Mapping[str, Any]], Any]
Fired = Callable[[Row, Mapping[str, Any]], list[int]]


class Code:
    """The constants of one rule file, and its functions.

    >>> code = Code(("a", "b"))
    >>> code.value(f"times(row[1], {code.constant(3)})")([None, 2.0], {})
    6.0
    """

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: the features in the row's order."""
        self.features = {name: index for index, name in enumerate(names)}
        self._scope: dict[str, Any] = {"times": times, "ratio": ratio, "attribute": attribute}

    def constant(self, found: Any) -> Expression:
        """The name of a constant."""
        name = f"k{len(self._scope)}"
        self._scope[name] = found
        return name

    def value(self, expression: Expression) -> Value:
        """A function (row, transaction) of one value."""
        found: Value = self._function("value(row, t)", [f"return {expression}"])
        return found

    def fired(self, conditions: Sequence[Expression]) -> Fired:
        """A function (row, transaction) that says which of the conditions hold, by number."""
        tests = [f"if {test}: found.append({at})" for at, test in enumerate(conditions)]
        made: Fired = self._function("fired(row, t)", ["found = []", *tests, "return found"])
        return made

    def _function(self, head: str, lines: Sequence[str]) -> Any:
        source = "\n    ".join([f"def {head}:", *lines])
        found: dict[str, Any] = {}
        exec(compile(source, f"<rules {head}>", "exec"), self._scope, found)
        return found.popitem()[1]


def times(found: float | None, factor: float) -> float | None:
    """A product, missing where the value is."""
    return None if found is None else found * factor


def ratio(over: float | None, under: float | None) -> float | None:
    """A quotient, missing where a part is missing or the lower one is zero."""
    return over / under if over is not None and under else None


def attribute(transaction: Mapping[str, Any], name: str) -> float | None:
    """A vendor's signal, missing where it is absent, NaN or infinite."""
    found: float | None = (transaction.get("attributes") or {}).get(name)
    return None if found is None or found - found else found
