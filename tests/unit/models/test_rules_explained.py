"""Every comparison of a rule: its value, whether it held, whether it alone decided."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules import baseline, compile_ruleset
from models.rules_explained import explained

NAMES = ("a", "b", "c")
Leaf = st.builds(
    lambda name, test, bound: {"feature": name, test: bound},
    st.sampled_from(NAMES), st.sampled_from(["gt", "ge", "lt", "le", "eq", "ne"]),
    st.integers(0, 3),
)  # fmt: skip
When = st.recursive(
    Leaf,
    lambda inner: st.one_of(
        st.builds(lambda kind, parts: {kind: parts}, st.sampled_from(["all", "any"]),
                  st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)  # fmt: skip
Rows = st.lists(st.one_of(st.none(), st.integers(0, 3).map(float)), min_size=3, max_size=3)


def ruleset(when: Any) -> str:
    rule = {"code": "RULE", "title": "t", "action": "REVIEW", "when": when, "text": "fired"}
    return yaml.safe_dump({"name": "mine", "version": 1, "rules": [rule]})


def verdict(node: Any, holds: list[bool]) -> bool:
    """Naive: replaces each comparison by one that is always true, or never, and compiles that."""
    left = iter(holds)

    def replaced(node: Any) -> Any:
        for kind in ("all", "any"):
            if kind in node:
                return {kind: [replaced(part) for part in node[kind]]}
        if "not" in node:
            return {"not": replaced(node["not"])}
        return {"feature": "a", "ge" if next(left) else "lt": 0}

    return bool(compile_ruleset(ruleset(replaced(node)), names=NAMES).evaluate([0.0] * 3, {}))


@settings(max_examples=40, deadline=None)
@given(When, Rows)
def test_a_test_is_decisive_if_the_rule_hangs_on_it(when: Any, row: list[float | None]) -> None:
    (rule,) = explained(ruleset(when), row, {}, NAMES)
    compiled = compile_ruleset(ruleset(when), names=NAMES)
    assert rule.fired is bool(compiled.evaluate(row, {}))
    holds = [test.holds for test in rule.comparisons]
    assert verdict(when, holds) is rule.fired
    for at, test in enumerate(rule.comparisons):
        other = [held is not (place == at) for place, held in enumerate(holds)]
        assert test.decisive is (verdict(when, other) is not rule.fired)


def test_values_and_texts_read_as_the_rule_does() -> None:
    when = {"all": [
        {"ratio": [{"feature": "a"}, {"feature": "b"}], "ge": 0.5, "lt": 2},
        {"feature": "a", "times": 2, "gt": {"feature": "c", "times": 3}},
        {"field": "country", "not_in": ["BE", "LU"]},
        {"attribute": "device", "is_missing": True},
    ]}  # fmt: skip
    (rule,) = explained(ruleset(when), [4.0, 4.0, 1.0], {"country": "FR"}, NAMES)
    assert [(test.text, test.value) for test in rule.comparisons] == [
        ("a / b ge 0.5 and lt 2", 1.0),
        ("a x 2 gt c x 3", 8.0),
        ("country not_in ['BE', 'LU']", "FR"),
        ("device is_missing True", None),
    ]
    assert rule.fired
    assert all(test.decisive for test in rule.comparisons)


@pytest.mark.parametrize("fill", [None, 0.0, 50.0])
def test_the_shipped_rules_are_explained_as_they_fire(fill: float | None) -> None:
    rules = baseline()
    names = compile_ruleset(rules.yaml)
    from models.features import FEATURES  # noqa: PLC0415

    row = [fill] * len(FEATURES.names)
    transaction = {"amount_minor": 5, "currency": "EUR", "terminal_id": "t", "card_id": "c"}
    found = explained(rules.yaml, row, transaction)
    fired = {hit.code: hit.text for hit in names.evaluate(row, transaction)}
    assert {rule.code: rule.text for rule in found if rule.fired} == fired
    assert all(rule.text is None for rule in found if not rule.fired)
    assert len(found) == len(rules.rules)
    assert len(list(itertools.chain.from_iterable(rule.comparisons for rule in found))) >= len(
        found
    )
