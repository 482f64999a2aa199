"""How late drift is signalled, and how often for nothing: the table of `infra/docs/drift.md`.

    python -m tests.bench.drift_bench FOLDER [--write | --seeds 6 7]

simulates the worlds that are not in FOLDER yet (the Handbook's of five seeds, and every drifting
one), folds each through the stream's own windows and a logistic regression that learns as the
stream does (minutes a world, kept there), hands each day to the drift agent's own functions and
prints the table; `--write` puts it into the document. `--seeds` looks for false signals in the
Handbook's worlds of other seeds alone: those that chose no setting. A false signal is one before
the onset, or any in a world that does not drift.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.drift.collecting import MEANS, SCORE, SCORER
from models.drift.counts import DAY_MS, HOUR_MS, DayCounts
from models.drift.merging import Merger
from models.drift.natures import MIX
from models.drift.outcomes import OutcomeWatch
from models.drift.policy import DriftPolicy
from models.drift.readings import FIRED, Edge
from models.drift.sketch import value_of_word
from models.features import FEATURES
from producers.handbook_world import START_SECONDS
from tests.bench.drift_rows import Rows, fold_branches, folded

DOCUMENT = Path(__file__).parents[2] / "infra" / "docs" / "drift.md"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
SEEDS = range(5)
STATIONARY_DAYS = 120
ONSET_DAY = 71
DRIFTING = {
    "card-testing": 75, "account-takeover": 75, "bust-out": 75, "evader": 75, "new-country": 75,
    "vendor-signal-dies": 75, "vendor-signal-stuck": 75, "vendor-signal-rescaled": 75,
    "label-poisoning": 84, "label-whitewashing": 84, "spending-growth": 102, "seasonal-peak": 120,
}  # fmt: skip
"""Worlds of `fraud simulate`, each as long as it takes to see what is asked; a label is a week
late."""
FIRST_DAY = START_SECONDS * 1_000 // DAY_MS


class Found(NamedTuple):
    """A signal that fired, and when: event time in days since the world's first midnight."""

    detector: str
    subject: str
    day: float


def simulated(folder: Path, name: str, seed: int, days: int) -> Path:
    """The folder of a world, made by the command itself where it is missing."""
    world = folder / f"{name}-{seed}"
    if not (world / "labels.parquet").exists():
        asked = ["--out", str(world), "--days", str(days), "--seed", str(seed)]
        command = [sys.executable, "-m", "streams.cli", "simulate", name, *asked]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return world


def decisions(rows: Rows) -> Iterator[tuple[int, DayCounts]]:
    """What `drift-decisions` counts, by day."""
    days = rows.event_time // DAY_MS
    values = np.column_stack([rows.rows.astype(np.float64), rows.score])
    means = np.column_stack([rows.score >= rows.threshold, rows.score])
    for day in np.unique(days).tolist():
        at = np.flatnonzero(days == day)
        counts = DayCounts((*FEATURES.names, SCORE), MEANS)
        counts.add(values[at], rows.event_time[at] % DAY_MS // HOUR_MS, means[at])  # type: ignore[arg-type]  # arrays are sequences here
        kinds = Counter("logistic" if one else "rules" for one in rows.modelled[at].tolist())
        counts.say(SCORER, kinds)
        yield day, counts


def arrivals(world: Path) -> Iterator[tuple[int, DayCounts]]:
    """What `drift-arrivals` counts, by day; columns beyond a transaction's are attributes."""
    frame = pl.read_parquet(world / "transactions.parquet")
    attributes = sorted(name for name in frame.columns if name.startswith("device_"))
    columns = [_numbers(frame, name) for name in MIX] + [
        frame[name].cast(pl.Float64).to_numpy() for name in attributes
    ]
    names = (*MIX, *(f"attribute_{name}" for name in attributes))
    values, times = np.column_stack(columns), frame["event_time"].to_numpy()
    days = times // DAY_MS
    for day in np.unique(days).tolist():
        at = np.flatnonzero(days == day)
        counts = DayCounts(names)
        counts.add(values[at], times[at] % DAY_MS // HOUR_MS, np.empty((len(at), 0)))  # type: ignore[arg-type]  # arrays are sequences here
        yield day, counts


def _numbers(frame: pl.DataFrame, word: str) -> NDArray[np.float64]:
    """A column of words as the numbers that stand for them."""
    column = "mcc" if word == "mcc_group" else word
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    texts = frame[column].cast(pl.String)
    texts = texts.str.slice(0, 2) if word == "mcc_group" else texts
    known = {one: value_of_word(one) for one in texts.unique().to_list() if one is not None}
    return texts.replace_strict(known, default=None, return_dtype=pl.Float64).to_numpy()


def signals(world: Path) -> list[Found]:
    """Everything that fires in a world."""
    found = [*merged(arrivals(world))]
    if (world / "columns.yaml").exists():
        return found  # attributes are no features by default: rows are the plain world's
    rows = folded(world)
    return [*found, *merged(decisions(rows)), *outcomes(rows)]


def merged(days: Iterator[tuple[int, DayCounts]]) -> Iterator[Found]:
    """The signals of the merging stage."""
    merger = Merger(DriftPolicy(), partitions=1)
    for day, counts in days:
        yield from fired(merger.take(0, day + 1, [(day, counts)]))


def outcomes(rows: Rows) -> Iterator[Found]:
    """The signals of the outcomes' stage."""
    watch = OutcomeWatch(DriftPolicy())
    for of, at, fraud in zip(
        rows.label_of.tolist(), rows.label_at.tolist(), rows.label_fraud.tolist(), strict=True
    ):
        model = {"name": "logistic"} if rows.modelled[of] else None
        score = float(rows.score[of])
        outcome = {
            "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": at, "score": score,
            "model": model, "weight": 1.0,
        }  # fmt: skip
        yield from fired(watch.add(outcome))


def fired(edges: list[Edge]) -> Iterator[Found]:
    """Those that fired."""
    for reading, state in edges:
        if state == FIRED:
            day = reading.time / DAY_MS - FIRST_DAY
            yield Found(reading.detector, reading.subject, day)


def described(world: Path) -> dict[str, Any]:
    """What the world says of itself."""
    found: dict[str, Any] = json.loads((world / "scenario.json").read_text())
    return found


def measured(folder: Path) -> str:
    """Both tables, as Markdown."""
    worlds = [simulated(folder, name, 0, days) for name, days in DRIFTING.items()]
    plain = [world for world in worlds if not (world / "columns.yaml").exists()]
    fold_branches(folder / "handbook-0", plain, (FIRST_DAY + ONSET_DAY) * DAY_MS)
    lines = ["| world | must be named | signalled, days after the onset | false |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [scenario_line(folder, name, days) for name, days in DRIFTING.items()]
    return "\n".join([*detector_lines(false_signals(folder, SEEDS)), "", *lines])


def false_signals(folder: Path, seeds: Iterable[int]) -> dict[str, list[str]]:
    """What fires in worlds that do not drift, by detector."""
    false: dict[str, list[str]] = defaultdict(list)
    for seed in seeds:
        world = simulated(folder, "handbook", seed, STATIONARY_DAYS)
        for one in signals(world):
            false[one.detector].append(f"{one.subject}, seed {seed}, day {one.day:.0f}")
    return false


DETECTORS = ("PSI_DAY", "PSI_WEEK", "SHARE_DAY", "ADWIN", "PAGE_HINKLEY", "VOLUME")


def detector_lines(false: dict[str, list[str]]) -> list[str]:
    """False signals by detector over the stationary worlds."""
    lines = ["| detector | false signals | which |", "| --- | --- | --- |"]
    for detector in DETECTORS:
        found = false.get(detector, [])
        lines.append(f"| {detector} | {len(found)} | {'; '.join(found) or '-'} |")
    return lines


def scenario_line(folder: Path, name: str, days: int) -> str:
    """One drifting world: the first signal of each subject after the onset, soonest first."""
    world = simulated(folder, name, 0, days)
    told = described(world)
    onset = told["onset"] / DAY_MS - FIRST_DAY  # day 71 by default, as `fold_branches` takes it
    found = sorted(signals(world), key=lambda one: one.day)
    false = [one for one in found if one.day <= onset or not told["subjects"]]
    first: dict[str, Found] = {}
    for one in found:
        if one not in false:
            first.setdefault(one.subject, one)
    asked = set(told["subjects"])
    named = [one for one in first.values() if one.subject in asked]
    others = [one for one in first.values() if one.subject not in asked]
    parts = [f"**{text(one, onset)}**" for one in named]
    parts += [text(one, onset) for one in others[:3]]
    more = f", {len(others) - 3} more" if len(others) > 3 else ""
    wrong = "; ".join(f"{one.detector} {one.subject}" for one in false) or "-"
    asked_for, seen = ", ".join(sorted(asked)) or "nothing", ", ".join(parts) or "-"
    return f"| {name} | {asked_for} | {seen}{more} | {wrong} |"


def text(found: Found, onset: float) -> str:
    """A signal in the table."""
    return f"{found.subject} {found.day - onset:.0f} ({found.detector})"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = ArgumentParser(description="How late drift is signalled, and how often for nothing.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+")
    asked = parser.parse_args(words)
    if asked.seeds:
        print("\n".join(detector_lines(false_signals(asked.folder, asked.seeds))))
        return
    table = measured(asked.folder)
    print(table)
    if asked.write:
        page = DOCUMENT.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        DOCUMENT.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
