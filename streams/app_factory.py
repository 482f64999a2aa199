"""The Faust app of a role: batch transport, an agent and a task store a stage, barriers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import faust
from faust.types import TP
from yarl import URL

from schemas.errors import FraudStreamsError
from streams.barrier import Barrier
from streams.health import Health, add_pages
from streams.metrics import METRICS
from streams.outbox import KafkaOutbox, Outbox
from streams.process import die
from streams.records import Record
from streams.settings import Settings
from streams.stage import Stage
from streams.store import TaskStore
from streams.task import Task
from streams.transport import BatchSchema, BatchTransport

logger = logging.getLogger(__name__)

# Batches, not records: a few keep an agent busy, and what waits here is redone after a rebalance.
QUEUED_BATCHES = 16
WATCH_EVERY_S = 1.0
IDLE_EVERY_S = 1.0  # of what took days to mature, a second more is nothing
UNKNOWN_S = 0.005  # a store hears of its partitions within milliseconds


def now_ms() -> int:
    """Milliseconds since the epoch, for headers and metrics."""
    return time.time_ns() // 1_000_000


class WorkerApp:
    """A role's Faust app with its stores, its outbox and its barrier."""

    def __init__(self, app_id: str, stages: Sequence[Stage], settings: Settings) -> None:
        self.app_id = app_id
        self.settings = settings
        self.stages = stages
        self.app = faust_app(app_id, settings)
        self.stores = {stage.name: self._add_store(stage) for stage in stages}
        self.outbox: Outbox | None = None
        self.barrier: Barrier | None = None
        self.health = Health(
            self.app, self.stores, sources(stages), settings, barrier=lambda: self.barrier
        )
        for stage in stages:
            self._add_agent(stage)
        self.app.on_partitions_revoked.connect(self._on_revoked)
        self.app.on_partitions_assigned.connect(self._on_assigned)
        self.app.on_before_shutdown.connect(self._on_shutdown)
        self.app.task(self._run_barrier)
        self.app.task(self._watch_group)
        self.app.task(self._run_idle)
        add_pages(self.app, self.health)

    # -- state --------------------------------------------------------------------------------

    def _add_store(self, stage: Stage) -> TaskStore:
        # Faust names the changelog <app>-<table>-changelog; ours is in the topic table.
        name = stage.changelog.removeprefix(f"{self.app_id}-").removesuffix("-changelog")
        table: Any = self.app.Table(
            name, key_type=bytes, value_type=bytes, partitions=stage.partitions
        )
        store = TaskStore(
            URL("memory://"), self.app, table, key_type=bytes, value_type=bytes, table_name=name
        )
        store.bind(self.settings, partial(self._make_task, stage), stage.restored)
        table._data = store
        return store

    def _make_task(self, stage: Stage, partition: int) -> Task:
        return stage.task(partition, self._outbox(), now_ms)

    def _outbox(self) -> Outbox:
        if self.outbox is None:
            self.outbox = KafkaOutbox(self.settings)
        return self.outbox

    def tasks(self) -> Iterable[tuple[str, Task]]:
        """Every task held now, with its changelog topic."""
        for stage in self.stages:
            for task in self.stores[stage.name].held():
                yield stage.changelog, task

    # -- agents -------------------------------------------------------------------------------

    def _add_agent(self, stage: Stage) -> None:
        topic = self.app.topic(*stage.sources, schema=BatchSchema(), acks=False)

        async def agent(stream: faust.StreamT[Sequence[Record]]) -> None:
            async for batch in stream:
                await self._guarded(stage, batch)

        agent.__qualname__ = stage.name  # what Faust's logs and `faust agents` show
        self.app.agent(topic, name=stage.name, concurrency=1)(agent)

    async def _guarded(self, stage: Stage, batch: Sequence[Record]) -> None:
        """Fold a batch. An error that leaves a step is ours: Faust would restart the agent and
        count the batch as done, so the process ends instead.
        """
        try:
            await self._fold(stage, batch)
        except Exception as error:
            where = f"{stage.name} {batch[0].topic}[{batch[0].partition}]@{batch[0].offset}"
            if not isinstance(error, FraudStreamsError):
                logger.exception("a step failed")
            die(f"{where}: {type(error).__name__}: {error}")

    async def _fold(self, stage: Stage, batch: Sequence[Record]) -> None:
        store, partition = self.stores[stage.name], batch[0].partition
        task = await self._restored(store, TP(batch[0].topic, partition))
        if task is None:
            return  # of a generation that is over: read again from what is committed
        for part in stage.split(batch):
            await stage.prepare(task, part, lambda: store.tasks.get(partition) is task)
            if store.tasks.get(partition) is not task:
                return
            stage.step(task, part)
        task.count_decisions()  # here and not in the step: what is folded once more is no decision
        METRICS.events.labels(stage.name).inc(len(batch))
        METRICS.batch.labels(stage.name).observe(len(batch))

    async def _run_idle(self) -> None:
        """Let each stage go on with what waits for no record."""
        while not self.app.should_stop:
            await self.app.sleep(IDLE_EVERY_S)
            try:
                for stage in self.stages:
                    for task in self.stores[stage.name].held():
                        stage.idle(task)
            except Exception as error:
                die(f"{stage.name}, between batches: {type(error).__name__}: {error}")

    async def _restored(self, store: TaskStore, place: TP) -> Task | None:
        """The partition's task once restored; None where the partition was taken away.

        Right after a rebalance records can come before the store has heard of the partition.
        Dropping them would leave a hole: what follows would be folded, and they be taken for done.
        """
        generation = self.generation()
        task = await store.restored(place.partition)
        while task is None and generation == self.generation() and self._is_assigned(place):
            await asyncio.sleep(UNKNOWN_S)
            task = await store.restored(place.partition)
        return task

    def _is_assigned(self, place: TP) -> bool:
        consumer: Any = self.app.consumer
        return place in consumer.assignment()

    # -- durability ---------------------------------------------------------------------------

    async def _run_barrier(self) -> None:
        self.barrier = Barrier(
            self.settings, self._outbox(), self.tasks, self.generation, self._commit
        )
        await self.barrier.loop(lambda: self.app.should_stop)

    async def _watch_group(self) -> None:
        """aiokafka's coordination can die with a line in the log and nothing else: the worker
        would stay a member, or out of the group, for ever. Then it must end and be restarted.
        What else can stand still shows in /live.
        """
        while not self.app.should_stop:
            await self.app.sleep(WATCH_EVERY_S)
            consumer: Any = self.app.consumer
            inner = consumer._thread._consumer
            if inner is not None and coordination_ended(inner):
                die("the consumer's group coordination has ended")
            await self.health.look()

    def generation(self) -> int:
        """The group generation now."""
        return self.app.consumer_generation_id

    async def _commit(self, offsets: dict[tuple[str, int], int]) -> bool:
        consumer: Any = self.app.consumer
        return bool(await consumer._commit({TP(*tp): end for tp, end in offsets.items()}))

    async def _on_revoked(self, *_args: Any, **_kwargs: Any) -> None:
        for store in self.stores.values():
            store.drop()
        self.health.revoked()

    async def _on_assigned(self, *_args: Any, **_kwargs: Any) -> None:
        self.health.assigned()

    async def _on_shutdown(self, *_args: Any, **_kwargs: Any) -> None:
        """A last barrier, so that a stop in order leaves nothing to redo."""
        if self.barrier is not None:
            await self.barrier.run()


def sources(stages: Sequence[Stage]) -> set[TP]:
    """Every partition that some stages read."""
    return {TP(topic, p) for s in stages for topic in s.sources for p in range(s.partitions)}


def coordination_ended(consumer: Any) -> bool:
    """Whether an aiokafka consumer no longer takes part in its group."""
    task = getattr(consumer._coordinator, "_coordination_task", None)
    return task is not None and task.done()


def faust_app(app_id: str, settings: Settings) -> faust.App:
    """A Faust app with every default that hurts set (``infra/adr/0001-batch-delivery.md``)."""
    datadir = settings.home / settings.worker_id / app_id
    datadir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        app_id,
        broker=f"kafka://{settings.bootstrap}",
        autodiscover=False,
        datadir=str(datadir),
        # State and offsets are ours: Faust neither acks nor waits for acks.
        stream_wait_empty=False,
        stream_buffer_maxsize=QUEUED_BATCHES,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        # Topics come from the topic table, before any worker starts.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=4,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"{app_id}-{settings.worker_id}",
        broker_max_poll_records=settings.batch_records,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_rebalance_timeout=30.0,
        broker_request_timeout=40.0,
        broker_commit_interval=3600.0,  # Faust's timer has nothing to commit
        # A static member that restarts is handed its old assignment, and Faust asserts that the
        # URL in it is the worker's: so the id, not the host and port of the day.
        canonical_url=f"http://{settings.worker_id}",
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.web_port,
        web_tables_enabled=False,
    )
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    return app
