"""What was published and what came back, counted from outside: the demo believes no worker."""

from __future__ import annotations

import hashlib
import time
from array import array
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from schemas import topics
from schemas.errors import EventError
from streams.wire import codec

SHOWN = 6
WATCHED = (
    topics.DECISIONS, topics.ALERTS, topics.OUTCOMES, topics.MODELS, topics.DRIFT,
    topics.DEAD_LETTERS,
)  # fmt: skip


class Competitor(NamedTuple):
    """A model's latest version, and how its versions did at their decisions."""

    version: int
    metrics: dict[str, float]


class Tally:
    """Counts by id, so that a record that a log holds twice counts once.

    One thread may call `published` and `labelled` while another calls `take`. Records about
    transactions that were not announced by `published` are somebody else's and not counted.
    ``clock`` is in seconds.

    >>> tally = Tally(clock=lambda: 0.0)
    >>> tally.published("t1")
    >>> tally.undecided, tally.missing
    (1, ['t1'])
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.sent: dict[str, float] = {}
        self.labels: set[str] = set()
        self.decided: dict[str, bytes] = {}
        self.differing: set[str] = set()
        self.repeated = 0
        self.latencies = array("d")
        self.last_decision: float | None = None
        self.alerts: dict[str, dict[str, Any]] = {}
        self.last_alerts: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self.outcomes: set[str] = set()
        self.frauds = array("b")
        self.scores = array("d")
        self.models: set[tuple[str, int]] = set()
        self.last_model: tuple[str, int] | None = None
        self.competitors: dict[str, Competitor] = {}
        self.champion: str | None = None
        self.drift_signals: set[str] = set()
        self.last_drift: dict[str, Any] | None = None
        self.dead_letters: dict[str, int] = {}
        self.refused: set[str] = set()
        self.refused_labels: set[str] = set()
        self._take = {
            topics.DECISIONS: self._decision, topics.ALERTS: self._alert,
            topics.OUTCOMES: self._outcome, topics.MODELS: self._model,
            topics.DRIFT: self._drift, topics.DEAD_LETTERS: self._dead_letter,
        }  # fmt: skip

    # -- what goes in -------------------------------------------------------------------------

    def published(self, transaction_id: str) -> None:
        """Note that a transaction is about to be published."""
        self.sent[transaction_id] = self.clock()

    def labelled(self, transaction_id: str) -> None:
        """Note that a transaction's label is about to be published."""
        self.labels.add(transaction_id)

    # -- what comes out -----------------------------------------------------------------------

    def take(self, topic: str, value: bytes) -> None:
        """Count one record of a watched topic."""
        name, body = codec.decode(value)
        body["schema"] = name
        self._take[topic](body, value)

    def _decision(self, body: dict[str, Any], value: bytes) -> None:
        now, transaction_id = self.clock(), body["transaction_id"]
        sent = self.sent.get(transaction_id)
        if sent is None:
            return
        digest = hashlib.sha256(value).digest()
        known = self.decided.setdefault(transaction_id, digest)
        self.refused.discard(transaction_id)
        self.champion = None if body["model"] is None else body["model"]["name"]
        if known is digest:
            self.latencies.append(now - sent)
            self.last_decision = now
            return
        self.repeated += 1
        if known != digest:
            self.differing.add(transaction_id)

    def _alert(self, body: dict[str, Any], _value: bytes) -> None:
        if body["transaction_id"] in self.sent and body["alert_id"] not in self.alerts:
            self.alerts[body["alert_id"]] = body
            self.last_alerts.append(body)

    def _outcome(self, body: dict[str, Any], _value: bytes) -> None:
        transaction_id = body.get("transaction_id")  # commands travel here, too
        if transaction_id not in self.labels or transaction_id in self.outcomes:
            return
        self.outcomes.add(transaction_id)
        self.refused_labels.discard(transaction_id)
        if body["label"] != "INCONCLUSIVE":
            self.frauds.append(body["label"] == "FRAUD")
            self.scores.append(body["score"])

    def _model(self, body: dict[str, Any], _value: bytes) -> None:
        if body["schema"] == "model_snapshot":
            self.last_model = (body["name"], body["version"])
            self.models.add(self.last_model)
            self.competitors[body["name"]] = Competitor(body["version"], body["metrics"])

    def _drift(self, body: dict[str, Any], _value: bytes) -> None:
        self.drift_signals.add(body["signal_id"])
        self.last_drift = body

    def _dead_letter(self, body: dict[str, Any], _value: bytes) -> None:
        self.dead_letters[body["code"]] = self.dead_letters.get(body["code"], 0) + 1
        transaction_id = refused_id(body["original"])
        if body["topic"] == topics.LABELS:
            if transaction_id in self.labels and transaction_id not in self.outcomes:
                self.refused_labels.add(transaction_id)
        elif transaction_id in self.sent and transaction_id not in self.decided:
            self.refused.add(transaction_id)

    # -- what is still out --------------------------------------------------------------------

    @property
    def undecided(self) -> int:
        """Transactions published, neither decided nor refused yet."""
        return len(self.sent) - len(self.decided) - len(self.refused)

    @property
    def unmatched(self) -> int:
        """Labels published that neither met their decision nor were refused yet."""
        return len(self.labels) - len(self.outcomes) - len(self.refused_labels)

    @property
    def missing(self) -> list[str]:
        """Ids that were accepted and have no decision."""
        return [id_ for id_ in self.sent if id_ not in self.decided and id_ not in self.refused]


def refused_id(original: bytes) -> str | None:
    """The transaction id in a dead letter's bytes, None where they cannot be read."""
    try:
        _, body = codec.decode(original)
    except EventError:
        return None
    found = body.get("transaction", body).get("transaction_id")
    return found if isinstance(found, str) else None
