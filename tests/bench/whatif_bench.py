"""How long `fraud whatif` takes over one day of 10,000 transactions of the demo's world.

Run it from the project's root: `python -m tests.bench.whatif_bench [TRANSACTIONS]`. All stages make
the log in this process, labels two days late, so that a model is in force. What is measured is the
question alone, about another threshold on the last whole day: the days before are folded for their
windows, the day is decided twice, as it was and as it would be, and both are compared. Making the
log is not in it, nor is reading one from a broker, which comes to that.

Prints wall and processor time. Exit code 1 where it took more than 30 s by the wall's clock.
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

TRANSACTIONS = 64_000
"""Six days of the world."""
CUSTOMERS = 5_300
"""A few more than the Handbook's 5,000, who make 9,600 transactions a day."""
MOST_SECONDS = 30.0
"""Of wall time for a day of 10,000."""
CHUNK = 500


def recorded(transactions: int) -> InProcessLog:
    """The log that every stage but drift leaves behind."""
    log = InProcessLog(clock=lambda: time.time_ns() // 1_000_000)
    world = in_process_world(log)
    roles = (ROLES["hot"], ROLES["join"], ROLES["learn"])
    stages = InProcess([one for role in roles for one in role.stages(world)], log)
    stages.run()
    arrivals = WorldRequest(transactions, label_delay_days=2, customers=CUSTOMERS).arrivals()
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


def main(transactions: int) -> int:
    """Print what was folded and decided, and how long that took; 1 where that was too long."""
    log = recorded(transactions)
    memory, span = MemoryLog(log), last_day(log)
    started, processor = time.perf_counter(), time.process_time()
    found = whatif(memory, library(memory), Change(threshold=0.2), span=span)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    folded, baseline = found["folded"], found["baseline"]
    print(
        f"{folded['decided_twice']:,} transactions of a day decided twice, "
        f"{folded['folded_only']:,} folded for their windows: {seconds:.1f} s, "
        f"{processor:.1f} s of processor time; "
        f"{baseline['equal']:,} equal the record, {baseline['differing']} differ; "
        f"alerts {found['before']['alerts']} -> {found['after']['alerts']}"
    )
    return int(seconds > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS))
