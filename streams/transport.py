"""Batch delivery on Faust's own extension points.

Faust hands an agent one record at a time, at 40 to 500 µs each. Here a fetch's records of one
partition travel as **one** Faust message whose value is the list, so that an agent reads
``async for batch in stream``. Acks are off on these topics: the barrier commits (``barrier.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, cast

from faust.serializers.schemas import Schema
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, AppT, EventT, Message
from faust.types.tuples import ConsumerMessage
from mode.types.services import ServiceT

from streams.records import Record


class BatchSchema(Schema[None, Sequence[Record]]):
    """Passes a batch through as the event's value, undecoded: agents decode."""

    def compile(self, app: AppT, **_kwargs: Any) -> Callable[..., Awaitable[EventT[Any]]]:
        """The function that makes a Faust event of a batch message."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:  # noqa: ARG001
            return app.create_event(None, message.value, message.headers, message)

        return decode


class BatchConsumer(Consumer):
    """Faust's aiokafka consumer, handing over a partition's records as one message.

    Stream partitions are resumed with the flow, not before. After a rebalance Faust resumes them,
    seeks, and then resumes the flow, which empties the agents' queues: what was fetched between
    would be gone, with the position behind it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._held: set[TP] = set()  # to be resumed with the flow
        super().__init__(*args, **kwargs)

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        """Stop fetching from partitions."""
        paused = set(tps)
        self._held -= paused
        super().pause_partitions(paused)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch from changelog partitions now, from the others once the flow is resumed."""
        changelogs = {tp for tp in tps if self._is_changelog_tp(tp)}
        self._held |= set(tps) - changelogs
        super().resume_partitions(changelogs)

    def resume_flow(self) -> None:
        """Let records pass again."""
        super().resume_flow()
        held, self._held = self._held, set()
        super().resume_partitions(held)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand fetched batches to the conductor until the consumer or the fetcher stops."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._drain_once()
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    async def _drain_once(self) -> None:
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(timeout=1.0)
        await asyncio.sleep(0)
        if fetched and generation != self.app.consumer_generation_id:
            # Asked for before a rebalance, and perhaps of after it: read again from what is
            # committed.
            await self.perform_seek()
            return
        for tp, records in (fetched or {}).items():
            if not self._may_deliver(generation):
                break
            await self._deliver(TP(tp.topic, tp.partition), cast(Sequence[Record], records))
        if not self.flow_active:
            await self.perform_seek()

    def _may_deliver(self, generation: int) -> bool:
        same = generation == self.app.consumer_generation_id
        return self.flow_active and same and not self.should_stop

    async def _deliver(self, tp: TP, records: Sequence[Record]) -> None:
        """Hand over what was fetched, all of it: what a seek brings again, a task knows by its
        offset. Faust's read offset must filter nothing: records of a rebalance's seek can arrive
        before the offset is set back, and would be taken for read.
        """
        for message in self._messages(tp, records):
            await self._hand_over(message)

    async def _hand_over(self, message: Message) -> None:
        """Pass a message to its agents. While their queues have room, without the two tasks a
        message that waiting for a rebalance beside it takes: a fifth of a small batch's cost.
        """
        conductor: Any = self.app.topics
        waiting = conductor._topic_name_index[message.topic]
        if any(channel.queue.full() for channel in waiting):
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
        else:
            await self.callback(message)

    def _messages(self, tp: TP, batch: Sequence[Record]) -> Sequence[Message]:
        if self._is_changelog_tp(tp):
            return [self._to_message(tp, record) for record in batch]
        return [self._batch_message(tp, batch)]

    def _batch_message(self, tp: TP, batch: Sequence[Record]) -> ConsumerMessage:
        last = batch[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000.0, 0, None, None,
            cast(Any, batch), None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip


class BatchTransport(Transport):
    """Faust's Kafka transport with batch delivery."""

    Consumer = BatchConsumer
