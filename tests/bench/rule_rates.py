"""How near the shipped rules come to demoting themselves on worlds in which nothing changed.

Run it from the project's root: `python -m tests.bench.rule_rates WORLD …`, each WORLD the output
of `fraud simulate handbook` (`--seed` makes others of its kind). The hot path and the join fold
the world in this process, and each partition of `fraud.decisions` has its rates. What is printed:
every jump, and of each rule the highest share of transactions in a window and how near it came to
its bound (1 is a jump). About two minutes of CPU for three months.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from models.rule_rates import Jump, RuleRates
from producers.source import Source
from schemas import topics
from streams.agents.score import SHADOW
from streams.in_process import InProcess, InProcessLog
from streams.in_process_world import in_process_world
from streams.records import header
from streams.wire import codec
from streams.wiring import ROLES

CHUNK = 500
PARTITIONS = range(topics.topic(topics.DECISIONS).partitions)
PASSING = (topics.TRANSACTIONS, topics.ACTIVITY, topics.LABELS, topics.OUTCOMES)


class Measured(RuleRates):
    """Rates that remember how near each rule came."""

    def __init__(self) -> None:
        super().__init__()
        self.nearest: dict[str, tuple[float, float]] = {}

    def _judge(self, code: str, now: Any, usual: Any, ruleset: str, end: int) -> Jump | None:
        share, before = now[1].get(code, 0) / now[0], usual[1].get(code, 0) / usual[0]
        near = share / max(self.policy.floor, self.policy.factor * before)
        known = self.nearest.get(code, (0.0, 0.0))
        self.nearest[code] = max(known[0], share), max(known[1], near)
        return super()._judge(code, now, usual, ruleset, end)


class Watched:
    """The hot path and the join over one world, its decisions watched partition by partition."""

    def __init__(self) -> None:
        self.log = InProcessLog(clock=lambda: time.time_ns() // 1_000_000)
        world = in_process_world(self.log)
        roles = (ROLES["hot"], ROLES["join"])
        self.stages = InProcess([one for role in roles for one in role.stages(world)], self.log)
        self.rates = [Measured() for _ in PARTITIONS]
        self.jumps: list[Jump] = []
        self.seen, self.spent = 0, 0.0
        self._read = dict.fromkeys(PARTITIONS, 0)

    def publish(self, event: str, record: Mapping[str, Any]) -> None:
        topic = topics.LABELS if event == "label" else topics.TRANSACTIONS
        self.log.append(topic, record["card_id"].encode(), codec.encode(event, record))

    def settle(self) -> None:
        self.stages.run()
        for partition in PARTITIONS:
            records = self.log.partitions[topics.DECISIONS, partition]
            fresh = records[self._read[partition] :]
            self._read[partition] = len(records)
            for record in fresh:
                decision = codec.decode(record.value or b"")[1]
                shadow = (header(record, SHADOW) or b"").decode()
                began = time.process_time()
                codes = shadow.split(",") if shadow else ()
                self.jumps += self.rates[partition].observe(decision, codes)
                self.spent += time.process_time() - began
                self.seen += 1
        for name in PASSING:
            for partition in range(topics.topic(name).partitions):
                kept = self.log.partitions[name, partition]
                for at in range(len(kept) - 1, -1, -1):
                    if kept[at].value is None:
                        break
                    kept[at] = kept[at]._replace(value=None)


def measured(world: Path) -> dict[str, Any]:
    """One world's jumps and nearest approaches."""
    watched = Watched()
    arrivals = Source.open(world).arrivals()
    while chunk := list(islice(arrivals, CHUNK)):
        for arrival in chunk:
            watched.publish(arrival.event, arrival.record)
        watched.settle()
    codes = sorted({code for rates in watched.rates for code in rates.nearest})
    found = {
        code: [
            round(max(rates.nearest.get(code, (0.0, 0.0))[place] for rates in watched.rates), 4)
            for place in (0, 1)
        ]
        for code in codes
    }
    return {
        "world": str(world), "decisions": watched.seen, "jumps": [*map(str, watched.jumps)],
        "microseconds_a_decision": round(1e6 * watched.spent / watched.seen, 2),
        "packed_bytes": max(len(rates.pack()) for rates in watched.rates),
        "highest_share_and_nearest": found,
    }  # fmt: skip


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(json.dumps(measured(Path(folder)), indent=1))
