"""Conditions of rules as closures over (feature row, transaction), compiled once.

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
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.rules_lint import Place, mapping, number, text

Row = Sequence[float | None]
"""A feature row in the order of the feature set's names; None is a missing value."""
Condition = Callable[[Row, Mapping[str, Any]], bool]
Value = Callable[[Row, Mapping[str, Any]], Any]

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
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}
_TESTS = (*_COMPARISONS, "in", "not_in", "is_missing")
MAX_DEPTH = 16


def condition(node: Any, place: Place, features: Mapping[str, int], depth: int = 0) -> Condition:
    """Compile one condition; `features` maps a feature's name to its index in the row."""
    if depth > MAX_DEPTH:
        raise place.wrong(f"conditions nested at most {MAX_DEPTH} deep", "deeper")
    if isinstance(node, dict) and len(node) == 1:
        key, inner = next(iter(node.items()))
        if key in ("all", "any"):
            return _group(key, inner, place.at(key), features, depth)
        if key == "not":
            return _negated(condition(inner, place.at("not"), features, depth + 1))
    return _comparison(node, place, features)


def value(node: Any, place: Place, features: Mapping[str, int]) -> tuple[Value, str]:
    """Compile a value; returns its reader and its kind: number, text or boolean."""
    if not isinstance(node, dict):
        constant = number(node, place)
        return (lambda _row, _transaction: constant), "number"
    mapping(node, place, (*_SOURCES, "times"), ())
    sources = [key for key in _SOURCES if key in node]
    if len(sources) != 1:
        raise place.wrong(f"exactly one of {', '.join(_SOURCES)}", node)
    read, kind = _SOURCE[sources[0]](node[sources[0]], place.at(sources[0]), features)
    if "times" not in node:
        return read, kind
    if kind != "number":
        raise place.at("times").wrong("a number to multiply", f"a {kind} value")
    return _times(read, number(node["times"], place.at("times"))), kind


def _group(
    kind: str, nodes: Any, place: Place, features: Mapping[str, int], depth: int
) -> Condition:
    if not isinstance(nodes, list) or not nodes:
        raise place.wrong("a list of at least one condition", nodes)
    parts = tuple(
        condition(node, Place(place.file, place.rule, f"{place.field}[{i}]"), features, depth + 1)
        for i, node in enumerate(nodes)
    )
    return _every(parts) if kind == "all" else _some(parts)


def _every(parts: tuple[Condition, ...]) -> Condition:
    if len(parts) == 1:
        return parts[0]

    def every(row: Row, transaction: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110 a generator expression costs twice as much here
            if not part(row, transaction):
                return False
        return True

    return every


def _some(parts: tuple[Condition, ...]) -> Condition:
    def some(row: Row, transaction: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110 as above
            if part(row, transaction):
                return True
        return False

    return some


def _negated(part: Condition) -> Condition:
    return lambda row, transaction: not part(row, transaction)


def _comparison(node: Any, place: Place, features: Mapping[str, int]) -> Condition:
    mapping(node, place, ("all", "any", "not", *_SOURCES, "times", *_TESTS), ())
    source = {key: node[key] for key in node if key in (*_SOURCES, "times")}
    tests = [key for key in _TESTS if key in node]
    if not source or not tests or len(source) + len(tests) != len(node):
        raise place.wrong(
            f"all, any or not alone, or one of {', '.join(_SOURCES)} "
            f"with one or more of {', '.join(_TESTS)}",
            node,
        )
    left = value(source, place, features)
    index = features[source["feature"]] if list(source) == ["feature"] else None
    return _every(
        tuple(
            _test(key, node[key], left, index=index, place=place.at(key), features=features)
            for key in tests
        )
    )


def _test(
    key: str, right: Any, left: tuple[Value, str], *, index: int | None, place: Place,
    features: Mapping[str, int],
) -> Condition:  # fmt: skip
    read, kind = left
    if key == "is_missing":
        return _missing(read, right, place)
    if key in ("in", "not_in"):
        return _member(read, _members(right, kind, place), key == "in")
    compare = _COMPARISONS[key]
    if kind != "number":
        if key not in ("eq", "ne"):
            raise place.wrong(f"eq, ne, in or not_in for a {kind} value", key)
        return _against(read, _constant(right, kind, place), compare)
    if isinstance(right, dict):
        return _between(read, value(right, place, features), compare, place)
    if index is not None:
        return _feature_against(index, number(right, place), compare)
    return _against(read, number(right, place), compare)


def _missing(read: Value, right: Any, place: Place) -> Condition:
    if not isinstance(right, bool):
        raise place.wrong("true or false", right)
    return lambda row, transaction: (read(row, transaction) is None) is right


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


def _feature_against(index: int, right: float, compare: Callable[[Any, Any], bool]) -> Condition:
    def test(row: Row, _transaction: Mapping[str, Any]) -> bool:
        left = row[index]
        return left is not None and compare(left, right)

    return test


def _against(read: Value, right: Any, compare: Callable[[Any, Any], bool]) -> Condition:
    def test(row: Row, transaction: Mapping[str, Any]) -> bool:
        left = read(row, transaction)
        return left is not None and compare(left, right)

    return test


def _between(
    read: Value, other: tuple[Value, str], compare: Callable[[Any, Any], bool], place: Place
) -> Condition:
    read_other, kind = other
    if kind != "number":
        raise place.wrong("a number value", f"a {kind} value")

    def test(row: Row, transaction: Mapping[str, Any]) -> bool:
        left = read(row, transaction)
        if left is None:
            return False
        right = read_other(row, transaction)
        return right is not None and compare(left, right)

    return test


def _member(read: Value, members: frozenset[Any], inside: bool) -> Condition:
    def test(row: Row, transaction: Mapping[str, Any]) -> bool:
        left = read(row, transaction)
        return left is not None and (left in members) is inside

    return test


def _feature(name: Any, place: Place, features: Mapping[str, int]) -> tuple[Value, str]:
    if name not in features:
        raise place.wrong(f"a feature of the set ({', '.join(features)})", name)
    index = features[name]
    return (lambda row, _transaction: row[index]), "number"


def _field(name: Any, place: Place, _features: Mapping[str, int]) -> tuple[Value, str]:
    if name not in FIELDS:
        raise place.wrong(f"a field of the transaction ({', '.join(sorted(FIELDS))})", name)
    kind = "number" if name in NUMBER_FIELDS else "text" if name in TEXT_FIELDS else "boolean"
    return (lambda _row, transaction: transaction.get(name)), kind


def _attribute(name: Any, place: Place, _features: Mapping[str, int]) -> tuple[Value, str]:
    text(name, place)

    def read(_row: Row, transaction: Mapping[str, Any]) -> float | None:
        found: float | None = (transaction.get("attributes") or {}).get(name)
        return None if found is None or found - found else found  # NaN, infinity: missing

    return read, "number"


def _ratio(nodes: Any, place: Place, features: Mapping[str, int]) -> tuple[Value, str]:
    if not isinstance(nodes, list) or len(nodes) != 2:
        raise place.wrong("a list of two values", nodes)
    (upper, upper_kind), (lower, lower_kind) = (value(node, place, features) for node in nodes)
    if (upper_kind, lower_kind) != ("number", "number"):
        raise place.wrong("two number values", f"{upper_kind} over {lower_kind}")

    def read(row: Row, transaction: Mapping[str, Any]) -> float | None:
        over, under = upper(row, transaction), lower(row, transaction)
        return over / under if over is not None and under else None

    return read, "number"


def _times(read: Value, factor: float) -> Value:
    def product(row: Row, transaction: Mapping[str, Any]) -> float | None:
        found = read(row, transaction)
        return None if found is None else found * factor

    return product


_SOURCE = {"feature": _feature, "field": _field, "attribute": _attribute, "ratio": _ratio}
