"""A recorded world, and copies of it in which some records are not what they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from models.rules import baseline
from schemas import topics
from streams.history.memory import MemoryLog
from streams.in_process import InProcess, InProcessLog
from streams.records import LogRecord
from streams.wire import codec
from tests.unit.models.learn_world import command
from tests.unit.streams.labelled_stream import BEHIND, labelled, small_stages, ticking
from tests.unit.streams.whole_stream import MINUTE, publish, transaction

Change = Callable[[list[LogRecord]], Sequence[LogRecord]]
MANY = 480
RULES_FROM = 200
STRICTER = """
name: stricter
version: 1
rules:
  - code: LARGE
    title: A large amount
    action: REVIEW
    when: {all: [{field: amount_minor, ge: 15000}, {feature: card_count_30d, ge: 2}]}
    text: "{amount_minor:money}"
"""


def world() -> InProcessLog:
    """Several models, another ruleset, frauds at terminals, transactions that came late."""
    log = ticking()
    everything = InProcess(small_stages(log), log)
    everything.run()
    for start in range(0, MANY, 60):
        numbers = range(start, start + 60)
        publish(log, topics.TRANSACTIONS, "transaction", [arrived(n) for n in numbers])
        everything.run()
        publish(log, topics.LABELS, "label", [labelled(n - BEHIND) for n in numbers if n >= BEHIND])
        if start <= RULES_FROM < start + 60:
            apply_rules(log)
        everything.run()
    return log


def arrived(number: int) -> dict[str, object]:
    """The `number`-th transaction to arrive; every fiftieth is a day older than its card's last."""
    record = transaction(number)
    if number % 50 == 3:
        record["event_time"] -= 24 * 60 * MINUTE
    return record


def apply_rules(log: InProcessLog) -> None:
    """An operator's word."""
    assert baseline().name != "stricter"
    record = command("RULES_APPLY", json.dumps({"yaml": STRICTER}))
    log.append(topics.OUTCOMES, b"k1", codec.encode("command", record))


def copied(log: InProcessLog, change: Change = list, topic: str = topics.DECISIONS) -> MemoryLog:
    """A copy of the log, the records of one topic changed partition by partition."""
    copy = InProcessLog(log.clock)
    for (name, partition), records in list(log.partitions.items()):
        kept = change(records) if name == topic else records
        copy.partitions[name, partition] = [
            record._replace(offset=at) for at, record in enumerate(kept)
        ]
    return MemoryLog(copy)
