"""The join's task over logs that grow, with barriers and crashes at any step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models.join import JoinState
from models.maturity import MaturityPolicy
from schemas import topics
from schemas.codec import today
from streams.agents import join
from streams.outbox import Deliveries
from streams.records import Headers, LogRecord
from streams.task import META_KEY, Task
from streams.wire import codec

HOUR = 3_600_000
BASE = 1_700_000_000_000
SOURCES = (topics.DECISIONS, topics.LABELS)


def decision(number: int, hour: int, action: str, card: str | None = None) -> dict[str, Any]:
    """The decision of a transaction; its src is its number, as if they had been scored in order."""
    record = dict.fromkeys(field["name"] for field in today("decision")["fields"])
    return record | {
        "transaction_id": f"t{number}", "card_id": card or f"c{number % 3}", "terminal_id": "m",
        "event_time": BASE + hour * HOUR, "amount_minor": 1, "currency": "EUR",
        "decision": action, "score": 0.5, "threshold": 0.5, "logic_version": 1,
        "ruleset": {"name": "r", "version": 1}, "feature_spec": "f", "reasons": [],
        "features": {"a": 1.0}, "incomplete": False, "late": False,
        "src": {"stage": "score", "partition": 0, "offset": number},
    }  # fmt: skip


@dataclass
class Logs:
    """Both topics' only partition, as far as they are published; also what the join reads back."""

    records: dict[str, list[LogRecord]] = field(default_factory=lambda: {t: [] for t in SOURCES})
    at_hand: int = 1_000_000
    """How many decisions a follower has fetched: it does not wait for more."""

    def publish(self, topic: str, record: dict[str, Any]) -> None:
        """Append a decision or a label."""
        name = "decision" if topic == topics.DECISIONS else "label"
        value = codec.encode_decision(record) if name == "decision" else codec.encode(name, record)
        log = self.records[topic]
        log.append(LogRecord(topic, 0, len(log), 0, record["card_id"].encode(), value, ()))

    def read(self, _partition: int, offset: int) -> dict[str, Any]:
        """A decision."""
        return codec.decode(self.records[topics.DECISIONS][offset].value or b"")[1]

    def following(self, _partition: int, offset: int, most: int) -> list[tuple[int, bytes]]:
        """The decisions from an offset on."""
        records = self.records[topics.DECISIONS][offset : min(offset + most, self.at_hand)]
        return [(r.offset, r.value or b"") for r in records]

    def labels_end(self, _partition: int) -> int:
        """The offset after the last label."""
        return len(self.records[topics.LABELS])


class Sent(NamedTuple):
    """One output."""

    topic: str
    value: bytes


@dataclass
class Outputs:
    """An outbox that keeps what it is given, in order."""

    sent: list[Sent] = field(default_factory=list)

    def send(
        self,
        topic: str,
        key: bytes | None,  # noqa: ARG002 - the outbox's signature
        value: bytes | None,
        *,
        partition: int = -1,  # noqa: ARG002
        headers: Headers = (),  # noqa: ARG002
        deliveries: Deliveries,  # noqa: ARG002
    ) -> None:
        """Keep an output."""
        self.sent.append(Sent(topic, value or b""))

    def poll(self) -> None:
        """Nothing is under way."""

    def wait(self, deliveries: Deliveries) -> None:
        """Nothing to wait for."""

    def bodies(self, topic: str) -> list[dict[str, Any]]:
        """What was sent to a topic, in order."""
        return [codec.decode(value)[1] for to, value in self.sent if to == topic]


class JoinRun:
    """A worker of the join: reads, makes durable, dies and starts again."""

    def __init__(self, policy: MaturityPolicy) -> None:
        self.logs = Logs()
        self.outputs = Outputs()
        self._step: Callable[[Task, Sequence[LogRecord]], None] = join.make_step(self.logs, policy)
        self._idle = join.make_idle(self.logs, policy)
        self._changelog: dict[bytes, bytes] = {}
        self._committed = dict.fromkeys(SOURCES, 0)
        self.start()

    def start(self) -> None:
        """Start with what is durable."""
        self.task = Task(
            "join", 0, SOURCES, new_state=JoinState, unpack_state=JoinState.unpack,
            outbox=self.outputs, clock=lambda: 0,
        )  # fmt: skip
        self.task.restore(self._changelog)
        self._at = dict(self._committed)

    def read(self, topic: str, most: int) -> bool:
        """Fold up to `most` records of a topic; whether there were any."""
        records = self.logs.records[topic][self._at[topic] : self._at[topic] + most]
        if records:
            self._step(self.task, records)
            self._at[topic] += len(records)
        return bool(records)

    def idle(self) -> None:
        """What goes on while nothing arrives."""
        self._idle(self.task)

    def barrier(self, keys: int | None = None, *, commits: bool = True) -> None:
        """Make durable: all of it, or so many keys and no meta record, as a crash leaves it."""
        cut = self.task.cut()
        for key in sorted(cut.values)[:keys]:
            self._changelog[key] = cut.values[key]
        if keys is None:
            self._changelog[META_KEY] = cut.meta
            if commits:
                self._committed = {topic: end + 1 for topic, end in cut.ends.items()}

    def drain(self) -> None:
        """Fold all that is there, decisions first: the harder order."""
        for topic in SOURCES:
            while self.read(topic, 7):
                pass
