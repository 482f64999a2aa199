"""What each stage costs in one process: microseconds a record it reads, and records a second.

Run it from the project's root: `python -m tests.bench.stages_bench [TRANSACTIONS]`. The demo's
world goes through all stages over an in-process log; champion and challengers learn every outcome.
Processor time, so that other work on the machine changes little. `learn` reads one outcome a
transaction here: its rate is the label rate that one learner keeps up with.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable

from streams.demo.embedded_run import CHUNK, Embedded
from streams.demo.tally import Tally
from streams.demo.world import WorldRequest
from streams.in_process import InProcessStage

TRANSACTIONS = 120_000
"""Twelve days of the Handbook's world, the last five of them learned while labels come."""


class Costs:
    """Processor seconds and records by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.records: Counter[str] = Counter()

    def watch(self, stage: InProcessStage) -> None:
        """Measure a stage from now on."""
        stage.run = self._timed(stage.stage.name, stage.run)  # type: ignore[method-assign]

    def _timed(self, name: str, run: Callable[[], int]) -> Callable[[], int]:
        def timed() -> int:
            started = time.process_time()
            folded = run()
            self.seconds[name] += time.process_time() - started
            self.records[name] += folded
            return folded

        return timed


def main() -> None:
    """Print a line a stage."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS
    embedded, costs = Embedded(Tally()), Costs()
    for stage in embedded._stages.stages:
        costs.watch(stage)
    for number, arrival in enumerate(WorldRequest(many).arrivals()):
        embedded.publish(arrival.event, arrival.record)
        if number % CHUNK == 0:
            embedded.settle()
    embedded.settle()
    print(f"{'stage':<12}{'records':>10}{'us a record':>14}{'records/s':>12}")
    for name, seconds in costs.seconds.items():
        each = seconds / max(costs.records[name], 1)
        print(f"{name:<12}{costs.records[name]:>10,}{each * 1e6:>14.1f}{1 / each:>12,.0f}")


if __name__ == "__main__":
    main()
