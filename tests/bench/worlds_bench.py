"""What every drifting world holds, and what it costs: the table of `infra/docs/worlds.md`.

    python -m tests.bench.worlds_bench [--days 120] [--seed 0]

One plain world is drawn and every scenario laid over it; seconds are of the processor. Ends with 1
where drawing a world and changing it takes more than a minute of processor, or 1.5 GB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence

from producers.handbook import DAY_MS, World, generate
from producers.handbook_world import WorldSpec
from producers.scenarios import SCENARIOS
from producers.scenarios.catalogue import DAYS
from producers.scenarios.tables import Tables, tables

MOST_SECONDS, MOST_GB = 60.0, 1.5
HEAD = ("world", "transactions", "frauds", "changed", "of them frauds", "cards", "a day", "s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit code."""
    given = _given(arguments)
    spec = WorldSpec(days=given.days, seed=given.seed)
    world, drawn = _timed(lambda: generate(spec))
    print(f"the plain world of {given.days} days: {drawn:.1f} s of processor\n")
    print(f"| {' | '.join(HEAD)} |\n| {' | '.join(['---'] * len(HEAD))} |")
    slowest = max(_row(name, spec, world) for name in SCENARIOS)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nat most {drawn + slowest:.1f} s of processor and {gigabytes:.2f} GB for a world")
    return int(drawn + slowest > MOST_SECONDS or gigabytes > MOST_GB)


def _row(name: str, spec: WorldSpec, world: World) -> float:
    made, seconds = _timed(lambda: tables(name, spec, world=world))
    cells = (f"`{name}`", *(f"{count:,}" for count in _counts(made)), f"{seconds:.1f}")
    print(f"| {' | '.join(cells)} |", flush=True)
    return seconds


def _counts(made: Tables) -> tuple[int, ...]:
    truth = made.truth
    changed = made.transactions.filter(truth["changed"])
    days = (changed["event_time"] // DAY_MS).n_unique()
    return (
        len(truth),
        int(truth["fraud"].sum()),
        len(changed),
        int((truth["changed"] & truth["fraud"]).sum()),
        changed["card_id"].n_unique(),
        round(len(changed) / days),
    )


def _timed(make):  # type: ignore[no-untyped-def]
    started = time.process_time()
    return make(), time.process_time() - started


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
