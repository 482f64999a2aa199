"""Compiled conditions against a naive interpreter of the same data."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.rules import compile_ruleset

NAMES = ("a", "b", "c")
numbers = st.integers(-3, 3).map(float)
values = st.one_of(
    st.sampled_from(NAMES).map(lambda name: {"feature": name}),
    st.tuples(st.sampled_from(NAMES), numbers).map(lambda p: {"feature": p[0], "times": p[1]}),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(
        lambda p: {"ratio": [{"feature": p[0]}, {"feature": p[1]}]}
    ),
)
tests = st.one_of(
    st.tuples(st.sampled_from(["gt", "ge", "lt", "le", "eq", "ne"]), numbers | values),
    st.tuples(st.sampled_from(["in", "not_in"]), st.lists(numbers, min_size=1, max_size=3)),
    st.tuples(st.just("is_missing"), st.booleans()),
)
leaves = st.tuples(values, tests).map(lambda p: {**p[0], p[1][0]: p[1][1]})
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def naive_value(node: Any, row: dict[str, float | None]) -> float | None:
    if not isinstance(node, dict):
        return float(node)
    if "ratio" in node:
        over, under = (naive_value(part, row) for part in node["ratio"])
        return None if over is None or not under else over / under
    found = row[node["feature"]]
    return None if found is None else found * node.get("times", 1.0)


def naive(node: dict[str, Any], row: dict[str, float | None]) -> bool:
    if "all" in node:
        return all(naive(part, row) for part in node["all"])
    if "any" in node:
        return any(naive(part, row) for part in node["any"])
    return not naive(node["not"], row) if "not" in node else naive_test(node, row)


def naive_test(node: dict[str, Any], row: dict[str, float | None]) -> bool:
    left = naive_value(node, row)
    name = next(key for key in node if key not in ("feature", "ratio", "times"))
    if name == "is_missing":
        return (left is None) is node[name]
    if name in ("in", "not_in"):
        return left is not None and (left in node[name]) == (name == "in")
    right = naive_value(node[name], row)
    if left is None or right is None:
        return False
    return {
        "gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right,
        "eq": left == right, "ne": left != right,
    }[name]  # fmt: skip


@given(conditions, st.lists(st.none() | numbers, min_size=3, max_size=3))
def test_compiled_equals_naive(condition: dict[str, Any], row: list[float | None]) -> None:
    rule = {"code": "AAA", "title": "a", "action": "NOTE", "when": condition, "text": "x"}
    source = json.dumps({"name": "t", "version": 1, "rules": [rule]})  # JSON is YAML
    fired = bool(compile_ruleset(source, names=NAMES).evaluate(row, {}))
    assert fired is naive(condition, dict(zip(NAMES, row, strict=True)))
