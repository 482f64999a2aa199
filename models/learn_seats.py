"""The policy says who competes, and a command may change it: who is new sits down, who is not
named any more leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.contest.entering import enter

if TYPE_CHECKING:
    from models.learn import Learner


def seat(learner: Learner) -> None:
    """Let those compete whom the policy in force names.

    Who was there stays, with all that it learned and published. Who is new has learned nothing, and
    begins with the next outcome; what then reverses an earlier one outweighs a mistake that it
    never made. Learning anew (`models.learn_rebuild`) teaches it the whole log, and mends that.
    """
    before = [*learner.competitors]
    if before == [*learner.policy.entered]:
        return
    made = enter(learner.names, learner.policy)
    places = [before.index(name) if name in before else None for name in made]
    learner.competitors = {name: learner.competitors.get(name, one) for name, one in made.items()}
    learner.memory.reseat(places)
