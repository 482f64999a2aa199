"""A learner's state as plain data, and taken over again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.audit.chain import Chain
from models.contest.opening import Opening
from models.learn_changes import PLAIN, adopt, take_back
from models.learn_seats import seat
from models.windows.errors import StateFormatError

if TYPE_CHECKING:
    from models.learn import Learner


def data(learner: Learner) -> dict[str, Any]:
    """All that `restore` needs."""
    return {
        "feature_spec": learner.feature_spec, "names": list(learner.names),
        "competitors": {name: one.pack() for name, one in learner.competitors.items()},
        "memory": learner.memory.pack(), "watch": learner.watch.data(), "counts": learner.counts,
        "trail": learner.trail.data(), "opening": learner.opening.data(),
        "silence": learner.silence_ms,
        **{name: getattr(learner, name) for name in PLAIN},
    }  # fmt: skip


def restore(learner: Learner, state: Mapping[str, Any]) -> None:
    """Make a new learner what `data` says; raises `StateFormatError` where others compete."""
    adopt(learner, state["changes"])
    seat(learner)
    if [*state["competitors"]] != [*learner.competitors]:
        raise StateFormatError(
            "learner", expected=f"competitors {[*learner.competitors]}",
            came=[*state["competitors"]],
        )  # fmt: skip
    for name, one in learner.competitors.items():
        one.restore(state["competitors"][name])
    learner.memory.restore(state["memory"])
    learner.watch.restore(state["watch"])
    learner.trail = Chain(*state["trail"])
    learner.counts = dict(state["counts"])
    learner.opening = Opening.of(state["opening"])
    learner.silence_ms = state["silence"]
    take_back(learner, state)
