"""A classifier of River that somebody brings: `module:name` of a class, or of what makes one.

It learns derived inputs, all frauds and a share of the negatives, like every model of the
portfolio, and is published as it is (`models.portfolio.river_form`). Nothing of its kind is known
beforehand, so it is tried before it competes (`models.portfolio.trial`): what cannot be written,
differs from run to run or is changed by being asked is refused when the learner starts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from river.base import Estimator

from models.portfolio.hoeffding import NEVER
from models.portfolio.imbalance import corrected, hashed
from models.portfolio.inputs import Row
from models.portfolio.interface import PayloadError
from models.portfolio.river_form import form_payload, fraud_share
from models.portfolio.river_model import RiverModel
from models.portfolio.settings import Settings
from models.portfolio.state import dump, load, objects
from models.portfolio.trial import ADVICE, Verdict, named, tried

Build = Callable[[], Any]
DEFAULTS: dict[str, Any] = {"max_nodes": 256}
"""Arguments that a class is given where it takes them: Mondrian trees grow without bound, about
10 KB of state a node of ten trees, and learn slower the deeper they are."""
FIRST_MEASURED = 1_000
DEEP = 20
"""The depth of a Hoeffding tree for which none was given, as in `hoeffding.bounded`."""
MEANT = 200
"""Nobody asks for a tree of that depth: River has taken it from the interpreter."""


class Brought(RiverModel):
    """A classifier of River, `build` without any experience; `place` is its name.

    keep: .05, what VALID chose for both ensembles of trees: an unknown classifier most likely
        counts classes as they do, and twenty times fewer negatives cost twenty times less, which
        counts where River learns in a millisecond. Linear models do better with more.
    most_bytes: of the packed state, which is published and kept by scorers. Measured at 1,000
        lessons and then at each quarter more; beyond it the classifier learns no more.

    >>> from river.naive_bayes import GaussianNB
    >>> model = Brought("river.naive_bayes:GaussianNB", GaussianNB, ("amount",), 1)
    >>> model.learn([12.5], True, 1.0)
    >>> model.score([12.5]) > 0.9
    True
    """

    settings: ClassVar[Settings] = {"keep": 0.05, "most_bytes": 16_000_000}
    row_by_row: ClassVar[bool] = True
    """It does not compile."""

    def __init__(
        self, place: str, build: Build, names: Sequence[str], seed: int,
        settings: Settings | None = None,
    ) -> None:  # fmt: skip
        self.name, self._make = place, build
        self.lessons, self.failed, self.full = 0, 0, False
        self._measured = FIRST_MEASURED
        self._copy: Any = None
        with named(place):
            super().__init__(names, seed, settings)
        self.verdict: Verdict = tried(place, self.build, self.inputs.names, seed)

    def build(self) -> Any:
        """The classifier, made steady, and asked once: what asking prepares is there already."""
        made = self._make()
        if not isinstance(made, Estimator) or not hasattr(made, "predict_proba_one"):
            raise TypeError(f"{type(made).__qualname__} is no classifier of River")
        _steady(made)
        made.predict_proba_one(dict.fromkeys(self.inputs.names, 0.0)).get(True)
        return made

    def teach(self, example: dict[Any, float], fraud: bool, weight: float) -> None:
        """Learn within the bound on memory; an example it fails at is counted and left out."""
        if self.full:
            return
        self._copy = None
        try:
            self._teach(example, fraud, weight)
        except Exception:  # whatever a classifier that a user brought may raise
            self.failed += 1
        self.lessons += 1
        if self.lessons >= self._measured:
            self._measured = self.lessons * 5 // 4
            self.full = len(dump(self.model)) > self.of["most_bytes"]

    def _teach(self, example: dict[Any, float], fraud: bool, weight: float) -> None:
        if self.verdict.takes_weights:
            self.model.learn_one(example, fraud, w=weight)
            return
        for _ in range(self.times(weight)):
            self.model.learn_one(dict(example), fraud)

    def times(self, weight: float) -> int:
        """How often an outcome of that weight is learned where weights are not taken: on average
        `weight` times, whole ones certainly, what is left over by chance of the outcome's number.
        """
        whole = int(weight)
        return whole + (hashed(self.outcomes, self.seed + 1) < weight - whole)

    def score(self, row: Row) -> float:
        """As the scorer says it, to the bit."""
        return corrected(fraud_share(self.scorer(), self.example(row)), self.keep)

    def scorer(self) -> Any:
        """The classifier, or a copy of it where being asked changes its bytes."""
        if self.verdict.asking_changes_nothing:
            return self.model
        if self._copy is None:
            self._copy = load(dump(self.model))
        return self._copy

    def state(self) -> dict[str, Any]:
        """The whole classifier, and how it fared."""
        return {
            "classifier": self.model, "lessons": self.lessons, "failed": self.failed,
            "full": self.full, "measured": self._measured,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.model, self._copy = state["classifier"], None
        self.lessons, self.failed = state["lessons"], state["failed"]
        self.full, self._measured = state["full"], state["measured"]

    def compiled(self) -> dict[str, Any]:
        """The classifier as it is, and how it fared."""
        fared = {"lessons": self.lessons, "failed": self.failed, "full": self.full}
        return form_payload(self, dump(self.model)) | fared

    def _about(self) -> dict[str, Any]:
        """The classifier as it begins, too: one of other parameters is another model."""
        return super()._about() | {"begins": self.verdict.begins}


def of_class(place: str, cls: Any, names: Sequence[str], seed: int, *more: Settings) -> Brought:
    """A class of River with its defaults, `DEFAULTS`, and the seed where it takes one."""
    taken = inspect.signature(cls).parameters
    given = {name: value for name, value in {**DEFAULTS, "seed": seed}.items() if name in taken}
    needed = [name for name, one in taken.items()
              if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
              and name not in given]  # fmt: skip
    if needed:
        expected = "a class that needs no arguments, or a function of yours that gives them"
        came = f"{cls.__qualname__}({needed[0]}, ...)"
        raise PayloadError(f"model {place}", expected=expected, came=came, todo=ADVICE)
    return Brought(place, partial(cls, **given), names, seed, *more)


def _steady(model: Any) -> None:
    """Switch off what differs from process to process: trees that estimate their own memory, and
    a depth that follows from Python's recursion limit where none is given."""
    for one in objects(model):
        if hasattr(one, "memory_estimate_period") and hasattr(one, "max_size"):
            one.max_size, one.memory_estimate_period = float(NEVER), NEVER
            one.max_depth = DEEP if one.max_depth is None else one.max_depth
        if isinstance(getattr(one, "max_depth", None), int) and one.max_depth >= MEANT:
            one.max_depth = DEEP
