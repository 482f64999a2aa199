"""A small world whose labels come from several sources, through every stage, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from models.learn import Learner
from models.learn_policy import LearnPolicy
from schemas import topics
from streams.history.memory import MemoryLog
from streams.history.rebuild import Rebuilt, Request, rebuild
from streams.in_process import InProcess, InProcessLog
from streams.stage import Stage
from streams.wire import codec
from tests.unit.models.learn_world import command
from tests.unit.streams.whole_stream import NOW, label, publish, stages, transaction

Keep = Callable[[dict[str, Any]], bool]
SOURCES = ("ANALYST", "CUSTOMER", "CHARGEBACK")
BEHIND = 100
"""Transactions from one to its label."""
POLICY = LearnPolicy(first=50, every=150, slow_first=150, slow_every=300)
"""Every competitor, published often enough for a small world."""
new_learner = partial(Learner, policy=POLICY)


def labelled(number: int) -> dict[str, Any]:
    """The label of the `number`-th transaction: a ninth is fraud, sources take turns."""
    verdict = "FRAUD" if number % 9 == 0 else "LEGITIMATE"
    return label(transaction(number), verdict, source=SOURCES[number // 9 % 3])


def ticking() -> InProcessLog:
    """A log on which a second passes from record to record."""
    seconds = count(NOW, 1_000)
    return InProcessLog(clock=lambda: next(seconds))


def small_stages(log: InProcessLog) -> list[Stage]:
    """Every stage, the learner with a policy for a small world."""
    unpack = partial(Learner.unpack, policy=POLICY)
    return [
        replace(stage, new_state=new_learner, unpack_state=unpack)
        if stage.name == "learn"
        else stage
        for stage in stages(log)
    ]


def rebuilt(log: MemoryLog, request: Request, told: Any = lambda *_: None) -> Rebuilt:
    """`rebuild` by the same policy."""
    return rebuild(log, request, told, new_learner)


def run(
    many: int,
    keep: Keep = lambda _: True,
    chunk: int = 100,
    orders: Mapping[int, Sequence[tuple[str, dict[str, Any]]]] | None = None,
) -> InProcessLog:
    """`many` transactions; labels that `keep` refuses are never published. Commands (kind and
    payload) come just before the transaction of their number, the first of its chunk."""
    log = ticking()
    everything = InProcess(small_stages(log), log)
    everything.run()
    for start in range(0, many, chunk):
        for number, (kind, payload) in enumerate((orders or {}).get(start, ())):
            record = command(kind, json.dumps(payload), command_id=f"{kind}-{start}-{number}")
            log.append(topics.OUTCOMES, b"k", codec.encode("command", record))
            everything.run()
        numbers = range(start, min(start + chunk, many))
        publish(log, topics.TRANSACTIONS, "transaction", [transaction(n) for n in numbers])
        everything.run()
        told = [labelled(n - BEHIND) for n in numbers if n >= BEHIND]
        publish(log, topics.LABELS, "label", [one for one in told if keep(one)])
        everything.run()
    return log
