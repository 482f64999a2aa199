"""A ruleset's conditions one by one: what each compared, whether it held, and which of them alone
kept a rule from silence.

>>> rules = '''
... name: mine
... version: 1
... rules:
...   - code: LARGE
...     title: A large amount
...     action: REVIEW
...     when: {all: [{field: amount_minor, ge: 100}, {field: currency, ne: USD}]}
...     text: large
... '''
>>> (rule,) = explained(rules, [], {"amount_minor": 120, "currency": "EUR"}, names=())
>>> rule.fired, [(one.text, one.value, one.decisive) for one in rule.comparisons]
(True, [('amount_minor ge 100', 120, True), ('currency ne USD', 'EUR', True)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.features import FEATURES
from models.rules import compile_ruleset
from models.rules_code import Code, Row
from models.rules_conditions import condition, value
from models.rules_lint import Place, parse

_SOURCES = ("feature", "field", "attribute", "ratio")
Holds = Callable[[Any], bool]


@dataclass(frozen=True)
class Comparison:
    """One comparison: its text, the value compared, whether it held, and whether the rule's
    verdict would be another if it alone had come out otherwise."""

    text: str
    value: Any
    holds: bool
    decisive: bool


@dataclass(frozen=True)
class ExplainedRule:
    """One rule and its comparisons, in file order; `text` is the reason it gave if it fired."""

    code: str
    title: str
    action: str
    shadow: bool
    fired: bool
    text: str | None
    comparisons: tuple[Comparison, ...]


def explained(
    source: str, row: Row, transaction: Mapping[str, Any], names: Sequence[str] = FEATURES.names
) -> list[ExplainedRule]:
    """Every rule of a rule file on one row; raises `RuleError` as compiling does."""
    ruleset = compile_ruleset(source, names=names)
    texts = {hit.code: hit.text for hit in ruleset.evaluate(row, transaction)}
    nodes = parse(source, "<ruleset>")["rules"]
    found = []
    for rule, node in zip(ruleset.rules, nodes, strict=True):
        made = tuple(_comparisons(node["when"], row, transaction, names))
        said = texts.get(rule.code)
        found.append(
            ExplainedRule(
                rule.code, rule.title, rule.action, rule.shadow, said is not None, said, made
            )
        )
    return found


def _comparisons(
    when: Any, row: Row, transaction: Mapping[str, Any], names: Sequence[str]
) -> Iterator[Comparison]:
    leaves = list(_leaves(when))
    holds = [_of(leaf, row, transaction, names) for leaf in leaves]
    verdict = _verdict(when, iter(holds))
    for at, leaf in enumerate(leaves):
        other = [held is not (place == at) for place, held in enumerate(holds)]
        source = {key: leaf[key] for key in leaf if key in (*_SOURCES, "times")}
        yield Comparison(
            _text(leaf), _value(source, row, transaction, names), holds[at],
            _verdict(when, iter(other)) is not verdict,
        )  # fmt: skip


def _leaves(node: Any) -> Iterator[Any]:
    for kind in ("all", "any"):
        if kind in node:
            for inner in node[kind]:
                yield from _leaves(inner)
            return
    if "not" in node:
        yield from _leaves(node["not"])
    else:
        yield node


def _verdict(node: Any, holds: Iterator[bool]) -> bool:
    """What the whole comes to, its comparisons having come out as `holds`, in order."""
    for kind, come_to in (("all", all), ("any", any)):
        if kind in node:  # every part takes its own from `holds`: no short cut
            parts = [_verdict(inner, holds) for inner in node[kind]]
            return come_to(parts)
    return not _verdict(node["not"], holds) if "not" in node else next(holds)


def _of(leaf: Any, row: Row, transaction: Mapping[str, Any], names: Sequence[str]) -> bool:
    code = Code(names)
    return bool(code.fired([condition(leaf, Place("<ruleset>"), code)])(row, transaction))


def _value(source: Any, row: Row, transaction: Mapping[str, Any], names: Sequence[str]) -> Any:
    code = Code(names)
    return code.value(value(source, Place("<ruleset>"), code)[0])(row, transaction)


def _text(node: Any) -> str:
    """A comparison as one reads it: `card_count_1h ge 6`."""
    if not isinstance(node, dict):
        return str(node)
    (kind,) = (key for key in _SOURCES if key in node)
    inner = node[kind]
    read = " / ".join(map(_text, inner)) if kind == "ratio" else str(inner)
    times = f" x {node['times']}" if "times" in node else ""
    tests = [f"{key} {_text(node[key])}" for key in node if key not in (*_SOURCES, "times")]
    return " ".join([read + times, " and ".join(tests)]).strip()
