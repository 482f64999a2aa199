"""A rebalance in the middle of a delivery loses nothing; what comes twice, tasks know."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.records import LogRecord
from streams.transport import BatchConsumer

PLACE = TP("fraud.transactions", 3)


def records(first: int, last: int) -> list[LogRecord]:
    return [LogRecord(*PLACE, offset, 0, b"k", b"v", ()) for offset in range(first, last)]


class Rebalanced(BatchConsumer):
    """Faust's consumer without a broker: what the driver does is written out here."""

    def __init__(self, fetched: list[LogRecord]) -> None:
        channel = SimpleNamespace(queue=SimpleNamespace(full=lambda: False))
        topics = SimpleNamespace(_topic_name_index={PLACE.topic: [channel]})
        tables = SimpleNamespace(changelog_topics=())
        self.app: Any = SimpleNamespace(consumer_generation_id=1, topics=topics, tables=tables)
        self.flow_active = True
        self._read_offset: Any = {PLACE: 400}
        self._stopped = SimpleNamespace(is_set=lambda: False)
        self._crashed = SimpleNamespace(is_set=lambda: False)
        self.fetched = fetched
        self._held: set[TP] = set()
        self._active_partitions: set[TP] = set()
        self._paused_partitions: set[TP] = set()
        self.can_resume_flow = self.suspend_flow = asyncio.Event()  # type: ignore[assignment]
        self.delivered: list[int] = []
        self.seeks = 0
        self.rebalance_while = ""

    def __repr__(self) -> str:
        return "Rebalanced"

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ARG002
        await self._maybe_rebalance("fetching")
        return {PLACE: self.fetched}, None

    async def callback(self, message: Any) -> None:
        before = self.app.consumer_generation_id
        await self._maybe_rebalance("handing over")
        if before == self.app.consumer_generation_id:  # else Faust's stream skips it
            self.delivered += [record.offset for record in message.value]

    async def perform_seek(self) -> None:
        self.seeks += 1
        self._read_offset[PLACE] = 400

    async def _maybe_rebalance(self, moment: str) -> None:
        if self.rebalance_while == moment:
            self.app.consumer_generation_id += 1
            await self.perform_seek()


def drained(consumer: Rebalanced) -> Rebalanced:
    asyncio.run(consumer._drain_once())
    return consumer


def test_what_is_fetched_is_delivered() -> None:
    consumer = drained(Rebalanced(records(400, 800)))
    assert consumer.delivered == list(range(400, 800))
    assert consumer.seeks == 0


@pytest.mark.parametrize("read_offset", [800, None])
def test_records_of_a_seek_come_before_the_read_offset_is_set_back(read_offset: int | None) -> None:
    consumer = Rebalanced(records(400, 800))
    consumer._read_offset[PLACE] = read_offset  # of a delivery that was dropped
    assert drained(consumer).delivered == list(range(400, 800))


def test_a_batch_dropped_in_a_rebalance_is_read_again() -> None:
    consumer = Rebalanced(records(400, 800))
    consumer.rebalance_while = "handing over"
    drained(consumer)
    assert consumer.delivered == []
    consumer.rebalance_while = ""
    assert drained(consumer).delivered == list(range(400, 800))


def test_records_asked_for_before_a_rebalance_are_read_again() -> None:
    consumer = Rebalanced(records(600, 800))
    consumer.rebalance_while = "fetching"
    drained(consumer)
    assert (consumer.delivered, consumer.seeks) == ([], 2)
    consumer.rebalance_while, consumer.fetched = "", records(400, 800)
    assert drained(consumer).delivered == list(range(400, 800))


def test_after_a_rebalance_nothing_is_fetched_before_the_flow_is_resumed() -> None:
    """Resuming the flow empties the agents' queues."""
    consumer = Rebalanced([])
    consumer.resume_flow()  # Faust's first one, for changelogs
    consumer.resume_partitions({PLACE})
    assert PLACE not in consumer._get_active_partitions()
    consumer.resume_flow()
    assert PLACE in consumer._get_active_partitions()


def test_a_partition_taken_away_meanwhile_is_not_resumed() -> None:
    consumer = Rebalanced([])
    consumer.resume_partitions({PLACE})
    consumer.pause_partitions({PLACE})
    consumer.resume_flow()
    assert PLACE not in consumer._get_active_partitions()
