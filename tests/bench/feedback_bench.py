"""Feedback learned separately, pooled or not at all, compared on the VALID folds.

Run it from the project's root: `fraud features world --out X.parquet`, then
`python -m tests.bench.feedback_bench X.parquet [--models logistic,…] [--seeds 5] [--per-day 100]
[--from 2018-06-01]`. Without a table it makes one of the public world, some minutes more. The table
of infra/docs/feedback.md is its output.

All ways learn from the same rows and labels, those a week late; each asks analysts about its own
highest scores. `alerts` is the share of frauds among what it asked about in the assessed weeks.
Then come three views of the protocol's assessed transactions, the same for all ways of a model and
seed: all of them; those of cards that no way's analysts have called compromised since the fold's
training began (what remains to be found); and those that no way asked about (what all missed).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.features import FEATURES
from models.feedback import Analysts, FeedbackTrack
from models.learn_policy import LearnPolicy
from models.protocol import FOLDS, METRICS, Fold, assess, summary
from models.replay_history import DAY_MS, Recorded
from models.replay_models import tracks
from models.replay_track import Row, Track
from producers.handbook import simulate
from streams.feature_table import FeatureRequest, write

MODES = ("none", "separate", "live", "pooled")
_SLICE = 50_000


class Borrowed(Track):
    """Another track's scores: it is told by its owner, and learned and scored once."""

    def __init__(self, owner: Track) -> None:
        super().__init__(owner.model, owner.policy)
        self.owner, self.scores = owner, owner.scores

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """The owner does."""

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """The owner does."""

    def settle(self) -> None:
        """Score what waits."""
        self.owner.settle()


class Watched(Track):
    """Tracks without feedback, the first of them asked: it notes what it would have asked about."""

    def __init__(self, inner: Sequence[Track], analysts: Analysts) -> None:
        super().__init__(inner[0].model, inner[0].policy)
        self.inner, self.analysts, self.scores = inner, analysts, inner[0].scores

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """Hand on."""
        if self.analysts.is_over(event_time):
            self.settle()
            self.analysts.close(self.scores[-self.analysts.many :])
            deque(self.analysts.due(2**62), maxlen=0)
        for track in self.inner:
            track.decide(ordinal, event_time, row)
        self.analysts.saw(ordinal, event_time, row)

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Hand on."""
        for track in self.inner:
            track.hear(ordinal, event_time, row, fraud)

    def settle(self) -> None:
        """Score what waits."""
        self.inner[0].settle()  # a blend's settles its members'


def ways(name: str, seed: int, per_day: int, truth: NDArray[np.int8]) -> dict[str, Any]:
    """The tracks of one model and seed, to be told in this order."""
    daily = LearnPolicy(first=per_day, every=per_day)

    def analysts() -> Analysts:
        return Analysts(per_day, lambda ordinal: bool(truth[ordinal] == 1))

    def made(policy: LearnPolicy) -> list[Track]:
        return [*tracks((name,), FEATURES.names, seed, policy).values()]

    none = Watched(made(LearnPolicy()), analysts())
    slow, fast = Borrowed(none.inner[0]), made(daily)
    return {  # the borrower first: the owner has then scored as much as it has
        "separate": FeedbackTrack([slow], fast, analysts()),
        "none": none,
        "live": FeedbackTrack(made(LearnPolicy()), made(daily), analysts(), once=True),
        "pooled": FeedbackTrack(made(LearnPolicy()), None, analysts()),
    }


def rows(table: pl.DataFrame) -> Iterator[Row]:
    """The feature rows, in order."""
    for part in table.select(FEATURES.names).iter_slices(_SLICE):
        yield from map(list, part.iter_rows())


def run(table: pl.DataFrame, told: Sequence[Track], truth: NDArray[np.int8]) -> None:
    """Fold the table: a label is heard before the first transaction at or after its time."""
    waiting: deque[tuple[int, int, int, Row]] = deque()
    times, observed = table["event_time"].to_list(), table["label_observed_at"].to_list()
    for ordinal, row in enumerate(rows(table)):
        now = times[ordinal]
        while waiting and waiting[0][0] <= now:
            _, number, at, heard = waiting.popleft()
            for track in told:
                track.hear(number, at, heard, bool(truth[number] == 1))
        for track in told:
            track.decide(ordinal, now, row)
        if observed[ordinal] is not None:
            waiting.append((observed[ordinal], ordinal, now, row))
    for track in told:
        track.settle()


def recorded_of(table: pl.DataFrame) -> Recorded:
    """The table as the protocol reads it."""
    label = table["label"].cast(pl.Int8).fill_null(-1).to_numpy().astype(np.int8)
    card = table["card_id"].rank("dense").cast(pl.Int64).to_numpy()
    time_of, amount = table["event_time"].to_numpy(), table["amount_minor"].to_numpy()
    return Recorded(time_of, card, amount, label, np.zeros(len(table)))


def measured(recorded: Recorded, told: dict[str, Any]) -> dict[str, list[float]]:
    """Of each way: alert precision, then the metrics of the three views."""
    folds = FOLDS["valid"]
    asked = {mode: np.array(track.analysts.chosen) for mode, track in told.items()}
    anyone = np.unique(np.concatenate(list(asked.values())))
    never = np.ones(len(recorded.truth), dtype=bool)
    never[anyone] = False
    views = (
        [np.ones_like(never)] * len(folds),
        [unknown_cards(recorded, anyone, fold) for fold in folds],
        [never] * len(folds),
    )
    found = {}
    for mode, track in told.items():
        scores = np.array(track.scores)
        found[mode] = [precision(recorded, asked[mode])]
        for view in views:
            each = [
                assess(recorded, np.where(kept, scores, np.nan), fold)
                for kept, fold in zip(view, folds, strict=True)
            ]
            found[mode] += [summary(each)["mean"][name] for name in METRICS]
    return found


def precision(recorded: Recorded, asked: NDArray[np.int64]) -> float:
    """The share of frauds among what was asked about in the assessed weeks."""
    times = recorded.event_time[asked]
    inside = np.zeros(len(asked), dtype=bool)
    for fold in FOLDS["valid"]:
        inside |= (times >= fold.assessed.start) & (times < fold.assessed.end)
    return float((recorded.truth[asked[inside]] == 1).mean())


def unknown_cards(recorded: Recorded, asked: NDArray[np.int64], fold: Fold) -> NDArray[np.bool_]:
    """Transactions before analysts called their card compromised, from the training week on."""
    hits = asked[recorded.truth[asked] == 1]
    hits = hits[recorded.event_time[hits] >= fold.train_start]
    told = np.full(int(recorded.card.max()) + 1, 2**62)
    np.minimum.at(told, recorded.card[hits], recorded.event_time[hits] + DAY_MS)
    return np.asarray(recorded.event_time < told[recorded.card])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, nargs="?", help="from `fraud features`")
    parser.add_argument("--models", default="logistic")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--per-day", type=int, default=100)
    parser.add_argument("--from", dest="start", default="2018-04-01")
    return parser.parse_args()


def history(given: argparse.Namespace) -> pl.DataFrame:
    """The table from the start on, up to the end of the last VALID fold."""
    start = int(datetime.fromisoformat(given.start).replace(tzinfo=UTC).timestamp() * 1_000)
    end = max(fold.assessed.end for fold in FOLDS["valid"])
    with TemporaryDirectory() as folder:
        table = given.table or Path(folder) / "X.parquet"
        if given.table is None:
            simulate(Path(folder) / "world", days=122)
            write(FeatureRequest(Path(folder) / "world", table))
        chosen = pl.col("event_time").is_between(start, end, "left")
        return pl.scan_parquet(table).filter(chosen).collect()


def main() -> int:
    """Print the table as Markdown, a row a model and way; what is better is seen on VALID."""
    given = arguments()
    known = history(given)
    recorded = recorded_of(known)
    heads = ("model", "way", "alerts", *("AUC", "AP", "CP@100") * 3)
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name in given.models.split(","):
        started, found = time.process_time(), []
        for seed in range(1, given.seeds + 1):
            told = ways(name, seed, given.per_day, recorded.truth)
            run(known, list(told.values()), recorded.truth)
            found.append(measured(recorded, told))
            print(f"{name} {seed}: {found[-1]}", file=sys.stderr, flush=True)
        for mode in MODES:
            print(row_of(name, mode, [one[mode] for one in found]), flush=True)
        print(f"{name}: {time.process_time() - started:.0f} s of CPU", file=sys.stderr)
    return 0


def row_of(name: str, mode: str, found: Sequence[Sequence[float]]) -> str:
    """A row of the table: mean and deviation over the seeds."""
    values = np.array(found)
    cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(values.mean(0), values.std(0), strict=True)]
    return f"| {name} | {mode} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
