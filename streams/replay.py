"""A file through the stream's own functions in one process: the work behind `fraud replay`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.feedback import Analysts, FeedbackTrack
from models.learn_policy import LearnPolicy
from models.protocol import FOLDS, Fold
from models.replay import Replay
from models.replay_history import History, Recorded
from models.replay_rows import ROWS_KEPT
from models.windows.spec import DAY_MS
from producers.arrival import Arrival
from producers.errors import FileInvalid
from producers.source import Source
from streams.replay_arrivals import Files, Input
from streams.replay_learners import Elsewhere, Here, Job, Key, Learners, quiet_collector
from streams.replay_topics import TopicRange, Topics

Scores = NDArray[np.float64]
Show = Callable[[int], None]
Feedback = Literal["separate", "live", "pooled", "none"]
_CHUNK = 2_000  # arrivals between two looks at the progress bar
WORTH_A_PROCESS = 50_000
"""Transactions; a process takes two seconds to begin, in which this one folds so many."""


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
    processes: beside this one, at most, in which models learn and score; 0: in this one.
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
    processes: int = 0

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
    maturity = request.maturity_days
    maturity_ms = None if maturity is None else round(maturity * DAY_MS)
    scores: dict[Key, Scores] = {}
    with ExitStack() as running:
        learners = [running.enter_context(one) for one in _learners(request, source, history)]
        hears = [one for each in learners for one in each.hears]
        fold = Replay(hears, maturity_ms=maturity_ms, rows_kept=request.rows_kept, history=history)
        with quiet_collector():
            _run(fold, source.arrivals(), show)
        for one in learners:
            scores |= {key: history.scores(found) for key, found in one.scored().items()}
    folds = range(1, len(request.chosen_folds) + 1)
    return Replayed(
        history.recorded(),
        history.ids,
        history.cards.ids,
        {name: scores[name, 0] for name in request.models},
        {name: [scores[name, at] for at in folds] for name in request.models},
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


def _learners(request: ReplayRequest, source: Input, history: History) -> list[Learners]:
    """Who learns: in this process where there is little to do, or analysts are asked."""
    job = Job(request.models, request.seed, request.policy, request.chosen_folds)
    if request.feedback_per_day and request.feedback != "none":
        return [Here(_asking(request, job, source, history) | job.windows())]
    if not request.processes or not request.models or source.total() < WORTH_A_PROCESS:
        return [Here(job.tracks())]
    return [Elsewhere(part) for part in job.parts(request.processes)]


def _asking(
    request: ReplayRequest, job: Job, source: Input, history: History
) -> dict[Key, FeedbackTrack]:
    """What learns all that is observed, and what analysts say of its alerts, by name."""
    frauds = source.frauds()
    each = LearnPolicy(first=request.feedback_per_day, every=request.feedback_per_day)

    def asking(name: str) -> FeedbackTrack:
        analysts = Analysts(request.feedback_per_day, lambda n: history.ids[n] in frauds)
        alone = job._replace(models=(name,))
        slow, fast = [*alone.continuous().values()], None
        if request.feedback != "pooled":
            fast = [*alone._replace(policy=each).continuous().values()]
        return FeedbackTrack(slow, fast, analysts, once=request.feedback == "live")

    return {(name, 0): asking(name) for name in request.models}


def _run(fold: Replay, found: Iterator[Arrival], show: Show) -> None:
    while chunk := list(islice(found, _CHUNK)):
        fold.run(chunk)
        show(fold.counts["transactions"])
    fold.finish()
