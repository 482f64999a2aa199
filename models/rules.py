"""Rules as data: YAML compiled once into a function, evaluated on every transaction.

>>> rules = compile_ruleset('''
... name: mine
... version: 1
... rules:
...   - code: LARGE_ABROAD
...     title: A large amount outside the home countries
...     action: CHALLENGE
...     when: {all: [{field: amount_minor, ge: 100000}, {field: country, not_in: [BE, LU]}]}
...     text: "{amount_minor:money} in {country}"
... ''', names=())
>>> rules.evaluate([], {"amount_minor": 120000, "currency": "EUR", "country": "FR"})
[Hit(code='LARGE_ABROAD', text='1200.00 EUR in FR', action='CHALLENGE', shadow=False)]
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

from models.features import FEATURES
from models.rules_code import Code, Expression, Fired, Row
from models.rules_conditions import condition, value
from models.rules_lint import Place, RuleError, mapping, parse, text
from models.rules_text import Template, template

__all__ = ["ACTIONS", "Hit", "Rule", "RuleError", "Ruleset", "baseline", "compile_ruleset"]

ACTIONS = ("NOTE", "REVIEW", "CHALLENGE", "DECLINE")
"""Weakest first. A NOTE gives its reason to the decision and never changes it."""
RESERVED = frozenset({"MODEL_SCORE", "CONTROL_SHARE"})
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_RULE_FIELDS = ("code", "title", "action", "mode", "when", "values", "text")


class Hit(NamedTuple):
    """One rule that fired: its code, the text with values, its action, and whether in shadow."""

    code: str
    text: str
    action: str
    shadow: bool = False


@dataclass(frozen=True)
class Rule:
    """One compiled rule. `mode: shadow` evaluates and reports it without letting it act."""

    code: str
    title: str
    action: str
    shadow: bool
    when: Expression = field(repr=False, compare=False)
    text: Template = field(repr=False, compare=False)

    def hit(self, row: Row, transaction: Mapping[str, Any]) -> Hit:
        """That the rule fired, with its reason's text."""
        return Hit(self.code, self.text(row, transaction), self.action, self.shadow)


@dataclass(frozen=True)
class Ruleset:
    """A compiled rule file: its name, version, text and the sha256 of that text."""

    name: str
    version: int
    yaml: str = field(repr=False)
    sha256: str
    rules: tuple[Rule, ...]
    fired: Fired = field(repr=False, compare=False)
    """Which rules fire on a row and its transaction, by number."""

    def evaluate(self, row: Row, transaction: Mapping[str, Any]) -> list[Hit]:
        """The rules that fire on a row (feature order) and its transaction, in file order."""
        return [self.rules[at].hit(row, transaction) for at in self.fired(row, transaction)]

    def record(self) -> dict[str, Any]:
        """The ruleset as it travels on `fraud.models`."""
        return {
            "name": self.name, "version": self.version, "yaml": self.yaml, "sha256": self.sha256
        }  # fmt: skip


def compile_ruleset(
    source: str, *, names: Sequence[str] = FEATURES.names, file: str = "<ruleset>"
) -> Ruleset:
    """Compile a rule file; `names` is the order of the rows that it will see.

    Raises `RuleError`, which names the file, the rule, the field, what was expected and what
    came. Unknown features, fields and keys are refused: a misspelt rule would never fire.
    """
    document = parse(source, file)
    place = Place(file)
    name, version, nodes = document["name"], document["version"], document["rules"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise place.at("name").wrong("a name such as baseline (lower case, digits, - or _)", name)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise place.at("version").wrong("a whole number from 1", version)
    if not isinstance(nodes, list):
        raise place.at("rules").wrong("a list of rules", nodes)
    code = Code(names)
    rules = tuple(_rule(node, place.at(f"rules[{i}]"), code) for i, node in enumerate(nodes))
    _refuse_repeats(rules, place)
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Ruleset(name, version, source, digest, rules, code.fired([r.when for r in rules]))


def baseline() -> Ruleset:
    """The rules that ship, compiled for the default feature set.

    >>> baseline().name
    'baseline'
    """
    file = files("models") / "rulesets" / "baseline.yaml"
    return compile_ruleset(file.read_text(encoding="utf-8"), file="baseline.yaml")


def _rule(node: Any, place: Place, code: Code) -> Rule:
    mapping(node, place, _RULE_FIELDS, ("code", "title", "action", "when", "text"))
    name = node["code"]
    if not isinstance(name, str) or not _CODE.fullmatch(name) or name in RESERVED:
        raise place.at("code").wrong(
            f"an UPPER_SNAKE code that is not one of {', '.join(RESERVED)}", name
        )
    place = Place(place.file, name)
    values = {
        key: code.value(value(inner, place.at(f"values.{key}"), code)[0])
        for key, inner in _values(node, place).items()
    }
    return Rule(
        code=name,
        title=text(node["title"], place.at("title")),
        action=_one_of(node["action"], ACTIONS, place.at("action")),
        shadow=_one_of(node.get("mode", "active"), ("active", "shadow"), place.at("mode"))
        == "shadow",
        when=condition(node["when"], place.at("when"), code),
        text=template(node["text"], values, place.at("text"), code),
    )


def _values(node: Mapping[str, Any], place: Place) -> dict[str, Any]:
    values = node.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise place.at("values").wrong("a mapping from a name to a value", values)
    return values


def _one_of(node: Any, allowed: Sequence[str], place: Place) -> str:
    if node not in allowed:
        raise place.wrong(f"one of {', '.join(allowed)}", node)
    return str(node)


def _refuse_repeats(rules: Sequence[Rule], place: Place) -> None:
    codes = [rule.code for rule in rules]
    for code in codes:
        if codes.count(code) > 1:
            raise Place(place.file, code, "code").wrong("a code used once in the file", code)
