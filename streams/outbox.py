"""Everything a worker writes leaves here: outputs, dead letters and changelogs.

One idempotent, gapless librdkafka producer a process. An output is sent at once; a barrier only
waits until everything sent up to its cut was delivered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from confluent_kafka import KafkaError, Message, Producer

from streams.process import die
from streams.records import Headers
from streams.settings import Settings

# Waiting on a full queue in slices lets delivery reports in; librdkafka wakes on its own below it.
POLL_SLICE_S = 0.01


class Deliveries:
    """How many of the outputs handed over since one cut were delivered.

    >>> d = Deliveries()
    >>> d.sent = 2
    >>> d.done = 2
    >>> d.complete
    True
    """

    __slots__ = ("done", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.done = 0

    @property
    def complete(self) -> bool:
        """Whether everything sent was delivered."""
        return self.done == self.sent

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Count one delivery report; a failed one ends the process (invariant 4)."""
        if error is not None:
            die(f"output to {message.topic()} was not delivered: {error.str()}")
        self.done += 1


class Outbox(Protocol):
    """Where a task's outputs go."""

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: Headers = (),
        deliveries: Deliveries,
    ) -> None:
        """Hand one output over; ``partition`` -1 leaves the choice to the key (murmur2)."""

    def poll(self) -> None:
        """Let delivery reports in."""

    def wait(self, deliveries: Deliveries) -> None:
        """Block until ``deliveries`` is complete."""


class KafkaOutbox:
    """The outbox of a worker on Kafka."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._producer = Producer(producer_config(settings))
        self._deadline_s = settings.delivery_timeout_s + 1.0
        self._clock = clock

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: Headers = (),
        deliveries: Deliveries,
    ) -> None:
        """Queue one output; waits, and loses nothing, while librdkafka's queue is full."""
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    partition,
                    on_delivery=deliveries,
                    headers=list(headers) if headers else None,
                )
            except BufferError:
                self._producer.poll(POLL_SLICE_S)
            else:
                deliveries.sent += 1
                return

    def poll(self) -> None:
        """Serve the delivery reports that are there."""
        self._producer.poll(0)

    def wait(self, deliveries: Deliveries) -> None:
        """Block until everything of ``deliveries`` was delivered; past the deadline, die."""
        deadline = self._clock() + self._deadline_s
        while not deliveries.complete:
            self._producer.poll(POLL_SLICE_S)
            if self._clock() > deadline:
                die(f"{deliveries.sent - deliveries.done} outputs undelivered after the deadline")


def producer_config(settings: Settings) -> dict[str, str | int | float | bool]:
    """librdkafka's configuration for all that a worker writes."""
    return {
        "bootstrap.servers": settings.bootstrap,
        "client.id": f"fraud-{settings.worker_id}",
        "log_level": 3,  # errors; a warning at each start says that the guarantee below is new
        "acks": "all",
        "enable.idempotence": True,
        # A gap (one output given up, the next delivered) is fatal rather than silent.
        "enable.gapless.guarantee": True,
        # Java's and aiokafka's partitioner: labels must meet their decisions.
        "partitioner": "murmur2_random",
        "message.timeout.ms": int(settings.delivery_timeout_s * 1000),
        "linger.ms": settings.linger_ms,
        "compression.type": "lz4",
        # 4 MB: a dead letter wraps a whole original, a snapshot a whole model.
        "message.max.bytes": 4 * 1024 * 1024,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 256 * 1024,
    }
