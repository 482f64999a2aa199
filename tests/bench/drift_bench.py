"""How late drift is signalled, and how often for nothing: the tables of `infra/docs/drift.md`.

    python -m tests.bench.drift_bench FOLDER [--write | --seeds 6 7 | --drifting 1]

simulates the worlds that are not in FOLDER yet (the Handbook's of five seeds, and every drifting
one), folds each through the stream's own windows and a logistic regression that learns as the
stream does (minutes a world, kept there), hands each day to the drift agent's own functions and
prints both tables; `--write` puts them into the document. `--seeds` takes the Handbook's worlds of
other seeds, `--drifting` the drifting ones of another: those that chose no setting. Where one of
the two is given, the other's table is left out.

A false signal is one before the onset, or any in a world that does not drift. The exit code is 1
where a bound is broken: more than one false signal in the Handbook's worlds, one in a seasonal
peak, or a change whose subject is not named within the days that its world states.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from models.drift.counts import DAY_MS
from models.drift.policy import WEEK
from tests.bench.drift_rows import fold_branches
from tests.bench.drift_signals import FIRST_DAY, Found, Signals, alerts, signals

DOCUMENT = Path(__file__).parents[2] / "infra" / "docs" / "drift.md"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
SEEDS = range(5)
STATIONARY_DAYS = 120
MOST_FALSE = 1
"""False signals that five steady worlds of 60 days may have in all."""
ONSET_DAY = 71
DRIFTING = {
    "card-testing": 75, "account-takeover": 75, "bust-out": 75, "evader": 75, "new-country": 75,
    "vendor-signal-dies": 75, "vendor-signal-stuck": 75, "vendor-signal-rescaled": 75,
    "label-poisoning": 84, "label-whitewashing": 84, "spending-growth": 102, "seasonal-peak": 120,
}  # fmt: skip
"""Worlds of `fraud simulate`, each as long as it takes to see what is asked; a label is a week
late."""


def simulated(folder: Path, name: str, seed: int, days: int) -> Path:
    """The folder of a world, made by the command itself where it is missing."""
    world = folder / f"{name}-{seed}"
    if not (world / "labels.parquet").exists():
        asked = ["--out", str(world), "--days", str(days), "--seed", str(seed)]
        command = [sys.executable, "-m", "streams.cli", "simulate", name, *asked]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return world


class Steady(NamedTuple):
    """A world that does not drift."""

    seed: int
    signals: Signals


class Drifting(NamedTuple):
    """A world that drifts, what fired in it, and its onset in days since its first midnight.

    `alerts` are those of a thousand decisions, in the two weeks before the onset and in the one
    after, in which no label of what is new has come yet."""

    told: dict[str, Any]
    onset: float
    found: list[Found]
    alerts: tuple[float | None, float | None]

    @property
    def false(self) -> list[Found]:
        """What fired before the onset, or at all where nothing may."""
        return [one for one in self.found if one.day <= self.onset or not self.told["subjects"]]

    @property
    def true(self) -> list[Found]:
        """The first signal of each detector and subject after the onset, soonest first."""
        first: dict[tuple[str, str], Found] = {}
        for one in self.found if self.told["subjects"] else []:
            if one.day > self.onset:
                first.setdefault((one.detector, one.subject), one)
        return list(first.values())

    @property
    def missed(self) -> bool:
        """Whether none of what must be named was named in time."""
        named = [one.day for one in self.true if one.subject in self.told["subjects"]]
        late = min(named, default=float("inf")) - self.onset > self.told["within_days"]
        return bool(self.told["subjects"]) and late


def steady_worlds(folder: Path, seeds: Iterable[int]) -> list[Steady]:
    """The Handbook's worlds of these seeds."""
    return [
        Steady(seed, signals(simulated(folder, "handbook", seed, STATIONARY_DAYS)))
        for seed in seeds
    ]


def drifting_worlds(folder: Path, seed: int) -> list[Drifting]:
    """Every drifting world of a seed; the Handbook's is folded once, up to the onset."""
    worlds = [simulated(folder, name, seed, days) for name, days in DRIFTING.items()]
    plain = [world for world in worlds if not (world / "columns.yaml").exists()]
    if any(not (world / "drift.npz").exists() for world in plain):
        trunk = simulated(folder, "handbook", seed, STATIONARY_DAYS)
        fold_branches(trunk, plain, (FIRST_DAY + ONSET_DAY) * DAY_MS)
    return [drifting(world) for world in worlds]


def drifting(world: Path) -> Drifting:
    """A drifting world and what fired in it."""
    told: dict[str, Any] = json.loads((world / "scenario.json").read_text())
    found = sorted(signals(world).found, key=lambda one: one.day)
    onset = told["onset"] / DAY_MS - FIRST_DAY
    spans = (onset - 2 * WEEK, onset), (onset, onset + WEEK)
    before, after = (alerts(world, *span) for span in spans)
    return Drifting(told, onset, found, (before, after))


DETECTORS = ("PSI_DAY", "PSI_WEEK", "SHARE_DAY", "ADWIN", "PAGE_HINKLEY", "VOLUME")


def detector_lines(steady: Sequence[Steady], drifted: Sequence[Drifting]) -> list[str]:
    """By detector: false signals over the steady worlds, delay over the drifting ones."""
    lines = ["| detector | false signals | which | delay in days: median, worst, of n worlds |"]
    lines += ["| --- | --- | --- | --- |"]
    for detector in DETECTORS:
        false = [
            f"{one.subject}, seed {world.seed}, day {one.day:.0f}"
            for world in steady for one in world.signals.found if one.detector == detector
        ]  # fmt: skip
        delay = delays(detector, drifted)
        lines.append(f"| {detector} | {len(false)} | {'; '.join(false) or '-'} | {delay} |")
    return lines + segment_lines(steady)


def delays(detector: str, drifted: Sequence[Drifting]) -> str:
    """Days from the onset to a detector's first signal: median, worst, and in how many worlds."""
    firsts = [
        min((one.day for one in world.true if one.detector == detector), default=None)
        for world in drifted
    ]
    found = [
        first - world.onset
        for first, world in zip(firsts, drifted, strict=True) if first is not None
    ]  # fmt: skip
    if not found:
        return "-"
    return f"{statistics.median(found):.1f}, {max(found):.0f}, of {len(found)}"


def segment_lines(steady: Sequence[Steady]) -> list[str]:
    """How much of it is the segments', and how far the score's index went by itself."""
    if not steady:
        return []
    watched = [str(world.signals.segments) for world in steady]
    false = sum(one.of_segment for world in steady for one in world.signals.found)
    index = {
        name: max(world.signals.index[name] for world in steady) for name in ("PSI_DAY", "PSI_WEEK")
    }
    reached = f"{index['PSI_DAY']:.2f} by the day, {index['PSI_WEEK']:.2f} by the week"
    said = f"of these, of segments (score and alert rate of {', '.join(watched)})"
    return [
        f"| {said} | {false} | {'-' if not false else 'above'} | |",
        f"| the score's index at most | | {reached} | |",
    ]


def scenario_lines(drifted: Sequence[Drifting]) -> list[str]:
    """The drifting worlds' table."""
    lines = [
        "| world | must be named | signalled, days after the onset | of segments | false | alerts |"
    ]
    return [*lines, "| --- | --- | --- | --- | --- | --- |", *map(scenario_line, drifted)]


def scenario_line(world: Drifting) -> str:
    """One drifting world: the first signal of each subject after the onset, soonest first."""
    first: dict[str, Found] = {}
    for one in world.true:
        first.setdefault(one.subject, one)
    asked = set(world.told["subjects"])
    named = [one for one in first.values() if one.subject in asked]
    others = [one for one in first.values() if one.subject not in asked and not one.of_segment]
    parts = [f"**{text(one, world.onset)}**" for one in named]
    parts += [text(one, world.onset) for one in others[:3]]
    more = f", {len(others) - 3} more" if len(others) > 3 else ""
    segments = ", ".join(text(one, world.onset) for one in first.values() if one.of_segment)
    wrong = "; ".join(f"{one.detector} {one.subject}" for one in world.false) or "-"
    cells = (
        world.told["name"], ", ".join(sorted(asked)) or "nothing",
        (", ".join(parts) or "-") + more, segments or "-", wrong, alert_rates(world),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def alert_rates(world: Drifting) -> str:
    """Alerts a thousand, before the onset and after it."""
    before, after = world.alerts
    return "-" if before is None or after is None else f"{before:.0f}, {after:.0f}"


def text(found: Found, onset: float) -> str:
    """A signal in the table."""
    return f"{found.subject} {found.day - onset:.0f} ({found.detector})"


def broken(steady: Sequence[Steady], drifted: Sequence[Drifting]) -> list[str]:
    """The bounds that do not hold, in words."""
    false = sum(len(world.signals.found) for world in steady)
    found = [f"{false} false signals in steady worlds"] if false > MOST_FALSE else []
    for world in drifted:
        name, subjects = world.told["name"], world.told["subjects"]
        if world.false and not subjects:
            found.append(f"{name}: {len(world.false)} signals, none is allowed")
        if world.missed:
            within = world.told["within_days"]
            found.append(f"{name}: none of {', '.join(subjects)} within {within} days")
    return found


def measured(steady: Sequence[Steady], drifted: Sequence[Drifting]) -> str:
    """Both tables, as Markdown."""
    lines = detector_lines(steady, drifted)
    return "\n".join([*lines, "", *scenario_lines(drifted)] if drifted else lines)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and write where asked; 1 where a bound is broken."""
    parser = ArgumentParser(description="How late drift is signalled, and how often for nothing.")
    parser.add_argument("folder", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true")
    what.add_argument("--seeds", type=int, nargs="+", metavar="SEED")
    what.add_argument("--drifting", type=int, metavar="SEED")
    asked = parser.parse_args(words)
    chosen = asked.seeds is not None or asked.drifting is not None
    steady = steady_worlds(asked.folder, (asked.seeds or ()) if chosen else SEEDS)
    seed = asked.drifting if chosen else 0
    drifted = [] if seed is None else drifting_worlds(asked.folder, seed)
    table = measured(steady, drifted)
    print(table)
    if asked.write:
        write(table)
    wrong = broken(steady, drifted)
    print("\n".join(f"broken: {one}" for one in wrong), file=sys.stderr, end="\n" if wrong else "")
    return int(bool(wrong))


def write(table: str) -> None:
    """Put the tables into the document."""
    head, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    tail = rest.split(END)[1]
    DOCUMENT.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
