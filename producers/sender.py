"""One idempotent Kafka producer: nothing is lost silently, and what is in flight is bounded."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from producers.errors import DeliveryFailed
from schemas.topics import PARTITIONER

Receipt = Callable[[], None]
Report = Callable[[KafkaError | None, Message], None]

_LOG = logging.getLogger("producers.kafka")
_LOG.addHandler(logging.NullHandler())  # whoever wants librdkafka's messages adds their own

_WAIT_S = 0.01  # in slices, so that delivery reports and Ctrl-C get in
_REPORTS_EVERY = 64  # sends; serving reports at each one costs more than the send
_GIVE_UP_S = 10.0  # for what is in flight when the body of a `with` has failed already
_SLACK_S = 5.0  # librdkafka looks for timed-out messages once a second


class Sender:
    """A context manager around librdkafka: acks=all, idempotent, lz4, Java's partitioner.

    At most `max_in_flight` messages await delivery; `send` blocks above that. What the broker has
    not taken after `delivery_timeout_s` has failed, and `flush` and the end of the `with` raise
    `DeliveryFailed` with the number and the first cause. `linger_ms` trades latency for batches.
    """

    def __init__(
        self,
        bootstrap: str,
        max_in_flight: int = 10_000,
        linger_ms: float = 1.0,
        delivery_timeout_s: float = 60.0,
    ) -> None:
        self.sent = self.delivered = self.failed = 0
        self._max_in_flight, self._timeout_s = max_in_flight, delivery_timeout_s
        self._cause, self._troubles = "", deque[str](maxlen=1)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": "fraud-publisher",
                "acks": "all",
                "enable.idempotence": True,
                # librdkafka's own default disagrees with Java's: labels would miss their decisions.
                "partitioner": PARTITIONER,
                "compression.type": "lz4",
                "linger.ms": linger_ms,
                "message.timeout.ms": int(delivery_timeout_s * 1_000),
                "queue.buffering.max.messages": max(max_in_flight, 1) * 2,
                # No method of ours: librdkafka would keep this object, and itself, alive.
                "error_cb": partial(_note, self._troubles),
            },
            logger=_LOG,
        )

    @property
    def in_flight(self) -> int:
        """Return how many messages are neither delivered nor given up."""
        return self.sent - self.delivered - self.failed

    def send(self, topic: str, key: bytes, value: bytes, receipt: Receipt | None = None) -> None:
        """Queue a message, waiting while too many are in flight; `receipt` is called on delivery.

        Never raises for the broker's sake: see `check` and `flush`.
        """
        while self.in_flight >= self._max_in_flight:
            self._producer.poll(_WAIT_S)
        report = partial(self._reported, receipt)
        while not self._queued(topic, key, value, report):
            self._producer.poll(_WAIT_S)
        self.sent += 1
        if self.sent % _REPORTS_EVERY == 0:
            self._producer.poll(0)

    def poll(self, seconds: float = 0.0) -> None:
        """Serve delivery reports, waiting up to `seconds` for one."""
        self._producer.poll(seconds)

    def check(self) -> None:
        """Raise `DeliveryFailed` if a message is known to be lost."""
        if self.failed:
            raise DeliveryFailed(self.failed, self._cause)

    def flush(self) -> None:
        """Wait until everything sent is delivered; raise `DeliveryFailed` for what is not."""
        self._producer.flush(self._timeout_s + _SLACK_S)
        if self.in_flight:
            raise DeliveryFailed(self.failed + self.in_flight, self._cause or self._trouble())
        self.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.flush()
        else:
            self._producer.flush(min(_GIVE_UP_S, self._timeout_s))  # its error is the one to show

    def _queued(self, topic: str, key: bytes, value: bytes, report: Report) -> bool:
        try:
            self._producer.produce(topic, value, key, on_delivery=report)
        except BufferError:
            return False
        return True

    def _reported(
        self, receipt: Receipt | None, error: KafkaError | None, message: Message
    ) -> None:
        if error is None:
            self.delivered += 1
            if receipt is not None:
                receipt()
            return
        self.failed += 1
        self._cause = self._cause or f"{message.topic()}: {error.str()} ({self._trouble()})"

    def _trouble(self) -> str:
        return self._troubles[0] if self._troubles else "no answer"


def _note(troubles: deque[str], error: KafkaError) -> None:
    troubles.append(error.str())
