"""Who learns and scores in a replay: in its own process, or in others beside it.

```text
 fold ─► decided, labelled ──► Here: the tracks themselves
                          └──► Elsewhere ── batches, in order ──► a process with tracks ── scores ─►
```

A track hears the same in the same order wherever it is, so its scores have the same bits. Models
that learn of each other (a blend and its members) share a process; all others may part.
"""

from __future__ import annotations

import gc
import multiprocessing as mp
import signal
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol, Self

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.portfolio.blend import MEMBERS, Blend
from models.protocol import Fold
from models.replay_models import tracks
from models.replay_track import Hears, Row, Scored, Track
from schemas.errors import FraudStreamsError

TOGETHER = 1_000
"""What a process is told at once: half a megabyte."""
_FITTED = LearnPolicy(first=1, every=1)  # a same-window model has learned its week when it scores
Key = tuple[str, int]
"""A model, and the number of its fold; 0 is what learns all that is observed."""


class LearnerFailed(FraudStreamsError):
    """A model raised, or its process was ended from outside."""

    code = "LEARNER_FAILED"


class Job(NamedTuple):
    """Models that learn everything, published by `policy`, and again within each fold."""

    models: tuple[str, ...]
    seed: int
    policy: LearnPolicy
    folds: tuple[Fold, ...] = ()

    def tracks(self) -> dict[Key, Track]:
        """New ones, in the order in which they must hear."""
        return self.continuous() | self.windows()

    def continuous(self) -> dict[Key, Track]:
        """What learns all that is observed."""
        found = tracks(self.models, FEATURES.names, self.seed, self.policy)
        return {(name, 0): track for name, track in found.items()}

    def windows(self) -> dict[Key, Track]:
        """What learns a fold's training week and is assessed on the fold."""
        return {
            (name, at): track
            for at, fold in enumerate(self.folds, 1)
            for name, track in tracks(
                self.models, FEATURES.names, self.seed, _FITTED,
                learns=fold.train, assesses=fold.assessed,
            ).items()
        }  # fmt: skip

    def parts(self, most: int) -> list[Job]:
        """The job in at most so many; a blend stays with its members.

        >>> job = Job(("logistic", "blend", "splines", "m:f"), 0, LearnPolicy())
        >>> [part.models for part in job.parts(2)]
        [('blend', 'splines'), ('logistic', 'm:f')]
        """
        together = {Blend.name, *MEMBERS} if Blend.name in self.models else set()
        blended = tuple(name for name in self.models if name in together)
        groups: list[tuple[str, ...]] = [(n,) for n in self.models if n not in together]
        groups = [blended, *groups] if blended else groups
        while len(groups) > max(most, 1):
            last = groups.pop()
            groups[-1] = (*groups[-1], *last)
        return [self._replace(models=group) for group in groups]


class Learners(AbstractContextManager["Learners"], Protocol):
    """`hears`: what a replay tells, in order; `scored`: what it gave, once all is told."""

    hears: Sequence[Hears]

    def scored(self) -> Mapping[Key, Scored]:
        """The scores by model and fold."""


class Here(AbstractContextManager["Here"]):
    """Tracks in this process.

    >>> with Here({}) as learners:
    ...     learners.scored()
    {}
    """

    def __init__(self, found: Mapping[Key, Track]) -> None:
        self.hears: Sequence[Hears] = list(found.values())
        self._found = found

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def scored(self) -> Mapping[Key, Scored]:
        """The scores by model and fold."""
        return {key: track.scored for key, track in self._found.items()}


class Elsewhere(AbstractContextManager["Elsewhere"]):
    """A job's tracks in a process of their own.

    It is spawned, not forked: polars has threads here. Raises `LearnerFailed` where a model does.
    """

    def __init__(self, job: Job) -> None:
        self.hears: Sequence[Hears] = [self]
        self._job = job
        self._told: list[_Told] = []
        context = mp.get_context("spawn")
        # Two of one way each: what a process said before it ended can still be read.
        asked, self._ask = context.Pipe(duplex=False)
        self._answers, answer = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(asked, answer, job), daemon=True)
        self._process.start()
        asked.close()  # so that the end of the process is the end of both
        answer.close()

    def __enter__(self) -> Self:
        """The process runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, whatever it does."""
        self._ask.close()
        self._answers.close()
        self._process.kill()
        self._process.join()

    def decide(self, ordinal: int, event_time: int, row: Row) -> None:
        """Tell of a decision."""
        self._tell((ordinal, event_time, row, None))

    def hear(self, ordinal: int, event_time: int, row: Row, fraud: bool) -> None:
        """Tell of an outcome."""
        self._tell((ordinal, event_time, row, fraud))

    def settle(self) -> None:
        """Tell what waits; what the process has scored then is asked for by `scored`."""
        self._send(self._told)
        self._told = []

    def scored(self) -> Mapping[Key, Scored]:
        """The scores by model and fold; ends the process."""
        self._send(None)
        return self._answer()

    def _tell(self, told: _Told) -> None:
        self._told.append(told)
        if len(self._told) >= TOGETHER:
            self.settle()

    def _send(self, told: list[_Told] | None) -> None:
        try:
            self._ask.send(told)
        except BrokenPipeError:
            self._answer()  # says why

    def _answer(self) -> Mapping[Key, Scored]:
        try:
            found = self._answers.recv()
        except EOFError:
            self._process.join()
            found = f"exit code {self._process.exitcode}"
        if isinstance(found, str):
            raise LearnerFailed(
                f"learning of {', '.join(self._job.models)}", expected="scores", came=found,
                todo="With --processes 0 it runs in the command itself, under a debugger.",
            )  # fmt: skip
        answer: Mapping[Key, Scored] = found
        return answer


_Told = tuple[int, int, Row, bool | None]


def _work(asked: Connection[Any, Any], answer: Connection[Any, Any], job: Job) -> None:
    """Run a job's tracks: the body of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command is interrupted, and ends this
    try:
        found = job.tracks()
        with quiet_collector():
            _listen(asked, list(found.values()))
        answer.send(Here(found).scored())
    except EOFError:
        return  # nobody asks any more
    except Exception as error:
        traceback.print_exc()
        answer.send(f"{type(error).__name__}: {error}")


def _listen(asked: Connection[Any, Any], found: Sequence[Hears]) -> None:
    while (told := asked.recv()) is not None:
        for ordinal, event_time, row, fraud in told:
            for track in found:
                if fraud is None:
                    track.decide(ordinal, event_time, row)
                else:
                    track.hear(ordinal, event_time, row, fraud)
    for track in found:
        track.settle()


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Millions of live objects without cycles: looking through them again and again is waste."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
