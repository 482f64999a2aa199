"""Watches how often rules fire, beside the drift detectors: a rule that jumps is put in shadow.

It stands in the task of `drift-decisions`, whose records it shares: decoded once, folded once,
exact after a crash by the same rules. Each partition sees a quarter of the cards and asks by
itself; `learn` carries out what is asked first, as the next version of the ruleset.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from models.rule_policy import RatePolicy
from models.rule_rates import RuleRates, demotion, signal
from schemas import topics
from streams.agents.score import SHADOW
from streams.metrics import METRICS
from streams.records import Record, header
from streams.task import NOTHING_APPLIED, Entry, Task
from streams.wire import codec

logger = logging.getLogger(__name__)

KEY = b"rules"


def is_rates(data: bytes) -> bool:
    """Whether a value's state is this watch's, not a drift detector's.

    >>> is_rates(RuleRates().pack())
    True
    """
    return data[:1] == RuleRates().pack()[:1]


def watch(
    task: Task, record: Record, decision: Mapping[str, Any], policy: RatePolicy | None = None
) -> None:
    """Count one decision; ask for the demotion of a rule whose rate jumped, and signal it."""
    entry = _entry(task, policy)
    if task.is_applied(entry, record):
        return
    shadow = (header(record, SHADOW) or b"").decode()
    src = {"stage": task.stage, "partition": record.partition, "offset": record.offset}
    for jump in entry.state.observe(decision, shadow.split(",") if shadow else ()):
        told = signal(jump, src)
        task.emit(topics.DRIFT, told["subject"].encode(), codec.encode("drift_signal", told))
        METRICS.drift_signals.labels(told["subject"], told["state"]).inc()
        if jump.fired:
            command = demotion(jump, src)
            key = command["command_id"].encode()
            task.emit(topics.OUTCOMES, key, codec.encode("command", command))
            METRICS.rule_jumps.labels(jump.code).inc()
            logger.warning("rule %s of %s: %s", jump.code, jump.ruleset, jump.said)
    task.touch(KEY, entry, record)


def _entry(task: Task, policy: RatePolicy | None) -> Entry:
    """The watch's own entry: the stage makes detectors for other keys."""
    found = task.entries.get(KEY)
    if found is None:
        found = Entry(RuleRates(policy), [NOTHING_APPLIED] * len(task.sources))
        task.entries[KEY] = found
    elif policy is not None:
        found.state.policy = policy
    return found
