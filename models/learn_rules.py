"""Rules come into force through the learner, which orders everything that decides."""

from __future__ import annotations

from typing import Any

from models.learn import Learner
from models.rules import RuleError, Ruleset

Applied = tuple[str, str, dict[str, Any]]
"""Kind, key and record of the ruleset for `fraud.models`."""


def apply_rules(learner: Learner, rules: Ruleset, where: str = "rules") -> Applied:
    """Put rules in force; raises `RuleError` where their version was used for other rules."""
    name = f"{rules.name}@{rules.version}"
    if learner.rulesets.get(name, rules.sha256) != rules.sha256:
        raise RuleError(
            f"{where}: version",
            expected=f"a version of {rules.name} that was not used for other rules",
            came=rules.version,
        )
    learner.ruleset = {"name": rules.name, "version": rules.version}
    learner.rulesets[name] = rules.sha256
    return "ruleset", f"ruleset/{name}", rules.record()
