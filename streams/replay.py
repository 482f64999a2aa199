"""A file through the stream's own functions in one process: the work behind `fraud replay`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.protocol import FOLDS, Fold
from models.replay import Replay
from models.replay_history import Recorded
from models.replay_models import make
from models.replay_track import Track
from models.windows.spec import DAY_MS
from producers.arrival import Arrival
from producers.errors import FileInvalid
from producers.source import Source
from streams.replay_arrivals import arrivals

Scores = NDArray[np.float64]
Show = Callable[[int], None]
_CHUNK = 2_000  # arrivals between two looks at the progress bar
_FITTED = LearnPolicy(first=1, every=1)  # a same-window model has learned its week when it scores


@dataclass(frozen=True)
class ReplayRequest:
    """What to replay.

    models: names of the portfolio, or `module:factory`; none: the rules alone.
    folds: `test` or `valid` of the Handbook's protocol; None for the plain one.
    label_delay_days: None takes the file's `observed_at`, else event time plus so much.
    maturity_days: unlabelled for so long is presumed legitimate; None presumes nothing.
    publish_every: learned outcomes between two publications of a continuous model.
    """

    path: Path
    mapping: Path | None = None
    labels: Path | None = None
    models: tuple[str, ...] = ("logistic",)
    folds: str | None = "test"
    label_delay_days: float | None = None
    maturity_days: float | None = 60.0
    publish_every: int = LearnPolicy.every
    seed: int = 0

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


def replay(request: ReplayRequest, show: Show = lambda _: None) -> Replayed:
    """Fold the whole file; `show` hears how many transactions lie behind.

    Raises `FileInvalid` for a file or mapping that is not what it should be.
    """
    started = time.perf_counter()
    source = open_source(request)
    continuous = {name: _track(request, name) for name in request.models}
    windows = {
        name: [_window(request, name, fold) for fold in request.chosen_folds]
        for name in request.models
    }
    tracks = [*continuous.values(), *(track for found in windows.values() for track in found)]
    maturity = request.maturity_days
    fold = Replay(tracks, maturity_ms=None if maturity is None else round(maturity * DAY_MS))
    with _quiet_collector():
        _run(fold, arrivals(source, request.label_delay_days), show)
    history = fold.history
    return Replayed(
        history.recorded(),
        history.ids,
        history.cards.ids,
        {name: history.scores(track) for name, track in continuous.items()},
        {name: [history.scores(track) for track in found] for name, found in windows.items()},
        dict(sorted(fold.counts.items())),
        time.perf_counter() - started,
    )


def open_source(request: ReplayRequest) -> Source:
    """The files; raises `FileInvalid` where there are no transactions or no labels."""
    source = Source.open(request.path, request.mapping, request.labels)
    if source.labels is None:
        raise FileInvalid(f"{request.path}", expected="labels beside it, or --labels FILE")
    return source


def _track(request: ReplayRequest, name: str) -> Track:
    return Track(make(name, FEATURES.names, request.seed), request.policy)


def _window(request: ReplayRequest, name: str, fold: Fold) -> Track:
    model = make(name, FEATURES.names, request.seed)
    return Track(model, _FITTED, learns=fold.train, assesses=fold.assessed)


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
