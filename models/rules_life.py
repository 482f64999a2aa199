"""The life of a rule: shadow first, active when somebody says so, shadow again if it misfires.

```text
 new or changed ──► shadow ──► active ──► shadow (by hand, or by its own fire rate)
```

A step changes one thing, the `mode` of some rules, and makes a new version of the ruleset: a
version, once published, never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from models.rules_lint import RuleError, parse

BEHAVIOUR = ("when", "action")
"""What a rule does. Its title, text and values only say so."""
_WIDTH = 100


class Difference(NamedTuple):
    """How a ruleset differs from another, by rule codes in file order.

    `changed` fire on other transactions, or do something else; `modes` differ in their mode alone.
    """

    added: list[str]
    changed: list[str]
    removed: list[str]
    modes: list[str]


def difference(new: str, old: str) -> Difference:
    """How the ruleset `new` differs from `old`, both YAML that compiles.

    >>> old = "{name: m, version: 1, rules: [{code: A, action: NOTE, when: 1}]}"
    >>> new = "{name: m, version: 2, rules: [{code: A, action: REVIEW, when: 1}, {code: B}]}"
    >>> difference(new, old)
    Difference(added=['B'], changed=['A'], removed=[], modes=[])
    """
    mine, theirs = _rules(new), _rules(old)
    both = [code for code in mine if code in theirs]
    changed = [code for code in both if _behaviour(mine[code]) != _behaviour(theirs[code])]
    return Difference(
        [code for code in mine if code not in theirs],
        changed,
        [code for code in theirs if code not in mine],
        [c for c in both if c not in changed and _mode(mine[c]) != _mode(theirs[c])],
    )


def shadow_first(new: str, in_force: str) -> tuple[str, list[str]]:
    """`new` with every rule in shadow that is not in force as it stands, and their codes.

    A rule stays active where one of its code is active in `in_force` and does the same. The text
    comes back untouched where nothing has to change.
    """
    mine, theirs = _rules(new), _rules(in_force)
    codes = [
        code for code, rule in mine.items()
        if _mode(rule) == "active" and not _acts_alike(rule, theirs.get(code))
    ]  # fmt: skip
    return (with_modes(new, dict.fromkeys(codes, "shadow")) if codes else new), codes


def with_modes(
    source: str, modes: Mapping[str, str], version: int | None = None, note: str = ""
) -> str:
    """The ruleset with other modes of some rules, as another `version`, under a comment `note`.

    The YAML is written anew, so comments are lost. Raises `RuleError` for a code that is not there.

    >>> print(with_modes("{name: m, version: 1, rules: [{code: A}]}", {"A": "shadow"}, 2, "why"))
    # why
    name: m
    version: 2
    rules:
    - code: A
      mode: shadow
    <BLANKLINE>
    """
    document = dict(parse(source, "ruleset"))
    unknown = [code for code in modes if code not in _rules(source)]
    if unknown:
        raise RuleError(
            f"ruleset {document['name']}@{document['version']}",
            expected=f"one of its rules: {', '.join(_rules(source)) or 'it has none'}",
            came=", ".join(unknown), todo="`fraud rules list` shows them.",
        )  # fmt: skip
    document["version"] = document["version"] if version is None else version
    document["rules"] = [
        {**rule, "mode": modes[rule["code"]]} if rule["code"] in modes else rule
        for rule in document["rules"]
    ]
    head = "".join(f"# {' '.join(note.split())}\n" if note else "")
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return head + text


def acts(source: str, code: str) -> bool:
    """Whether a rule of this code is there, active, and changes decisions (a NOTE does not)."""
    rule = _rules(source).get(code)
    return rule is not None and _mode(rule) == "active" and rule["action"] != "NOTE"


def acting(source: str) -> list[str]:
    """The codes of the rules that are active, in file order."""
    return [code for code, rule in _rules(source).items() if _mode(rule) == "active"]


def next_version(name: str, used: Iterable[str]) -> int:
    """The number after the highest version of a name among references such as `mine@3`.

    >>> next_version("mine", ["mine@3", "mine@11", "other@40"])
    12
    """
    numbers = [re.fullmatch(rf"{re.escape(name)}@(\d+)", ref) for ref in used]
    return 1 + max((int(found[1]) for found in numbers if found), default=0)


def _rules(source: str) -> dict[str, Mapping[str, Any]]:
    return {rule["code"]: rule for rule in parse(source, "ruleset")["rules"]}


def _mode(rule: Mapping[str, Any]) -> str:
    return str(rule.get("mode", "active"))


def _behaviour(rule: Mapping[str, Any]) -> list[Any]:
    return [rule.get(field) for field in BEHAVIOUR]


def _acts_alike(rule: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    return other is not None and _mode(other) == "active" and _behaviour(rule) == _behaviour(other)
