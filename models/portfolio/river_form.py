"""A classifier of River as a payload: its whole state as bytes, scored by River row by row.

What cannot be compiled to arrays travels as `models.portfolio.state` writes it: classes of an
allow-list by name, no pickle, the sha256 of the snapshot over all of it. The scorer asks the very
code that the learner asks, so both say the same bits; under another version of River the state is
refused. River is imported when the first such payload is read.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

from models.portfolio.compiled_inputs import InputScorer
from models.portfolio.imbalance import corrected
from models.portfolio.inputs import Floats
from models.portfolio.interface import PayloadError
from models.provenance import RIVER_VERSION

FORMAT = 1
KIND = "river.form"
UNKNOWN = 0.5
"""A classifier that fails at a row, or answers with no number, knows nothing about it."""


def fraud_share(model: Any, example: dict[Any, float]) -> float:
    """What a classifier of River says of an example, in [0, 1], before the correction."""
    try:
        found = float(model.predict_proba_one(example).get(True, 0.0))
    except Exception:  # whatever it raises at an extreme value must not cost a decision
        return UNKNOWN
    return UNKNOWN if math.isnan(found) else min(max(found, 0.0), 1.0)


def form_payload(model: Any, state: bytes) -> dict[str, Any]:
    """The payload of a `RiverModel` whose River part is packed as `state`."""
    return {
        **model.head(KIND, FORMAT),
        "river": RIVER_VERSION,
        "class": type(model.model).__name__,
        "state": base64.b64encode(state).decode(),
    }


class RiverForm(InputScorer):
    """A classifier of River, restored. Build it with `compile_payload`."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        if payload["river"] != RIVER_VERSION:
            raise PayloadError(f"{KIND}: River", expected=RIVER_VERSION, came=payload["river"])
        super().__init__(payload)
        self.model = restored(base64.b64decode(payload["state"], validate=True))

    def score_inputs(self, x: Floats) -> list[float]:
        """`score` of each column, one after the other."""
        return [
            corrected(fraud_share(self.model, dict(zip(self.inputs.names, column, strict=True))),
                      self.keep)
            for column in x.T.tolist()
        ]  # fmt: skip


def restored(state: bytes) -> Any:
    """The classifier that a state holds; raises `PayloadError` for anything else."""
    from river.base import Estimator  # noqa: PLC0415 - most scorers never need River

    from models.portfolio.state import load  # noqa: PLC0415

    model = load(state)
    if not isinstance(model, Estimator) or not hasattr(model, "predict_proba_one"):
        raise PayloadError(KIND, expected="a classifier", came=type(model).__qualname__)
    return model
