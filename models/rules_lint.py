"""What is wrong with a rule, said so that its author can mend it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from schemas.errors import FraudStreamsError

MAX_BYTES = 262_144
"""Largest rule file that is read: rules travel in one message, and people read them."""
MAX_NESTING = 64
"""Deepest YAML that is read."""


class RuleError(FraudStreamsError):
    """A rule file that cannot be compiled; nothing of it was applied. A retry does not help."""

    code = "RULE_INVALID"
    advice = "Mend the rule and apply the file again."


@dataclass(frozen=True)
class Place:
    """Where in a rule file we are: file, rule code, and the field within the rule.

    >>> str(Place("mine.yaml", "NIGHT", "when").at("all[0]"))
    'mine.yaml: rule NIGHT: when.all[0]'
    """

    file: str
    rule: str = ""
    field: str = ""

    def at(self, field: str) -> Place:
        """The place one step deeper."""
        return replace(self, field=f"{self.field}.{field}" if self.field else field)

    def __str__(self) -> str:
        rule = f"rule {self.rule}" if self.rule else ""
        return ": ".join(part for part in (self.file, rule, self.field) if part)

    def wrong(self, expected: str, came: object) -> RuleError:
        """The error for this place, to be raised by the caller."""
        return RuleError(str(self), expected=expected, came=came)


def mapping(
    node: Any, place: Place, allowed: Collection[str], required: Collection[str]
) -> dict[str, Any]:
    """`node` as a dict whose keys are `allowed` and hold all `required`, or the lint error."""
    if not isinstance(node, dict):
        raise place.wrong(f"a mapping with {', '.join(allowed)}", node)
    for key in node:
        if key not in allowed:
            raise place.at(str(key)).wrong(f"one of {', '.join(allowed)}", key)
    for key in required:
        if key not in node:
            raise place.at(key).wrong("a value (the field is required)", None)
    return node


def number(node: Any, place: Place) -> float:
    """`node` as a finite number (a YAML boolean or text is refused)."""
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise place.wrong("a number (write 1000.0, not 1e3: YAML reads that as text)", node)
    if not math.isfinite(node):
        raise place.wrong("a finite number", node)
    return node


def text(node: Any, place: Place) -> str:
    """`node` as a non-empty text; the hint covers YAML's NO, which is a boolean."""
    if not isinstance(node, str) or not node.strip():
        raise place.wrong("a text (quote codes such as 'NO' or '5999')", node)
    return node


def _problem(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error)
    return f"{error.problem} (line {error.problem_mark.line + 1})"


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys: the second `when` of a rule would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of `node`; a repeated key is an error."""
        pairs = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(pairs):
            if key in pairs[:index]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


def parse(source: str, file: str) -> Mapping[str, Any]:
    """The YAML document as plain data: strict keys, no aliases, bounded size."""
    place = Place(file)
    if len(source.encode()) > MAX_BYTES:
        raise place.wrong(f"at most {MAX_BYTES} bytes", len(source.encode()))
    try:
        _check_shape(source, place)
        document = yaml.load(source, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise place.wrong("YAML", _problem(error)) from error
    return mapping(document, place, ("name", "version", "rules"), ("name", "version", "rules"))


def _check_shape(source: str, place: Place) -> None:
    """Refuse aliases and deep nesting while they are cheap to see."""
    depth = 0
    for event in yaml.parse(source, Loader=_StrictLoader):
        if isinstance(event, yaml.AliasEvent):
            raise place.wrong("rules written out", "a YAML alias (*name)")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise place.wrong(f"YAML nested at most {MAX_NESTING} deep", "deeper nesting")
