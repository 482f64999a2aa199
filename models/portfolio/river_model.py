"""What the models over derived inputs share: inputs, thinning, correction, state.

A model of River stands underneath and does all learning and scoring. Only what it learned is
packed: settings come from the code that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from models.portfolio.catalogue import inputs_for
from models.portfolio.imbalance import corrected, hashed, thinned
from models.portfolio.inputs import Inputs, Row
from models.portfolio.interface import PayloadError
from models.portfolio.settings import Settings
from models.portfolio.state import dump, load
from models.provenance import RIVER_VERSION


class RiverModel:
    """A River model over derived inputs, learning all frauds and a share of the negatives."""

    name = ""
    settings: ClassVar[Settings] = {}
    """The defaults of `self.of`, from `models.portfolio.settings`."""
    learned: tuple[str, ...] = ()
    """The attributes of River's model that learning changes."""

    def __init__(self, names: Sequence[str], seed: int, settings: Settings | None = None) -> None:
        self.of = self.settings | (settings or {})
        self.seed, self.keep = seed, self.of["keep"]
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
        self.teach(self.example(row), fraud, weight)

    def example(self, row: Row) -> dict[Any, float]:
        """What River is shown of a row."""
        return dict(zip(self.inputs.names, self.inputs.derive(row), strict=True))

    def teach(self, example: dict[Any, float], fraud: bool, weight: float) -> None:
        """Give River one example that was not left out."""
        self.model.learn_one(example, fraud, w=weight)

    def score(self, row: Row) -> float:
        """The probability of fraud by River's own arithmetic, corrected for the thinning."""
        found = self.scorer().predict_proba_one(self.example(row)).get(True, 0.0)
        return corrected(found, self.keep)

    def scorer(self) -> Any:
        """River's model that scores: the one that learns."""
        return self.model

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row. The compiled form is the fast one."""
        return [self.score(row) for row in rows]

    def pack(self) -> bytes:
        """Everything learned; see `models.portfolio.state`."""
        return dump(
            {
                "about": self._about(),
                "outcomes": self.outcomes,
                "model": self.state(),
            }
        )

    def unpack(self, data: bytes) -> None:
        """Go on where `pack` left off; raises `PayloadError` for another model's state."""
        state = load(data)
        about = state.get("about") if isinstance(state, dict) else type(state).__qualname__
        if about != self._about():
            raise PayloadError(f"state of {self.name}", expected=str(self._about()), came=about)
        self.outcomes = state["outcomes"]
        self.restore(state["model"])

    def head(self, kind: str, form: int) -> dict[str, Any]:
        """What every payload over derived inputs begins with; `compiled_inputs` reads it."""
        return {
            "kind": kind, "format": form, "features": list(self.inputs.features),
            "inputs": self.inputs.data(), "keep": self.keep.hex(),
        }  # fmt: skip

    def state(self) -> dict[str, Any]:
        """What learning changed."""
        return {name: getattr(self.model, name) for name in self.learned}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        for name in self.learned:
            setattr(self.model, name, state[name])

    def _about(self) -> dict[str, Any]:
        """What must be the same for a state to fit."""
        return {
            "name": self.name, "river": RIVER_VERSION, "seed": self.seed,
            "settings": self.of,
            "features": list(self.inputs.features), "inputs": self.inputs.data(),
        }  # fmt: skip
