"""Who competes: the policy's names become competitors."""

from __future__ import annotations

from collections.abc import Sequence

from models.contest.competitor import COMBINED, Combined, Competitor, Member
from models.contest.separate import Separated
from models.learn_policy import SEPARATE, LearnPolicy


def enter(features: Sequence[str], policy: LearnPolicy) -> dict[str, Competitor]:
    """The policy's competitors by name, without any experience.

    Raises ValueError for a blend of others than competitors before it: who does not learn cannot
    be combined.
    """
    entered: dict[str, Competitor] = {}
    for name in policy.entered:
        if name != COMBINED:
            kind = Separated if name.startswith(SEPARATE) else Member
            entered[name] = kind(name, features, policy)
            continue
        if not entered.keys() >= set(policy.blended):
            raise ValueError(
                f"policy.blended: expected some of {[*entered]}, before {COMBINED}, got "
                f"{policy.blended}; name them among the competitors"
            )
        entered[name] = Combined(policy.blended, features, policy)
        entered[name].row_by_row = any(entered[member].row_by_row for member in policy.blended)
    return entered
