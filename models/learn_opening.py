"""The learner asks whether its first model may be published yet: `models.contest.opening`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.contest.competitor import Lesson, Member
from models.learn_policy import due

if TYPE_CHECKING:
    from models.learn import Learner


def foreseen(learner: Learner, row: Sequence[float | None]) -> float | None:
    """What the first champion says of a row that it is about to learn, where that is asked; of a
    combination, which has nothing to say yet, the first competitor."""
    policy = learner.policy
    if not learner.opening.looks(clean(learner), policy.first, policy.clean_share):
        return None
    first = [learner.competitors[policy.champion], *learner.competitors.values()]
    return next(one.model.score(row) for one in first if isinstance(one, Member))


def look(learner: Learner, lesson: Lesson, said: float | None) -> None:
    """Look whether a first model may be published after the lesson just learned."""
    learned, policy = learner.counts["learned"], learner.policy
    if said is not None:
        learner.opening.note(
            learned, policy.first, score=said, fraud=lesson.fraud, weight=lesson.weight
        )
    elif due(learned, policy):
        learner.opening.first_due(learned, clean(learner), policy.clean_share)


def comes_early(learner: Learner) -> bool:
    """Whether a fraud is to be left out: it came long before its legitimate contemporaries."""
    policy, frauds = learner.policy, learner.counts["frauds"]
    return learner.opening.leaves_out(clean(learner), frauds, policy.first, policy.clean_share)


def clean(learner: Learner) -> int:
    """Transactions learned as legitimate, each once."""
    counts = learner.counts
    return counts["learned"] - counts["corrected"] - counts["frauds"]
