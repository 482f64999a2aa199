"""A role as a Faust app on Kafka: what ``fraud worker`` and ``faust -A`` run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from faust import App

from streams.agents.score import MARKER_PREFIX
from streams.app_factory import WorkerApp
from streams.decision_log import KafkaDecisionLog
from streams.models_reader import LibraryReader
from streams.outcome_log import KafkaOutcomeLog
from streams.process import quiet_collector, share_the_interpreter
from streams.records import Record
from streams.settings import Settings
from streams.task import Task
from streams.verify import shadow
from streams.wire import codec
from streams.wiring import ROLES, World

SHADOW = "verify"
FOLLOWERS = ("hot", "learn", SHADOW)
"""Roles that score: the champion, or challengers at the decisions of days ago."""


def worker_app(role: str, settings: Settings) -> WorkerApp:
    """The app of ``role``; KeyError for an unknown one."""
    reader = LibraryReader(settings)

    async def version_ready(
        task: Task, records: Sequence[Record], still_ours: Callable[[], bool]
    ) -> None:
        """Wait for what a marker names, and after a restore for what was in force."""
        if task.live is None and "marker" in task.meta:
            await reader.wait_for(task.meta["marker"], task, still_ours)
        value = records[0].value or b""
        if value.startswith(MARKER_PREFIX):
            await reader.wait_for(codec.decode(value)[1], task, still_ours)

    world = World(
        reader.library, KafkaDecisionLog(settings), KafkaOutcomeLog(settings), version_ready,
        settings.maturity(), settings.rates(), settings.drift(),
    )  # fmt: skip
    if role == SHADOW:
        made = shadow.stages(reader.library, version_ready, settings)
        worker = WorkerApp(shadow.APP_ID, made, settings)
    else:
        worker = WorkerApp(ROLES[role].app_id, ROLES[role].stages(world), settings)
    if role in FOLLOWERS:
        follow_models(worker.app, reader)
    return worker


def follow_models(app: App, reader: LibraryReader) -> None:
    """Run the models' reader as long as the app runs."""

    async def start(*_args: Any, **_kwargs: Any) -> None:
        reader.follow()

    async def stop(*_args: Any, **_kwargs: Any) -> None:
        reader.stop()

    app.task(start)
    app.on_before_shutdown.connect(stop, weak=False)


def run(role: str, settings: Settings) -> NoReturn:
    """Run ``role`` in this process until it is told to stop; ends the process."""
    app = worker_app(role, settings).app
    app.finalize()
    quiet_collector()
    share_the_interpreter()
    worker = app.Worker(loglevel=settings.log_level, redirect_stdouts=False)
    raise SystemExit(worker.execute_from_commandline())
