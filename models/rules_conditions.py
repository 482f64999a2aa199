"""Conditions of rules as Python expressions, written from the checked nodes of a rule file.

A *value* is a number or one of::

    feature: card_count_1h            a feature of the row
    field: country                    a field of the transaction
    attribute: device_risk            a vendor's signal in the transaction's attributes
    ratio: [value, value]             missing where the lower value is missing or zero

each of the last four with an optional `times: 3`. A *condition* is one of::

    all: [condition, ...]   any: [condition, ...]   not: condition
    value with one or more of gt ge lt le eq ne (a value), in / not_in (a list),
    is_missing (true or false)

A comparison with a missing value is false, whichever comparison it is; `is_missing` asks for it.
`not` negates that result: `not: {feature: x, gt: 1}` holds where x is missing.

`all: [{feature: a, ge: 5}, {field: country, ne: BE}]`, a being the row's third, becomes::

    ((x := row[2]) is not None and x >= k0) and ((x := t.get('country')) is not None and x != k1)

No text of a rule file is ever part of an expression: numbers and texts are named constants,
features are indices, fields are those of `FIELDS` (`models.rules_code`).
"""

from __future__ import annotations

from typing import Any

from models.rules_code import Code, Expression
from models.rules_lint import Place, mapping, number, text

NUMBER_FIELDS = frozenset({"amount_minor", "event_time"})
TEXT_FIELDS = frozenset(
    {
        "card_id", "terminal_id", "merchant_id", "currency", "mcc", "entry_mode", "channel",
        "country", "acquirer_id", "message_type",
    }
)  # fmt: skip
BOOLEAN_FIELDS = frozenset({"card_present"})
FIELDS = NUMBER_FIELDS | TEXT_FIELDS | BOOLEAN_FIELDS
"""The transaction's fields that a rule may read."""

_SOURCES = ("feature", "field", "attribute", "ratio")
_COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_TESTS = (*_COMPARISONS, "in", "not_in", "is_missing")
MAX_DEPTH = 16


def condition(node: Any, place: Place, code: Code, depth: int = 0) -> Expression:
    """The expression of one condition; RuleError where the node is none."""
    if depth > MAX_DEPTH:
        raise place.wrong(f"conditions nested at most {MAX_DEPTH} deep", "deeper")
    if isinstance(node, dict) and len(node) == 1:
        key, inner = next(iter(node.items()))
        if key in ("all", "any"):
            return _group(key, inner, place.at(key), code, depth)
        if key == "not":
            return f"(not {condition(inner, place.at('not'), code, depth + 1)})"
    return _comparison(node, place, code)


def value(node: Any, place: Place, code: Code) -> tuple[Expression, str]:
    """The expression of a value, None where it is missing, and its kind: number, text, boolean."""
    if not isinstance(node, dict):
        return code.constant(number(node, place)), "number"
    mapping(node, place, (*_SOURCES, "times"), ())
    sources = [key for key in _SOURCES if key in node]
    if len(sources) != 1:
        raise place.wrong(f"exactly one of {', '.join(_SOURCES)}", node)
    read, kind = _SOURCE[sources[0]](node[sources[0]], place.at(sources[0]), code)
    if "times" not in node:
        return read, kind
    if kind != "number":
        raise place.at("times").wrong("a number to multiply", f"a {kind} value")
    return f"times({read}, {code.constant(number(node['times'], place.at('times')))})", kind


def _group(kind: str, nodes: Any, place: Place, code: Code, depth: int) -> Expression:
    if not isinstance(nodes, list) or not nodes:
        raise place.wrong("a list of at least one condition", nodes)
    parts = [
        condition(node, Place(place.file, place.rule, f"{place.field}[{i}]"), code, depth + 1)
        for i, node in enumerate(nodes)
    ]
    return f"({(' and ' if kind == 'all' else ' or ').join(parts)})"


def _comparison(node: Any, place: Place, code: Code) -> Expression:
    mapping(node, place, ("all", "any", "not", *_SOURCES, "times", *_TESTS), ())
    source = {key: node[key] for key in node if key in (*_SOURCES, "times")}
    tests = [key for key in _TESTS if key in node]
    if not source or not tests or len(source) + len(tests) != len(node):
        raise place.wrong(
            f"all, any or not alone, or one of {', '.join(_SOURCES)} "
            f"with one or more of {', '.join(_TESTS)}",
            node,
        )
    left = value(source, place, code)
    parts = [_test(key, node[key], left, place.at(key), code) for key in tests]
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"


def _test(
    key: str, right: Any, left: tuple[Expression, str], place: Place, code: Code
) -> Expression:
    read, kind = left
    if key == "is_missing":
        return f"({read} {_is(right, place)} None)"
    present = f"(x := {read}) is not None"
    if key in ("in", "not_in"):
        members = code.constant(_members(right, kind, place))
        return f"({present} and x {key.replace('_', ' ')} {members})"
    if kind != "number":
        if key not in ("eq", "ne"):
            raise place.wrong(f"eq, ne, in or not_in for a {kind} value", key)
        constant = code.constant(_constant(right, kind, place))
        return f"({present} and x {_COMPARISONS[key]} {constant})"
    other, other_kind = value(right, place, code)
    if other_kind != "number":
        raise place.wrong("a number value", f"a {other_kind} value")
    if isinstance(right, dict):
        return f"({present} and (y := {other}) is not None and x {_COMPARISONS[key]} y)"
    return f"({present} and x {_COMPARISONS[key]} {other})"


def _is(right: Any, place: Place) -> str:
    if not isinstance(right, bool):
        raise place.wrong("true or false", right)
    return "is" if right else "is not"


def _members(right: Any, kind: str, place: Place) -> frozenset[Any]:
    if not isinstance(right, list) or not right:
        raise place.wrong("a list of at least one value", right)
    return frozenset(_constant(item, kind, place) for item in right)


def _constant(right: Any, kind: str, place: Place) -> Any:
    if kind == "number":
        return number(right, place)
    if kind == "text":
        return text(right, place)
    if not isinstance(right, bool):
        raise place.wrong("true or false", right)
    return right


def _feature(name: Any, place: Place, code: Code) -> tuple[Expression, str]:
    if name not in code.features:
        raise place.wrong(f"a feature of the set ({', '.join(code.features)})", name)
    return f"row[{code.features[name]}]", "number"


def _field(name: Any, place: Place, _code: Code) -> tuple[Expression, str]:
    if name not in FIELDS:
        raise place.wrong(f"a field of the transaction ({', '.join(sorted(FIELDS))})", name)
    kind = "number" if name in NUMBER_FIELDS else "text" if name in TEXT_FIELDS else "boolean"
    return f"t.get({name!r})", kind


def _attribute(name: Any, place: Place, code: Code) -> tuple[Expression, str]:
    return f"attribute(t, {code.constant(text(name, place))})", "number"


def _ratio(nodes: Any, place: Place, code: Code) -> tuple[Expression, str]:
    if not isinstance(nodes, list) or len(nodes) != 2:
        raise place.wrong("a list of two values", nodes)
    (upper, upper_kind), (lower, lower_kind) = (value(node, place, code) for node in nodes)
    if (upper_kind, lower_kind) != ("number", "number"):
        raise place.wrong("two number values", f"{upper_kind} over {lower_kind}")
    return f"ratio({upper}, {lower})", "number"


_SOURCE = {"feature": _feature, "field": _field, "attribute": _attribute, "ratio": _ratio}
