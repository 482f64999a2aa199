"""Rules come into force through the learner, which orders everything that decides."""

from __future__ import annotations

from typing import Any

from models.learn import Learner
from models.rules import RuleError, Ruleset, compile_ruleset
from models.rules_life import acts, next_version, with_modes

Applied = tuple[str, str, dict[str, Any]]
"""Kind, key and record of the ruleset for `fraud.models`."""


def ruleset_ref(learner: Learner) -> str:
    """The ruleset in force as people write it: `mine@3`; empty before the first."""
    return "{name}@{version}".format(**learner.ruleset) if learner.ruleset else ""


def apply_rules(learner: Learner, rules: Ruleset, where: str = "rules") -> Applied:
    """Put rules in force; raises `RuleError` where their version was used for other rules."""
    name = f"{rules.name}@{rules.version}"
    if learner.rulesets.get(name, rules.sha256) != rules.sha256:
        raise RuleError(
            f"{where}: version",
            expected=f"a version of {rules.name} that was not used for other rules",
            came=rules.version,
            todo="A version is never overwritten: the next free one is "
            f"{next_version(rules.name, learner.rulesets)}.",
        )
    learner.ruleset = {"name": rules.name, "version": rules.version}
    learner.rulesets[name] = rules.sha256
    learner.rules_yaml = rules.yaml
    return "ruleset", f"ruleset/{name}", rules.record()


def demote_rule(learner: Learner, code: str, ruleset: str, note: str) -> Applied | None:
    """Put one rule in shadow, as the next version of the rules in force.

    None, and nothing has changed, where another ruleset than `ruleset` is in force by now, or the
    rule does not act in it: each partition asks by itself, and the first one was heard.
    """
    if ruleset != ruleset_ref(learner) or not acts(learner.rules_yaml, code):
        return None
    version = next_version(learner.ruleset["name"], learner.rulesets)
    source = with_modes(learner.rules_yaml, {code: "shadow"}, version, note)
    return apply_rules(learner, compile_ruleset(source, file=f"{ruleset} without {code}"))
