"""What commands change of a learner: to put it aside and take it back, and to change its policy."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.learn_policy import alert_threshold
from models.policy_changes import changed
from schemas.errors import InvalidField

if TYPE_CHECKING:
    from models.learn import Learner

PLAIN = (
    "champion", "in_force", "held", "frozen", "excluded", "promoted_at", "watermark",
    "trained_from", "ruleset", "rulesets", "rules_yaml", "pending", "changes",
    "rules_alone", "rebuilt_at", "dropped",
)  # fmt: skip
"""The learner's plain data: all that carrying out a command may change."""


def plain(learner: Learner) -> dict[str, Any]:
    """A copy of it."""
    return copy.deepcopy({name: getattr(learner, name) for name in PLAIN})


def take_back(learner: Learner, kept: Mapping[str, Any]) -> None:
    """Make it what `plain` had given."""
    for name in PLAIN:
        setattr(learner, name, kept[name])
    adopt(learner, learner.changes)


def adopt(learner: Learner, changes: Mapping[str, Any]) -> None:
    """Go by the policy that the learner began with, these settings in place of its own.

    Raises `InvalidField` for a setting that it cannot have; then nothing has changed. Whom the
    policy names competes once they are seated (`models.learn_seats`): a command may be rehearsed.
    """
    policy = changed(learner.defaults, changes)
    if learner.champion not in policy.entered:
        raise InvalidField(
            "command.payload.set.separate", came=[*policy.separate],
            expected=f"{learner.champion}, the champion, among them",
            todo="Promote another one before it.",
        )  # fmt: skip
    learner.policy = policy
    learner.changes = dict(changes)
    for one in learner.competitors.values():
        one.policy = learner.policy


def recalibrate(learner: Learner) -> bool:
    """Give the version in force a new threshold, if one is due after the outcome just learned and
    none is held; whether that changed it."""
    every, before = learner.policy.recalibrate, learner.in_force
    if not every or learner.counts["learned"] % every or before is None or learner.is_held:
        return False
    ranked = learner.competitors[learner.champion].ranked
    learner.in_force = (before[0], alert_threshold(ranked, learner.policy.alerts_per_1000))
    return learner.in_force != before
