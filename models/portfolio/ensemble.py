"""What the tree ensembles of the portfolio share: inputs, thinning, correction, state.

A model of River stands underneath and does all learning and scoring. Only what it learned is
packed: settings come from the code that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from models.portfolio.catalogue import inputs_for
from models.portfolio.imbalance import corrected, hashed, thinned
from models.portfolio.inputs import Inputs, Row
from models.portfolio.interface import PayloadError
from models.portfolio.state import dump, load

RIVER_VERSION = version("river")
KEEP = 0.05
"""The share of negatives that is learned, of those that `keep` leaves to chance."""


class RiverEnsemble:
    """A River ensemble over derived inputs, learning all frauds and a share of the negatives."""

    name = ""
    learned: tuple[str, ...] = ()
    """The attributes of River's model that learning changes."""
    max_leaves = 256
    """Leaves at which a tree stops splitting and goes on counting: the bound of its memory."""

    def __init__(self, names: Sequence[str], seed: int, keep: float = KEEP) -> None:
        self.seed, self.keep = seed, keep
        self.inputs = Inputs(names, inputs_for(names))
        self.model = self.build()
        self.outcomes = 0

    def build(self) -> Any:
        """River's model, empty; `self.inputs` and `self.seed` are set."""
        raise NotImplementedError

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome; whether a negative is left out depends on its number alone."""
        self.outcomes += 1
        if not fraud:
            weight = thinned(weight, self.keep, hashed(self.outcomes, self.seed))
            if not weight:
                return
        self.teach(self._example(row), fraud, weight)

    def teach(self, example: dict[str, float], fraud: bool, weight: float) -> None:
        """Give River one example that was not left out."""
        self.model.learn_one(example, fraud, w=weight)

    def score(self, row: Row) -> float:
        """The probability of fraud by River's own arithmetic, corrected for the thinning."""
        found = self.model.predict_proba_one(self._example(row)).get(True, 0.0)
        return corrected(found, self.keep)

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """Everything learned; see `models.portfolio.state`."""
        return dump(
            {
                "about": self._about(),
                "outcomes": self.outcomes,
                "model": {name: getattr(self.model, name) for name in self.learned},
            }
        )

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError` for another model's state."""
        state = load(data)
        if not isinstance(state, dict) or state.get("about") != self._about():
            raise PayloadError(f"state of {self.name}", expected=str(self._about()), came=state)
        self.outcomes = state["outcomes"]
        for name in self.learned:
            setattr(self.model, name, state["model"][name])

    def _example(self, row: Row) -> dict[str, float]:
        return dict(zip(self.inputs.names, self.inputs.derive(row), strict=True))

    def _about(self) -> dict[str, Any]:
        """What must be the same for a state to fit."""
        return {
            "name": self.name, "river": RIVER_VERSION, "seed": self.seed, "keep": self.keep,
            "features": list(self.inputs.features), "inputs": self.inputs.data(),
        }  # fmt: skip


def bound_growth(trees: Iterable[Any], leaves: int) -> None:
    """Let trees split while they are below the bound. Depth alone would not bound a tree, and
    River's own limit depends on `sys.getsizeof`, which differs after a resume."""
    for tree in trees:
        tree._growth_allowed = tree._n_active_leaves + tree._n_inactive_leaves < leaves
