"""A file through the stream's own functions in one process: the work behind `fraud replay`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features import FEATURES
from models.feedback import Analysts, FeedbackTrack
from models.learn_policy import LearnPolicy
from models.protocol import FOLDS, Fold
from models.replay import Replay
from models.replay_history import History, Recorded
from models.replay_models import tracks
from models.replay_rows import ROWS_KEPT
from models.replay_track import ALWAYS, Track
from models.windows.spec import DAY_MS
from producers.arrival import Arrival
from producers.errors import FileInvalid
from producers.source import Source
from streams.replay_arrivals import Files, Input
from streams.replay_topics import TopicRange, Topics

Scores = NDArray[np.float64]
Show = Callable[[int], None]
Feedback = Literal["separate", "pooled", "none"]
_CHUNK = 2_000  # arrivals between two looks at the progress bar
_FITTED = LearnPolicy(first=1, every=1)  # a same-window model has learned its week when it scores


@dataclass(frozen=True)
class ReplayRequest:
    """What to replay.

    path: a file, a folder with both, or a range of a broker's topics.
    models: names of the portfolio, or `module:factory`; none: the rules alone.
    folds: `test` or `valid` of the Handbook's protocol; None for the plain one.
    label_delay_days: None takes the file's `observed_at`, else event time plus so much.
    maturity_days: unlabelled for so long is presumed legitimate; None presumes nothing.
    rows_kept: rows held for verdicts to come, 8 bytes a feature; later ones are not learned.
    publish_every: learned outcomes between two publications of a continuous model.
    feedback_per_day: highest scores of a day that analysts label the next day; 0 asks nobody.
    feedback: how a continuous model learns that: see `models.feedback`; `none` does not.
    """

    path: Path | TopicRange
    mapping: Path | None = None
    labels: Path | None = None
    models: tuple[str, ...] = ("logistic",)
    folds: str | None = "test"
    label_delay_days: float | None = None
    maturity_days: float | None = 60.0
    rows_kept: int = ROWS_KEPT
    publish_every: int = LearnPolicy.every
    seed: int = 0
    feedback_per_day: int = 0
    feedback: Feedback = "separate"

    @property
    def chosen_folds(self) -> tuple[Fold, ...]:
        """The folds to report."""
        return () if self.folds is None else FOLDS[self.folds]

    @property
    def policy(self) -> LearnPolicy:
        """When a continuous model is published."""
        first = min(LearnPolicy.first, self.publish_every)
        return LearnPolicy(first=first, every=self.publish_every)


class Replayed(NamedTuple):
    """What a replay found: `continuous` a score a transaction, `same_window` one array a fold."""

    recorded: Recorded
    ids: list[str]
    cards: list[str]
    continuous: dict[str, Scores]
    same_window: dict[str, list[Scores]]
    counts: dict[str, int]
    seconds: float
    sha256: str
    """Of what was replayed."""


def replay(request: ReplayRequest, show: Show = lambda _: None) -> Replayed:
    """Fold the whole file; `show` hears how many transactions lie behind.

    Raises `FileInvalid` for a file or mapping that is not what it should be.
    """
    started = time.perf_counter()
    source, history = open_input(request), History()
    continuous, every = _continuous(request, source, history)
    windows = [_tracks(request, request.models, _FITTED, fold) for fold in request.chosen_folds]
    every += [track for one in windows for track in one.values()]
    maturity = request.maturity_days
    maturity_ms = None if maturity is None else round(maturity * DAY_MS)
    fold = Replay(every, maturity_ms=maturity_ms, rows_kept=request.rows_kept, history=history)
    with _quiet_collector():
        _run(fold, source.arrivals(), show)
    return Replayed(
        history.recorded(),
        history.ids,
        history.cards.ids,
        {name: history.scores(continuous[name]) for name in request.models},
        {name: [history.scores(one[name]) for one in windows] for name in request.models},
        dict(sorted((fold.counts + source.refused).items())),
        time.perf_counter() - started,
        source.sha256(),
    )


def open_input(request: ReplayRequest) -> Input:
    """What is replayed; raises `FileInvalid` where there are no transactions or no labels."""
    if isinstance(request.path, TopicRange):
        return Topics(request.path, request.label_delay_days)
    source = Source.open(request.path, request.mapping, request.labels)
    if source.labels is None:
        raise FileInvalid(f"{request.path}", expected="labels beside it, or --labels FILE")
    return Files(source, request.label_delay_days)


def _continuous(
    request: ReplayRequest, source: Input, history: History
) -> tuple[dict[str, Track], list[Track]]:
    """What learns all that is observed, by name, and the tracks that the replay tells of it."""
    if not request.feedback_per_day or request.feedback == "none":
        found = _tracks(request, request.models, request.policy)
        return found, list(found.values())
    frauds = source.frauds()

    def asking(name: str) -> Track:
        analysts = Analysts(request.feedback_per_day, lambda n: history.ids[n] in frauds)
        each = LearnPolicy(first=request.feedback_per_day, every=request.feedback_per_day)
        slow = _tracks(request, (name,), request.policy)
        fast = _tracks(request, (name,), each) if request.feedback == "separate" else None
        return FeedbackTrack([*slow.values()], [*fast.values()] if fast else None, analysts)

    found = {name: asking(name) for name in request.models}
    return found, list(found.values())


def _tracks(
    request: ReplayRequest, models: Sequence[str], policy: LearnPolicy, fold: Fold | None = None
) -> dict[str, Track]:
    """What learns everything, or what learns a fold's training week and is assessed on it."""
    learns, assesses = (fold.train, fold.assessed) if fold else (ALWAYS, ALWAYS)
    return tracks(models, FEATURES.names, request.seed, policy, learns=learns, assesses=assesses)


def _run(fold: Replay, found: Iterator[Arrival], show: Show) -> None:
    while chunk := list(islice(found, _CHUNK)):
        fold.run(chunk)
        show(fold.counts["transactions"])
    fold.finish()


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Millions of live objects without cycles: looking through them again and again is waste."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
