"""A classifier of River is tried before it competes: made, taught, packed, asked, and made again.

Examples are made up: half of them frauds and easily told, so that trees split and detectors are
there. What a trial finds follows from the classifier, the inputs and the seed alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from models.portfolio.interface import PayloadError
from models.portfolio.river_form import fraud_share
from models.portfolio.state import dump, load

LESSONS = 400
"""A Hoeffding tree splits after 200 at the earliest."""
FEW = 60
ASKED = 4
ADVICE = "infra/docs/contest.md says which classifiers can compete, and how to bring others."
Example = dict[Any, float]


class Verdict(NamedTuple):
    """What a trial found.

    takes_weights: whether `learn_one` takes `w`, and learns otherwise for it.
    asking_changes_nothing: whether its bytes are the same after `predict_proba_one`.
    begins: sha256 of its state without any experience.
    """

    takes_weights: bool
    asking_changes_nothing: bool
    begins: str


def tried(place: str, build: Callable[[], Any], names: Sequence[str], seed: int) -> Verdict:
    """Try the classifier that `build` makes over these inputs.

    Raises `PayloadError` where it cannot be written or read, is not the same when it is made or
    taught again, goes on otherwise from its bytes than from itself, answers otherwise when it is
    asked again, or raises.
    """
    with named(place):
        begins = hashlib.sha256(dump(build())).hexdigest()
        known = (place, tuple(names), seed, begins)
        if known not in _TRIED:
            _TRIED[known] = _tried(place, build, examples(names, LESSONS), begins)
        return _TRIED[known]


_TRIED: dict[tuple[Any, ...], Verdict] = {}
"""A learner that learns anew, and each model of a replay, need not try again."""


def examples(names: Sequence[str], count: int) -> list[tuple[Example, bool]]:
    """Made-up examples, every second a fraud.

    >>> [fraud for _, fraud in examples(("amount",), 4)]
    [False, True, False, True]
    """
    drawn = random.Random(count)
    return [
        ({name: drawn.expovariate(0.3 if at % 2 else 1.0) for name in names}, bool(at % 2))
        for at in range(count)
    ]


def _tried(
    place: str, build: Callable[[], Any], lessons: list[tuple[Example, bool]], begins: str
) -> Verdict:
    one, pure = build(), True
    for start, stop in ((0, 0), (0, FEW), (FEW, LESSONS - FEW), (LESSONS - FEW, LESSONS)):
        kept = load(dump(one))
        for pupil in (one, kept):
            _teach(pupil, lessons[start:stop])
        pure &= _compared(place, one, kept, [x for x, _ in lessons[:ASKED]])
        if stop == FEW and dump(_taught(build, lessons[:FEW])) != dump(kept):
            raise _unfit(place, "the same state from the same lessons; does it take a seed?")
    return Verdict(_takes_weights(build, lessons[:FEW]), pure, begins)


def _compared(place: str, one: Any, kept: Any, asked: list[Example]) -> bool:
    """Whether asking left the bytes as they were; both must be and say the same."""
    one.predict_proba_one(dict(asked[0])).get(True)  # raises, where `fraud_share` would not
    before = dump(one)
    if dump(kept) != before:
        raise _unfit(place, "learning to go on bit for bit from its written state")
    first = [fraud_share(one, dict(x)) for x in asked]
    again = [fraud_share(one, dict(x)) for x in reversed(asked)]
    if [fraud_share(kept, dict(x)) for x in asked] != first or again[::-1] != first:
        raise _unfit(place, "the same answer whenever it is asked")
    return dump(one) == before


def _takes_weights(build: Callable[[], Any], lessons: list[tuple[Example, bool]]) -> bool:
    """By trying it: a signature that swallows `**kwargs` says nothing."""
    try:
        light, heavy = (_taught(build, lessons, w=weight) for weight in (1.0, 3.0))
    except TypeError:
        return False
    return dump(light) != dump(heavy)


def _taught(build: Callable[[], Any], lessons: list[tuple[Example, bool]], **more: float) -> Any:
    made = build()
    _teach(made, lessons, **more)
    return made


def _teach(pupil: Any, lessons: list[tuple[Example, bool]], **more: float) -> None:
    for x, fraud in lessons:
        pupil.learn_one(dict(x), fraud, **more)


@contextmanager
def named(place: str) -> Iterator[None]:
    """What goes wrong inside is said of the model `place`, as a `PayloadError`."""
    try:
        yield
    except PayloadError as error:
        if error.where.startswith("model state"):
            raise _unfit(place, error.expected, error.came.strip("'")) from error
        raise
    except Exception as error:  # whatever a classifier that a user brought may raise
        came = f"{type(error).__name__}: {error}"
        raise _unfit(place, "a classifier that learns and gives probabilities", came) from error


def _unfit(place: str, expected: str, came: str = "another") -> PayloadError:
    return PayloadError(f"model {place}", expected=expected, came=came, todo=ADVICE)
