"""Whether a worker works, for an orchestrator: /live, /ready and /health.

```text
 /ready  it has its assignment, every partition of it is restored, none of them waits for a model
         that its marker names, and every partition of its app's topics has an owner: with none of
         them left for it, it is a spare, and ready too
 /live   whatever waits moves: records that wait are folded, what is folded becomes durable
 /health both, with the particulars; its status is that of /ready
```

A worker whose event loop runs and which folds nothing although the log goes on is not live: the
ends come from the broker, not from the consumer that may be what hangs. A worker that waits for a
broker, a publisher or its turn is live: a restart would not help it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from faust import App
from faust.exceptions import ConsumerNotStarted
from faust.types import TP
from faust.web import Request, Response, View
from prometheus_client import generate_latest

from models.decision import LOGIC_VERSION
from models.features import FEATURES
from streams.barrier import Barrier
from streams.metric_series import begin
from streams.metrics import METRICS
from streams.progress import Place, Progress, Stand
from streams.settings import Settings
from streams.store import TaskStore
from streams.task import Task

ASK_TIMEOUT_S = 5.0  # the broker's answer takes a millisecond; without one the last ends stand


class Health:
    """What is known of a worker's health, looked at once a second.

    Args:
        app: the Faust app.
        stores: each stage's tasks, by the stage's name.
        sources: every partition that the app reads.
        barrier: the barrier, None before it runs.
    """

    def __init__(
        self,
        app: App,
        stores: Mapping[str, TaskStore],
        sources: set[TP],
        settings: Settings,
        *,
        barrier: Callable[[], Barrier | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.progress = Progress()
        self._stores = stores
        self._sources = sources
        self._settings = settings
        self._barrier = barrier
        self._clock = clock
        self._assigned = False
        self._ends: dict[TP, int] = {}
        self._looked: float | None = None  # Faust begins to look once it has joined its group
        for stage in stores:
            begin(stage)
        METRICS.live.set_function(lambda: float(self.live()["live"]))
        METRICS.ready.set_function(lambda: float(self.ready()["ready"]))
        METRICS.worker.labels(
            app.conf.id, settings.worker_id, LOGIC_VERSION, FEATURES.spec_hash
        ).set(1)

    # -- what happens -------------------------------------------------------------------------

    def revoked(self) -> None:
        """The partitions are no longer ours: what was said of them is over."""
        self._assigned = False
        self._ends.clear()
        METRICS.forget_partitions()

    def assigned(self) -> None:
        """The stores have heard of the assignment, be it empty."""
        self._assigned = True
        METRICS.rebalances.inc()

    async def look(self) -> None:
        """Look where everything stands, and set the gauges."""
        held = self._held()
        await self._ask_ends([TP(topic, task.partition) for task in held for topic in task.sources])
        self.progress.look(self._stands(held), self._clock())
        self._looked = self._clock()
        self._show(held)

    # -- what is said -------------------------------------------------------------------------

    def ready(self) -> dict[str, Any]:
        """What /ready says."""
        partitions = {stage: sorted(store.tasks) for stage, store in self._stores.items()}
        restored = all(store.ready for store in self._stores.values())
        awaits = sorted({task.awaits for task in self._held() if task.awaits is not None})
        ready = self._assigned and restored and not awaits and self._all_owned()
        return {
            "ready": ready,
            "awaits": awaits,
            "spare": ready and not any(partitions.values()),
            "app": self.app.conf.id,
            "partitions": partitions,
        }

    def live(self) -> dict[str, Any]:
        """What /live says: seconds without progress of each part, 0 where nothing waits."""
        now, barrier = self._clock(), self._barrier()
        # Each stage has its part from the start, before anything was looked at.
        stalled = dict.fromkeys(self._stores, 0.0) | self.progress.stalled()
        stalled |= {
            "barrier": 0.0 if barrier is None else now - barrier.settled,
            "watch": 0.0 if self._looked is None else now - self._looked,
        }
        limit = self._settings.stall_s
        return {
            "live": all(seconds <= limit for seconds in stalled.values()),
            "limit_s": limit,
            "stalled_s": {part: round(seconds, 1) for part, seconds in stalled.items()},
        }

    # -- looking ------------------------------------------------------------------------------

    def _held(self) -> list[Task]:
        return [task for store in self._stores.values() for task in store.held()]

    async def _ask_ends(self, places: list[TP]) -> None:
        if not places:
            return
        consumer: Any = self.app.consumer
        try:
            found = await asyncio.wait_for(consumer.highwaters(*places), ASK_TIMEOUT_S)
        except (KafkaError, ConsumerNotStarted, TimeoutError):
            return  # a restart brings no broker back; undelivered outputs end the process
        self._ends.update(found)

    def _stands(self, held: list[Task]) -> dict[Place, Stand]:
        stands = {}
        for task in held:
            for topic in task.sources:
                following = task.applied[topic] + 1
                end = self._ends.get(TP(topic, task.partition), following)
                stands[Place(task.stage, topic, task.partition)] = Stand(following, end)
        return stands

    def _all_owned(self) -> bool:
        """Whether the last assignment gave every source partition to a worker: without it an
        empty one may come of topics that the group's leader has not heard of."""
        assignor: Any = self.app.assignor
        owners = assignor.external_topic_distribution.values()
        owned = {TP(topic, p) for given in owners for topic, ps in given.items() for p in ps}
        return self._sources <= owned

    def _show(self, held: list[Task]) -> None:
        for place, seconds in self.progress.standing().items():
            METRICS.stalled.labels(*place).set(seconds if self.progress.stands[place].lag else 0.0)
            METRICS.lag.labels(*place).set(self.progress.stands[place].lag)
        for task in held:
            METRICS.state_keys.labels(task.stage, task.partition).set(len(task.entries))
            watermark = task.meta.get("watermark", 0)
            if watermark > 0:
                METRICS.watermark.labels(task.stage, task.partition).set(watermark / 1000)


def add_pages(app: App, health: Health) -> None:
    """/metrics for Prometheus; /live, /ready and /health for an orchestrator."""

    @app.page("/metrics")
    async def metrics(view: View, _request: Request) -> Response:
        return view.bytes(generate_latest(METRICS.registry), content_type="text/plain")

    @app.page("/live")
    async def live(view: View, _request: Request) -> Response:
        found = health.live()
        return view.json(found, status=200 if found["live"] else 503)

    @app.page("/ready")
    async def ready(view: View, _request: Request) -> Response:
        found = health.ready()
        return view.json(found, status=200 if found["ready"] else 503)

    @app.page("/health")
    async def both(view: View, _request: Request) -> Response:
        found = health.ready() | health.live()
        return view.json(found, status=200 if found["ready"] else 503)
