"""Every topic → stage → topic edge, on one screen.

```text
 role    stage              reads                              writes
 hot     profile            transactions (card)                activity
         score              activity (terminal)                decisions
         alert              decisions (card)                   alerts
 join    join               decisions, labels (card)           outcomes, activity
 learn   learn              outcomes                           models, audit, activity (markers)
 drift   drift-decisions    decisions                          drift-counts, drift, outcomes (rules)
         drift-arrivals     activity                           drift-counts
         drift-merge        drift-counts                       drift
         drift-outcomes     outcomes                           drift
         drift-act          drift                              outcomes (commands, by policy)
 verify  verify             activity (terminal), decisions     -
```

The last is a shadow (`streams.verify.shadow`): it runs where it is asked for, and nobody needs it.

The slow roles import their part when they run: River takes a second or more to import, and the hot
path must not pay for it at each restart.

A role is one Faust app with a group and processes of its own, so that no slow stage gates a fast
one's commits. Every stage may also write ``fraud.dead-letters``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from models.alerts import AlertState
from models.card import CardState
from models.drift.policy import DriftPolicy
from models.join import JoinState
from models.maturity import MaturityPolicy
from models.rule_policy import RatePolicy
from models.terminal import TerminalState
from schemas import topics as t
from streams.agents import alert, join, profile, score
from streams.decision_log import DecisionLog
from streams.outcome_log import OutcomeLog
from streams.published import Library
from streams.stage import Prepare, Stage, at_once


@dataclass(frozen=True)
class World:
    """What the stages are given from outside: Kafka's, or the in-process log's."""

    library: Library
    decisions: DecisionLog
    outcomes: OutcomeLog
    version_ready: Prepare = at_once
    maturity: MaturityPolicy = field(default_factory=MaturityPolicy)
    rates: RatePolicy = field(default_factory=RatePolicy)
    drift: DriftPolicy = field(default_factory=DriftPolicy)


def hot(world: World) -> tuple[Stage, ...]:
    """profile → score → alert: the path a customer waits for."""
    return (
        Stage(
            name="profile", sources=(t.TRANSACTIONS,), targets=(t.ACTIVITY,), partitions=4,
            changelog="fraud-hot-profile-changelog",
            new_state=CardState, unpack_state=CardState.unpack, step=profile.step,
        ),
        Stage(
            name="score", sources=(t.ACTIVITY,), targets=(t.DECISIONS,), partitions=4,
            changelog="fraud-hot-score-changelog",
            new_state=TerminalState, unpack_state=TerminalState.unpack,
            step=score.make_step(world.library),
            split=score.split_at_markers, prepare=world.version_ready,
        ),
        Stage(
            name="alert", sources=(t.DECISIONS,), targets=(t.ALERTS,), partitions=4,
            changelog="fraud-hot-alert-changelog",
            new_state=AlertState, unpack_state=AlertState.unpack, step=alert.step,
        ),
    )  # fmt: skip


def joining(world: World) -> tuple[Stage, ...]:
    """Labels meet decisions."""
    return (
        Stage(
            name="join", sources=(t.DECISIONS, t.LABELS), targets=(t.OUTCOMES, t.ACTIVITY),
            partitions=4, changelog="fraud-join-join-changelog",
            new_state=JoinState, unpack_state=JoinState.unpack,
            step=join.make_step(world.decisions, world.maturity),
            idle=join.make_idle(world.decisions, world.maturity),
        ),
    )  # fmt: skip


def learning(world: World) -> tuple[Stage, ...]:
    """Outcomes become models, models become markers."""
    from models.learn import Learner  # noqa: PLC0415
    from streams.agents import learn  # noqa: PLC0415

    around = learn.Surroundings(world.library, world.outcomes)
    return (
        Stage(
            name="learn", sources=(t.OUTCOMES,), targets=(t.MODELS, t.AUDIT, t.ACTIVITY),
            partitions=1,
            changelog="fraud-learn-learn-changelog",
            new_state=Learner, unpack_state=Learner.unpack, step=learn.make_step(around),
            restored=learn.make_restored(around),
        ),
    )  # fmt: skip


def drifting(world: World) -> tuple[Stage, ...]:
    """The world is watched on both sides of the label delay: counts a partition, merged in one."""
    from streams.agents import drift  # noqa: PLC0415

    return drift.stages(world.drift, world.rates)


@dataclass(frozen=True)
class Role:
    """One Faust app: its group id and its stages."""

    app_id: str
    stages: Callable[[World], tuple[Stage, ...]]


ROLES = {
    "hot": Role("fraud-hot", hot),
    "join": Role("fraud-join", joining),
    "learn": Role("fraud-learn", learning),
    "drift": Role("fraud-drift", drifting),
}
