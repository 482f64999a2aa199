"""Stopping to learn and going on; scoring goes on meanwhile, and outcomes wait in the log.

```text
 frozen by       ends                                         taken over by
 policy          by itself, after `hold_days`; RESUME         a person's FREEZE, drift's FREEZE
 drift           drift's RESUME, a person's RESUME            a person's FREEZE
 a person        a person's RESUME                            nobody
```

Drift's freeze may lie over the policy's: what drift lifts within the policy's time goes back to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from models.approval import POLICY_ACTOR
from models.contest.protection import DAY_MS
from models.drift.consequences import ACTOR as DRIFT
from models.learn import Learner
from models.shadows import Around, look_ahead, shadows_of

TOGETHER = 500
"""Outcomes of a queue that are scored together."""


def freeze(learner: Learner, offset: int, by: str, reason: str) -> None:
    """Learn nothing from the record at `offset` on; what waits is found again by its offset."""
    before = learner.frozen
    learner.counts["freezes"] += before is None
    learner.frozen = {
        "since": offset if before is None else before["since"],
        "by": by, "reason": reason, "at": learner.watermark,
        "over": before if by == DRIFT else None,
    }  # fmt: skip


def may_freeze(learner: Learner, actor: str) -> bool:
    """Whether a FREEZE of this actor changes anything."""
    by = None if learner.frozen is None else learner.frozen["by"]
    return by in (None, POLICY_ACTOR) or (by == DRIFT and actor != DRIFT)


def may_resume(learner: Learner, actor: str) -> bool:
    """Whether this actor may lift the freeze that there is: drift its own alone."""
    return learner.frozen is not None and (actor != DRIFT or learner.frozen["by"] == DRIFT)


def give_back(learner: Learner, actor: str) -> bool:
    """Whether drift's resume only uncovers the policy's freeze, and does so."""
    beneath = (learner.frozen or {})["over"] if actor == DRIFT else None
    if beneath is None or is_over(learner, beneath):
        return False
    learner.frozen = beneath
    return True


def is_over(learner: Learner, frozen: Mapping[str, Any]) -> bool:
    """Whether a freeze by policy has lasted for its time, in observed time."""
    hold_ms = learner.policy.protection.hold_days * DAY_MS
    return bool(learner.watermark - frozen["at"] >= hold_ms)


def thaw(learner: Learner, offset: int, around: Around, *, learn: bool = True) -> None:
    """Learn again: first what queued before `offset`, in its order, or drop it.

    What was excluded meanwhile is not learned: that is what the time was for.
    """
    if learner.frozen is None:
        return
    since = learner.frozen["since"]
    queue = (body for _, name, body in around.outcomes(since, offset) if name == "outcome")
    learner.frozen = None
    learner.watch.clear()
    if not learn:
        learner.counts["dropped"] += sum(1 for _ in queue)
        learner.dropped.append([since, offset])
        return
    while chunk := list(islice(queue, TOGETHER)):
        look_ahead(learner, chunk, around)
        for body in chunk:
            learner.learn(body, offset, partial(shadows_of, learner, around=around))
