"""What `fraud rules` prints without `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def described(found: Mapping[str, Any]) -> str:
    """A rule file's rules."""
    head = f"{found['ruleset']}: {len(found['rules'])} rules, sha256 {found['sha256']}"
    return "\n".join([head, *_rules(found["rules"])])


def table(found: Mapping[str, Any]) -> str:
    """The versions, one a line, a star before the one in force; then its rules."""
    width = max(len(one["version"]) for one in found["versions"])
    lines = [
        f"{'*' if one['in_force'] else ' '} {one['version']:{width}}  {one['published']}  "
        f"{one['actor'] or 'shipped'}{': ' if one['reason'] else ''}{one['reason']}"
        + (f"  in shadow: {', '.join(one['shadow'])}" if one["shadow"] else "")
        for one in found["versions"]
    ]
    return "\n".join([*lines, f"in force: {found['in_force']}", *_rules(found["rules"])])


def ordered(found: Mapping[str, Any]) -> str:
    """What an order came to."""
    said = [f"in force: {found['in_force']}, in the place of {found['before']} ({found['reason']})"]
    for what in ("added", "changed", "removed"):
        if found[what]:
            said.append(f"{what}: {', '.join(found[what])}")
    if found["shadow"]:
        said.append(
            f"in shadow: {', '.join(found['shadow'])}; watch fraud_rule_hits_total, ask "
            "`fraud whatif --activate`, then `fraud rules activate`"
        )
    if found["no_longer_acting"]:
        said.append(
            f"no longer acting until activated: {', '.join(found['no_longer_acting'])} "
            "(a changed rule's former self is gone; keep it under another code to go on with it)"
        )
    return "\n".join(said)


def _rules(rules: list[dict[str, str]]) -> list[str]:
    width = max((len(rule["code"]) for rule in rules), default=0)
    return [
        f"  {rule['code']:{width}}  {rule['action']:9}  {rule['mode']:6}  {rule['title']}"
        for rule in rules
    ]
