"""What is known by now of the transactions of a span: matured labels, from `fraud.outcomes`."""

from __future__ import annotations

from typing import NamedTuple

from schemas import topics
from schemas.errors import FraudStreamsError
from streams.history.log import Log
from streams.whatif.replay import Span
from streams.wire import codec

OUTCOME = codec.header("outcome")


class Truth(NamedTuple):
    """What a transaction was, and how many it stands for (thinned presumptions)."""

    fraud: bool
    weight: float


def truths(log: Log, span: Span) -> dict[str, Truth]:
    """By transaction id; of several outcomes the last on the log that says anything stands."""
    found: dict[str, Truth] = {}
    for record in log.read(topics.OUTCOMES):
        if not (record.value or b"").startswith(OUTCOME):
            continue
        try:
            outcome = codec.decode(record.value or b"")[1]
        except FraudStreamsError:  # a dead letter of the learner
            continue
        if outcome["label"] != "INCONCLUSIVE" and span.holds(outcome["event_time"]):
            truth = Truth(outcome["label"] == "FRAUD", outcome["weight"])
            found[outcome["transaction_id"]] = truth
    return found
