"""How far the hot path has delivered its decisions: what it has committed, and nothing less."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from streams import changelog
from streams.wiring import ROLES


class Delivered:
    """The hot path's committed offsets of `fraud.activity`, asked anew at each call.

    A commit comes after the delivery of every decision below it (the barrier's order), so one that
    is still missing there is missing for good.
    """

    def __init__(self, bootstrap: str) -> None:
        config = {"bootstrap.servers": bootstrap, "group.id": ROLES["hot"].app_id}
        self._consumer = Consumer(config)

    def __call__(self, partition: int) -> int | None:
        """The offset below which all is delivered; None where the group never committed."""
        wanted = [TopicPartition(topics.ACTIVITY, partition)]
        (found,) = self._consumer.committed(wanted, timeout=changelog.ADMIN_TIMEOUT_S)
        return int(found.offset) if found.offset >= 0 else None

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()
