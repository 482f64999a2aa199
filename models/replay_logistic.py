"""The stream's logistic pipeline over rows, at half its cost, with the same bits.

River's scaler looks every feature up by name in three dictionaries and the pipeline in a fourth.
Here one loop over the row does the scaler's arithmetic, in its order; River's logistic regression
does the rest. A test compares state and scores with `models.learn_pipeline`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from models.learn_pipeline import CLIP, LogisticPipeline
from models.learn_policy import LearnPolicy
from models.replay_track import Row
from models.scorer import FORMAT, KIND, Scorer, canonical, compile_snapshot


class LogisticModel:
    """Learns rows; scores as the compiled snapshot of what it learned would.

    >>> model = LogisticModel(("amount",), seed=0)
    >>> model.learn((12.5,), True, 1.0)
    >>> model.score((12.5,)) > 0.009
    True
    """

    name = "logistic"

    def __init__(self, names: Sequence[str], seed: int) -> None:  # noqa: ARG002 - no chance in it
        policy = LearnPolicy()
        self._names = tuple(names)
        self._indicators = tuple(f"{name}?" for name in names)
        self._pipeline = LogisticPipeline(
            names, learning_rate=policy.learning_rate, intercept=policy.intercept
        )
        self._counts = [0] * len(names)
        self._means, self._variances = [0.0] * len(names), [0.0] * len(names)
        self._compiled: Scorer | None = None

    def learn(self, row: Row, fraud: bool, weight: float) -> None:
        """Learn one outcome."""
        counts, means, variances = self._counts, self._means, self._variances
        inputs: dict[str, float] = {}
        missing: dict[str, float] = {}
        for at, found in enumerate(row):
            if found is None or found - found != 0:
                missing[self._indicators[at]] = 1.0
                continue
            count = counts[at] = counts[at] + 1
            off = found - means[at]
            mean = means[at] = means[at] + off / count
            spread = variances[at]
            spread += (off * (found - mean) - spread) / count
            variances[at] = spread
            z = (found - mean) / spread**0.5 if spread else 0.0
            inputs[self._names[at]] = -CLIP if z < -CLIP else CLIP if z > CLIP else z
        inputs.update(missing)
        self._pipeline.model.learn_one(inputs, fraud, weight)
        self._compiled = None

    def score(self, row: Row) -> float:
        """The probability of fraud, in [0, 1]."""
        return self._scorer().score(row)

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row."""
        return self._scorer().score_many(rows)

    def payload(self) -> bytes:
        """What the stream's learner would publish."""
        scaler = self._pipeline.scaler
        for at, name in enumerate(self._names):
            scaler.counts[name] = self._counts[at]
            scaler.means[name], scaler.vars[name] = self._means[at], self._variances[at]
        return canonical({"format": FORMAT, **self._pipeline.data()})

    def _scorer(self) -> Scorer:
        if self._compiled is None:
            payload = self.payload()
            snapshot = {
                "name": self.name, "version": 0, "kind": KIND, "feature_spec": "",
                "payload": payload, "sha256": hashlib.sha256(payload).hexdigest(),
            }  # fmt: skip
            self._compiled = compile_snapshot(snapshot)
        return self._compiled
