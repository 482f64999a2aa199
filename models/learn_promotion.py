"""A challenger takes over by policy; where promotions need a second person, it is proposed only.

The proposal waits as a command of the actor `policy` (`models.approval`). It is the same for every
reader of the log: its id is the offset at which the policy asked, its time the stream's own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from models import approval
from models.approval import POLICY_ACTOR
from models.audit import trail
from models.contest.promotion import Judged, Jury, PromotionPolicy, mature
from models.contest.protection import DAY_MS
from models.learn import Learner

KIND = "PROMOTE"


def promote(learner: Learner, offset: int) -> str | None:
    """Let the best challenger take over, or propose it, where the policy says so; the reason."""
    policy = policy_of(learner)
    if not policy.automatic or learner.is_held or _waits(learner, offset):
        return None
    last = learner.promoted_at
    if last is not None and learner.watermark - last < policy.cool_down_days * DAY_MS:
        return None
    best = _best(learner, offset)
    if best is None:
        return None
    if approval.is_needed(KIND, learner.policy.approval):
        return _proposed(learner, offset, best)
    learner.follow(best.name)
    learner.promoted_at = learner.watermark
    return best.reason


def policy_of(learner: Learner) -> PromotionPolicy:
    """The policy of promotion, no day judged before its silence counts: how long that takes the log
    says, so that it is the same in a rebuild."""
    silence = -(-learner.silence_ms // DAY_MS)
    asked = learner.policy.promotion
    return replace(asked, mature_days=max(asked.mature_days, silence))


def _best(learner: Learner, offset: int) -> Judged | None:
    policy, memory = policy_of(learner), learner.memory
    rows = mature(memory.table(), learner.watermark, memory.full, policy)
    jury = Jury(
        tuple(learner.competitors), learner.champion, learner.policy.alerts_per_1000, policy,
        np.random.default_rng([policy.seed, offset]),
        frozenset(name for name, one in learner.competitors.items() if one.row_by_row),
    )  # fmt: skip
    return jury.best(rows)


def _waits(learner: Learner, offset: int) -> bool:
    """Whether a proposal waits, once those whose time is over are gone; or no room is left."""
    mine = {k: v for k, v in learner.pending.items() if v["actor"] == POLICY_ACTOR}
    for one in approval.expired(mine, 0, learner.policy.approval, learner.watermark):
        del learner.pending[one["command_id"]]
        trail.note_expiry(learner, offset, one)
    needed = approval.is_needed(KIND, learner.policy.approval)
    return needed and (bool(mine) or len(learner.pending) >= learner.policy.approval.most)


def _proposed(learner: Learner, offset: int, best: Judged) -> str:
    """Let the promotion wait for a person, and note it; the reason."""
    why = best.reason.partition(": ")[2]
    command = _command(learner, offset, {"name": best.name, "reason": why})
    waits = approval.wait(learner.pending, command, learner.policy.approval)
    reason = f"{best.name}@{learner.competitors[best.name].latest} is better ({why}); {waits}"
    trail.note_proposal(learner, offset, command, reason)
    return reason


def _command(learner: Learner, offset: int, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "command_id": f"promote-policy-{offset}",
        "kind": KIND,
        "payload": json.dumps(payload, sort_keys=True),
        "actor": POLICY_ACTOR,
        "issued_at": learner.watermark,
    }
