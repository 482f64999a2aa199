"""What `fraud whatif` costs over one day of the demo's world, with the days before folded for it.

Run it from the project's root: `python -m tests.bench.whatif_bench [TRANSACTIONS]`. All stages make
the log in this process, labels two days late, so that a model is in force; then the last whole day
is asked about. Processor time, so that other work on the machine changes little; reading the log
from a broker comes to that.
"""

from __future__ import annotations

import sys
import time
from itertools import islice

from schemas import topics
from streams.demo.world import START_MS, WorldRequest
from streams.history.memory import MemoryLog
from streams.in_process import InProcess, InProcessLog
from streams.in_process_world import in_process_world
from streams.whatif.change import Change
from streams.whatif.replay import Span
from streams.whatif.run import library, whatif
from streams.whatif.side import DAY_MS
from streams.wire import codec
from streams.wiring import ROLES

TRANSACTIONS = 60_000
"""Six days of the Handbook's world."""
CHUNK = 500


def recorded(transactions: int) -> InProcessLog:
    """The log that every stage but drift leaves behind."""
    log = InProcessLog(clock=lambda: time.time_ns() // 1_000_000)
    world = in_process_world(log)
    roles = (ROLES["hot"], ROLES["join"], ROLES["learn"])
    stages = InProcess([one for role in roles for one in role.stages(world)], log)
    stages.run()
    arrivals = WorldRequest(transactions, label_delay_days=2).arrivals()
    while chunk := list(islice(arrivals, CHUNK)):
        for event, _, record in chunk:
            topic = topics.LABELS if event == "label" else topics.TRANSACTIONS
            log.append(topic, record["card_id"].encode(), codec.encode(event, record))
        stages.run()
    return log


def last_day(log: InProcessLog) -> Span:
    """The last day that is over."""
    values = (record.value or b"" for record in log.read(topics.TRANSACTIONS))
    newest = max(codec.decode(value)[1]["event_time"] for value in values)
    end = START_MS + (newest - START_MS) // DAY_MS * DAY_MS
    return Span(end - DAY_MS, end)


def main(transactions: int) -> None:
    """Print what was folded and decided, and how long that took."""
    log = recorded(transactions)
    memory, span = MemoryLog(log), last_day(log)
    started = time.process_time()
    found = whatif(memory, library(memory), Change(threshold=0.2), span=span)
    seconds = time.process_time() - started
    folded, baseline = found["folded"], found["baseline"]
    print(
        f"{folded['decided_twice']:,} transactions of a day decided twice, "
        f"{folded['folded_only']:,} folded for their windows: {seconds:.1f} s of processor time; "
        f"{baseline['equal']:,} equal the record, {baseline['differing']} differ; "
        f"alerts {found['before']['alerts']} -> {found['after']['alerts']}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS)
