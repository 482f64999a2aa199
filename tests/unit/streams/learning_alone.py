"""A learner alone over an in-process log, fed with outcomes rather than with labels."""

from __future__ import annotations

import json
from typing import Any

from models.features import FEATURES
from schemas import topics
from streams.history.memory import MemoryLog
from streams.history.orders import Send, carry_out, promotion
from streams.history.versions import Version, Versions
from streams.in_process import InProcess, InProcessLog
from streams.wire import codec
from tests.unit.streams.labelled_stream import small_stages, ticking

MANY = 320
SOURCES = ("ANALYST", "CUSTOMER")


def outcome(number: int, **changes: Any) -> dict[str, Any]:
    """A fraud in nine, told by its features; sources take turns."""
    fraud = number % 9 == 0
    return {
        "outcome_id": f"o{number}", "label_id": f"l{number}", "transaction_id": f"t{number}",
        "card_id": f"c{number % 30}", "terminal_id": "m1", "source": SOURCES[number % 2],
        "label": "FRAUD" if fraud else "LEGITIMATE", "event_time": number, "observed_at": number,
        "weight": 1.0, "amount_minor": 100, "currency": "EUR", "score": 0.01, "threshold": 0.5,
        "decision": "APPROVE", "model": None, "feature_spec": FEATURES.spec_hash,
        "features": {name: float(number % 7 + 5 * fraud) for name in FEATURES.names},
        "decided_src": {"stage": "score", "partition": 0, "offset": number},
        **changes,
    }  # fmt: skip


class Learning:
    """A learner over an in-process log that has published several versions."""

    def __init__(self, sources: tuple[str, ...] = SOURCES, count: int = MANY) -> None:
        self.sources = sources
        self.log = ticking()
        every = [stage for stage in small_stages(self.log) if stage.name == "learn"]
        self.stages = InProcess(every, self.log)
        self.learn(0, count)

    def learn(self, first: int, last: int) -> None:
        self.tell(*map(outcome, range(first, last)))

    def tell(self, *outcomes: dict[str, Any]) -> None:
        for one in outcomes:
            if one["source"] in self.sources:
                self.log.append(topics.OUTCOMES, b"", codec.encode("outcome", one))
        self.stages.run()

    def command(self, kind: str) -> None:
        body = {"command_id": kind, "kind": kind, "payload": "{}", "actor": "ana", "issued_at": 1}
        self.log.append(topics.OUTCOMES, b"", codec.encode("command", body))
        self.stages.run()

    def send(self, kind: str, actor: str = "ana", **payload: Any) -> None:
        body = {"command_id": f"{kind}-{actor}", "kind": kind, "payload": json.dumps(payload),
                "actor": actor, "issued_at": 1_700_000_000_000}  # fmt: skip
        self.log.append(topics.OUTCOMES, b"k", codec.encode("command", body))
        self.stages.run()

    def order(self, name: str, version: int | None) -> dict[str, Any]:
        command = promotion(name, version, "ana", "the test says so", issued_at=1)
        return carry_out(MemoryLog(self.log), send(self.log), command, 5.0, pause=self.pause)

    def pause(self) -> None:
        """The learner runs while the order waits."""
        self.stages.run()

    def versions(self) -> list[Version]:
        return Versions(MemoryLog(self.log)).of("logistic")


def send(log: InProcessLog) -> Send:
    def append(command: dict[str, Any]) -> int:
        value = codec.encode("command", command)
        return log.append(topics.OUTCOMES, command["command_id"].encode(), value).offset

    return append
