"""Everything that fires in a world, by the drift agent's own functions, a day at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.decision import DecisionPolicy, decline_threshold
from models.drift.collecting import MEANS, SCORE, SCORER
from models.drift.counts import DAY_MS, HOUR_MS, DayCounts
from models.drift.merging import Merger
from models.drift.natures import MIX
from models.drift.outcomes import OutcomeWatch
from models.drift.policy import DriftPolicy
from models.drift.readings import FIRED, Edge, Reading
from models.drift.sketch import value_of_word
from models.features import FEATURES
from producers.handbook_world import START_SECONDS
from tests.bench.drift_rows import Rows, folded
from tests.bench.drift_segments import Part, parts

FIRST_DAY = START_SECONDS * 1_000 // DAY_MS


class Found(NamedTuple):
    """A signal that fired, and when: event time in days since the world's first midnight."""

    detector: str
    subject: str
    day: float

    @property
    def of_segment(self) -> bool:
        """Whether its subject is a segment's."""
        return "/" in self.subject


class Signals(NamedTuple):
    """What fired, how many segments were watched in the end, and the largest index of the whole's
    score by detector: what its floors are chosen by."""

    found: list[Found]
    segments: int
    index: Mapping[str, float]


Day = tuple[int, DayCounts, list[Part]]


def decisions(world: Path, rows: Rows) -> Iterator[Day]:
    """What `drift-decisions` counts, by day."""
    segments = parts(world, rows)
    days = rows.event_time // DAY_MS
    values = np.column_stack([rows.rows.astype(np.float64), rows.score])
    means = np.column_stack([rows.score >= rows.threshold, rows.score])
    for day in np.unique(days).tolist():
        at = np.flatnonzero(days == day)
        counts = DayCounts((*FEATURES.names, SCORE), MEANS)
        counts.add(values[at], rows.event_time[at] % DAY_MS // HOUR_MS, means[at])  # type: ignore[arg-type]  # arrays are sequences here
        kinds = Counter("logistic" if one else "rules" for one in rows.modelled[at].tolist())
        counts.say(SCORER, kinds)
        yield day, counts, segments[day]


def arrivals(world: Path) -> Iterator[Day]:
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
        yield day, counts, []


def _numbers(frame: pl.DataFrame, word: str) -> NDArray[np.float64]:
    """A column of words as the numbers that stand for them."""
    column = "mcc" if word == "mcc_group" else word
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    texts = frame[column].cast(pl.String)
    texts = texts.str.slice(0, 2) if word == "mcc_group" else texts
    known = {one: value_of_word(one) for one in texts.unique().to_list() if one is not None}
    return texts.replace_strict(known, default=None, return_dtype=pl.Float64).to_numpy()


def signals(world: Path) -> Signals:
    """Everything that fires in a world."""
    arrived = merged(arrivals(world))
    if (world / "columns.yaml").exists():
        return arrived  # attributes are no features by default: rows are the plain world's
    rows = folded(world)
    decided = merged(decisions(world, rows))
    return decided._replace(found=[*arrived.found, *decided.found, *outcomes(rows)])


def merged(days: Iterable[Day]) -> Signals:
    """The signals of the merging stage."""
    merger, found = Merger(DriftPolicy(), partitions=1), list[Found]()
    index: dict[str, float] = defaultdict(float)
    for day, counts, segments in days:
        found += fired(merger.take(0, day + 1, [(day, counts)], segments))
        for one in today(merger):
            if one.subject == SCORE:
                index[one.detector] = max(index[one.detector], one.statistic)
    groups = merger.segments.groups.values()
    return Signals(found, sum(one.watched.reference is not None for one in groups), index)


def today(merger: Merger) -> list[Reading]:
    """The readings of the whole's scores on the day taken last."""
    last = merger.segments.whole.today
    return [] if last is None else last[1]


def alerts(world: Path, first: float, last: float) -> float | None:
    """Alerts a thousand decisions of the model, by the threshold in force, between two days since
    the world's first midnight; None where the model does not see what drifts."""
    if (world / "columns.yaml").exists():
        return None
    rows = folded(world)
    day = rows.event_time / DAY_MS - FIRST_DAY
    asked = rows.modelled & (day >= first) & (day < last)
    return float((rows.score >= rows.threshold)[asked].mean()) * 1_000.0


def outcomes(rows: Rows) -> Iterator[Found]:
    """The signals of the outcomes' stage."""
    watch = OutcomeWatch(DriftPolicy())
    for of, at, fraud in zip(
        rows.label_of.tolist(), rows.label_at.tolist(), rows.label_fraud.tolist(), strict=True
    ):
        model = {"name": "logistic"} if rows.modelled[of] else None
        score, threshold = float(rows.score[of]), float(rows.threshold[of])
        declined = score >= decline_threshold(threshold, DecisionPolicy())
        outcome = {
            "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": at, "score": score,
            "model": model, "weight": 1.0, "threshold": threshold,
            "decision": "DECLINE" if declined else "APPROVE",
        }  # fmt: skip
        yield from fired(watch.add(outcome))


def fired(edges: list[Edge]) -> Iterator[Found]:
    """Those that fired."""
    for reading, state in edges:
        if state == FIRED:
            day = reading.time / DAY_MS - FIRST_DAY
            yield Found(reading.detector, reading.subject, day)
