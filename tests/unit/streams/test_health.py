"""What a worker says of its health, on a Faust app that is not started."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.app_factory import faust_app
from streams.barrier import Barrier
from streams.health import Health
from streams.in_process import InProcessLog, InProcessOutbox
from streams.metrics import METRICS
from streams.models_reader import LibraryReader
from streams.published import VersionMissing
from streams.settings import Settings

SOURCES = {TP("fraud.outcomes", 0), TP("fraud.outcomes", 1)}


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def barrier(clock: Clock) -> Any:
    return SimpleNamespace(settled=clock.now)  # all that is read of one


@pytest.fixture
def health(tmp_path: Path, clock: Clock, barrier: Any) -> Health:
    settings = Settings(home=tmp_path, stall_s=60.0)
    app = faust_app("fraud-learn", settings)
    idle: Any = SimpleNamespace(tasks={}, ready=True, held=list)
    stores = {"learn": idle}
    return Health(app, stores, SOURCES, settings, barrier=lambda: barrier, clock=clock)


def give(health: Health, *partitions: int) -> None:
    """An assignment of the group that leaves this worker nothing."""
    assignor: Any = health.app.assignor
    assignor.external_topic_distribution = {"http://other": {"fraud.outcomes": [*partitions]}}
    health.assigned()


def test_before_its_assignment_a_worker_is_not_ready(health: Health) -> None:
    assert not health.ready()["ready"]


def test_a_spare_is_ready_once_every_partition_has_an_owner(health: Health) -> None:
    give(health, 0)
    assert not health.ready()["ready"], "nobody has partition 1: the leader does not know it yet"
    give(health, 0, 1)
    found = health.ready()
    assert (found["ready"], found["spare"]) == (True, True)


def test_it_is_not_ready_while_the_group_is_shared_out_anew(health: Health) -> None:
    give(health, 0, 1)
    METRICS.lag.labels("learn", "fraud.outcomes", 0).set(7)
    health.revoked()
    assert not health.ready()["ready"]
    assert METRICS.registry.get_sample_value(
        "fraud_lag_records", {"stage": "learn", "topic": "fraud.outcomes", "partition": "0"}
    ) is None, "it is another's lag now"  # fmt: skip


def test_it_is_not_ready_while_a_marker_names_a_model_that_is_not_there(
    health: Health, tmp_path: Path
) -> None:
    give(health, 0, 1)
    idle: Any = health._stores["learn"]
    task = cast("Any", SimpleNamespace(awaits=None))
    idle.held = lambda: [task]
    settings = Settings(home=tmp_path, model_deadline_s=0.03)
    reader = LibraryReader(settings)
    seen: list[dict[str, Any]] = []

    def still_ours() -> bool:
        seen.append(health.ready())
        return True

    marker = {"sequence": 7, "model": {"name": "logistic", "version": 7},
              "ruleset": {"name": "baseline", "version": 1}}  # fmt: skip
    assert health.ready()["ready"]
    with pytest.raises(VersionMissing, match="marker 7"):
        asyncio.run(reader.wait_for(marker, task, still_ours))
    assert not seen[-1]["ready"]
    assert "'version': 7" in seen[-1]["awaits"][0]
    assert health.ready()["ready"], "nobody waits any more"


def test_who_waits_for_its_group_is_live(health: Health, clock: Clock, barrier: Any) -> None:
    barrier.settled = clock.now = clock.now + 1_000.0
    assert health.live()["live"], "nobody has begun to look: Faust waits for an assignment"
    assert METRICS.registry.get_sample_value("fraud_live") == 1.0
    assert METRICS.registry.get_sample_value("fraud_ready") == 0.0


def test_what_hangs_makes_it_not_live(health: Health, clock: Clock) -> None:
    asyncio.run(health.look())
    assert health.live()["live"]
    clock.now += 59
    assert health.live()["live"]
    clock.now += 2
    found = health.live()
    assert not found["live"]
    assert found["stalled_s"] == {"learn": 0.0, "barrier": 61.0, "watch": 61.0}


async def refuse(_offsets: dict[tuple[str, int], int]) -> bool:
    raise AssertionError("there is nothing to commit")


def test_a_barrier_without_work_leaves_everything_settled() -> None:
    outbox = InProcessOutbox(InProcessLog(clock=lambda: 0))
    barrier = Barrier(Settings(), outbox, lambda: [], lambda: 1, refuse)
    barrier.settled = 0.0
    asyncio.run(barrier.run())
    assert barrier.settled > 0.0
