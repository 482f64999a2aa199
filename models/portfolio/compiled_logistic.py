"""The scorer of `models.scorer` behind the portfolio's interface."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from models.scorer import FORMAT, KIND, Scorer, canonical, compile_snapshot


class CompiledLogistic:
    """A logistic regression. Build it with `compile_payload`."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        data = canonical({"format": FORMAT, **payload["model"]})
        self.scorer: Scorer = compile_snapshot(
            {
                "name": "logistic", "version": 0, "feature_spec": "", "kind": KIND,
                "payload": data, "sha256": hashlib.sha256(data).hexdigest(),
            }
        )  # fmt: skip
        self.score = self.scorer.score
        self.score_many = self.scorer.score_many
