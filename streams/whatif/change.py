"""A change that is asked about: other rules, another threshold, another model, in isolation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.decision import Control
from models.rules import RuleError, Ruleset, compile_ruleset
from models.rules_life import acting, with_modes
from models.scorer import ModelScorer
from streams.agents.score import InForce


@dataclass
class Change:
    """What is different; the rest stays as it was in force at each moment of the log.

    Attributes:
        rules: take the place of whatever rules were in force.
        activate: rules that act where they were in shadow.
        threshold: the score from which the model asks for a review, in (0, 1].
        scorer: takes the place of whatever model, or none, was in force.
        scorer_threshold: the one it was published with; `threshold` goes before it.
    """

    rules: Ruleset | None = None
    activate: tuple[str, ...] = ()
    threshold: float | None = None
    scorer: ModelScorer | None = None
    scorer_threshold: float | None = None
    _made: dict[str, Ruleset] = field(default_factory=dict, repr=False)
    activated: set[str] = field(default_factory=set, repr=False)

    def of(self, live: InForce) -> InForce:
        """What would have been in force in the place of `live`."""
        rules = self._rules(live.ruleset)
        scorer = live.scorer if self.scorer is None else self.scorer
        marker = {
            "sequence": live.control.sequence,
            "model": None if scorer is None else scorer.ref,
            "ruleset": {"name": rules.name, "version": rules.version},
            "threshold": self._threshold(live),
            "control_share": live.control.share.record(),
        }
        return InForce(Control.of(marker), rules, scorer)

    def data(self) -> dict[str, Any]:
        """The change as JSON shows it."""
        rules, scorer = self.rules, self.scorer
        return {
            "rules": None if rules is None else f"{rules.name}@{rules.version}",
            "activate": list(self.activate),
            "model": None if scorer is None else "{name}@{version}".format(**scorer.ref),
            "threshold": self.threshold if self.threshold is not None else self.scorer_threshold,
        }

    def check(self) -> None:
        """Raise `RuleError` where a rule to activate was in shadow in no rules of the log."""
        missing = [code for code in self.activate if code not in self.activated]
        if missing:
            raise RuleError(
                "--activate", expected="rules in shadow in the rules that were in force",
                came=", ".join(missing), todo="`fraud rules list` shows them.",
            )  # fmt: skip

    def _threshold(self, live: InForce) -> float:
        for wanted in (self.threshold, self.scorer_threshold):
            if wanted is not None:
                return wanted
        return live.control.threshold

    def _rules(self, live: Ruleset) -> Ruleset:
        rules = live if self.rules is None else self.rules
        if rules.sha256 not in self._made:
            self._made[rules.sha256] = self._activated(rules)
        return self._made[rules.sha256]

    def _activated(self, rules: Ruleset) -> Ruleset:
        known = {one.code for one in rules.rules} - set(acting(rules.yaml))
        codes = [code for code in self.activate if code in known]
        self.activated.update(codes)
        if not codes:
            return rules
        return compile_ruleset(with_modes(rules.yaml, dict.fromkeys(codes, "active")))
