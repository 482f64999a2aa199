"""The learner: a fold over `fraud.outcomes` that gets better at scoring, and says how good it was.

Each outcome is first counted in the metrics, with the score that was on record when the decision
was made (a score computed now would have seen later labels, and flatter), then learned. A repeat
of (transaction, verdict) is skipped; the same transaction with the other verdict is learned once
as its new class and its metrics entry is corrected. All state is data: `pack` and `unpack` go on
bit for bit, in any process.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from models.features import FEATURES
from models.learn_memory import Memory, Seen
from models.learn_pipeline import RIVER_VERSION, LogisticPipeline
from models.learn_policy import LearnPolicy, alert_threshold, clean_weight, should_publish
from models.scorer import FORMAT, KIND, canonical
from models.state_versions import check_version

MODEL = "logistic"
_VERSION = 1
_HEAD = struct.Struct("<BII")  # version, bytes of the JSON part, ranked scores
_RANKED = struct.Struct("<dd")
_COUNTS = ("learned", "frauds", "repeats", "corrected", "left_out")


class Learner:
    """One model that learns online. `learn` each outcome in order, `snapshot` when it is due.

    >>> learner = Learner(names=("amount",), feature_spec="f00d")
    >>> learner.should_publish()
    False
    """

    def __init__(
        self,
        names: Sequence[str] = FEATURES.names,
        feature_spec: str = FEATURES.spec_hash,
        policy: LearnPolicy | None = None,
    ) -> None:
        self.policy = policy or LearnPolicy()
        self.feature_spec = feature_spec
        self.pipeline = LogisticPipeline(
            names,
            learning_rate=self.policy.learning_rate,
            intercept=self.policy.intercept,
        )
        self.memory = Memory(self.policy.remembered)
        self.ranked: deque[tuple[float, float]] = deque(maxlen=self.policy.ranked)
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.version: int | None = None
        self.threshold = self.policy.threshold
        self.ruleset: dict[str, Any] = {}
        self.rulesets: dict[str, str] = {}

    def learn(self, outcome: Mapping[str, Any]) -> bool:
        """Learn one outcome; False where it teaches nothing (repeat, inconclusive, left out)."""
        if outcome["label"] == "INCONCLUSIVE":
            return False
        fraud, key = outcome["label"] == "FRAUD", _key(outcome)
        known = self.memory.verdict(key)
        if known is fraud:
            self.counts["repeats"] += 1
            return False
        weight = outcome["weight"] * (1.0 if fraud else clean_weight(key, self.policy.keep_clean))
        if not weight > 0:
            self.counts["left_out"] += 1
            return False
        self.memory.note(key, Seen(fraud, outcome["score"], weight))
        fresh = self.pipeline.learn(outcome["features"], fraud, weight)
        self.ranked.append((fresh, weight))
        self._count(fraud, known)
        return True

    def should_publish(self) -> bool:
        """Whether the outcome just learned completes a snapshot; ask where `learn` was True."""
        return should_publish(self.counts["learned"], self.policy)

    def snapshot(self, offset: int) -> dict[str, Any]:
        """The model as of `offset` of `fraud.outcomes`, which becomes its version.

        Sets the threshold that goes with it, and becomes the parent of the next one.
        """
        payload = canonical({"format": FORMAT, **self.pipeline.data()})
        record = {
            "name": MODEL,
            "version": offset,
            "parent": self.version,
            "kind": KIND,
            "feature_spec": self.feature_spec,
            "river_version": RIVER_VERSION,
            "offset": offset,
            "metrics": self.metrics(),
            "payload": payload,
            "sha256": hashlib.sha256(payload).hexdigest(),
        }
        self.version = offset
        self.threshold = alert_threshold(self.ranked, self.policy.alerts_per_1000)
        return record

    def metrics(self) -> dict[str, float]:
        """Counts since the beginning and prequential metrics over the window, sorted by name."""
        found = {**{name: float(n) for name, n in self.counts.items()}, **self.memory.metrics()}
        return dict(sorted(found.items()))

    @property
    def model(self) -> dict[str, Any] | None:
        """The version in force as records name it; None before the first snapshot."""
        return None if self.version is None else {"name": MODEL, "version": self.version}

    def pack(self) -> bytes:
        """All state as bytes: JSON of the model, then ranked scores, then the memory.

        About 10 KB for the model, 16 bytes a ranked score, 25 a remembered transaction: 240 KB
        with the default policy.
        """
        text = canonical(
            {
                "feature_spec": self.feature_spec,
                "model": self.pipeline.data(),
                "counts": self.counts,
                "version": self.version,
                "threshold": self.threshold.hex(),
                "ruleset": self.ruleset,
                "rulesets": self.rulesets,
            }
        )
        ranked = b"".join(_RANKED.pack(*pair) for pair in self.ranked)
        head = _HEAD.pack(_VERSION, len(text), len(self.ranked))
        return b"".join((head, text, ranked, self.memory.pack()))

    @classmethod
    def unpack(cls, data: bytes, policy: LearnPolicy | None = None) -> Learner:
        """The learner that `pack` wrote; raises `StateFormatError` for another version."""
        check_version("learner", data, _VERSION, _HEAD.size)
        _, text, count = _HEAD.unpack_from(data)
        middle = _HEAD.size + text
        end = middle + count * _RANKED.size
        check_version("learner", data, _VERSION, end)
        state = json.loads(data[_HEAD.size : middle])
        learner = cls(state["model"]["names"], state["feature_spec"], policy)
        learner._restore(state)
        learner.ranked.extend(_RANKED.iter_unpack(data[middle:end]))
        learner.memory.restore(data[end:])
        return learner

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.pipeline.restore(state["model"])
        self.counts = {name: state["counts"][name] for name in _COUNTS}
        self.version, self.threshold = state["version"], float.fromhex(state["threshold"])
        self.ruleset, self.rulesets = state["ruleset"], state["rulesets"]

    def _count(self, fraud: bool, known: bool | None) -> None:
        self.counts["learned"] += 1
        self.counts["frauds"] += fraud
        if known is not None:
            self.counts["corrected"] += 1
            self.counts["frauds"] -= known


def _key(outcome: Mapping[str, Any]) -> int:
    identity = f"{outcome['card_id']}\0{outcome['transaction_id']}".encode()
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "little")
