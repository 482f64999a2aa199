"""`fraud replay`: what the models and the rules would have done with a file, honestly."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streams.cli import replay_options as options
from streams.cli.options import Bootstrap, Json, LabelDelay, Labels, Mapping, reachable
from streams.cli.output import errors_console, example, result
from streams.cli.progress_bar import bar

if TYPE_CHECKING:
    from streams.replay import Replayed, ReplayRequest
    from streams.replay_topics import TopicRange

MODELS = "logistic,splines,leveraging_bagging,blend"  # who competes live; a test compares
ALL = "all"
KAFKA = "kafka:"
OFF = "off"
CORES = os.cpu_count() or 1
EXAMPLE = example("fraud replay world --protocol handbook --json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLE)(replay)


def replay(
    path: options.Source,
    *,
    protocol: options.Protocol = "plain",
    folds: options.Folds = "test",
    models: options.Models = MODELS,
    rules_only: options.RulesOnly = False,
    label_delay_days: LabelDelay = None,
    maturity_days: options.Maturity = 60.0,
    rows_kept: options.RowsKept = 1_000_000,
    alerts_per_day: options.Alerts = 100,
    feedback_per_day: options.FeedbackPerDay = 0,
    feedback: options.Feedback = "separate",
    publish_every: options.PublishEvery = 2_000,
    seed: options.Seed = 0,
    processes: options.Processes = CORES,
    mapping: Mapping = None,
    labels: Labels = None,
    since: options.Since = None,
    until: options.Until = None,
    bootstrap: Bootstrap = None,
    out: options.Out = None,
    track: options.Track = None,
    as_json: Json = False,
) -> None:
    """Replay a history through the stream's own functions: labels come when they would have."""
    from streams.replay import ReplayRequest  # noqa: PLC0415 - keeps `fraud --help` quick

    request = ReplayRequest(
        path=place(path, since, until, bootstrap), mapping=mapping, labels=labels,
        models=() if rules_only else chosen(models),
        folds=folds if protocol == "handbook" else None,
        label_delay_days=label_delay_days, maturity_days=maturity_days,
        rows_kept=rows_kept, publish_every=publish_every, seed=seed,
        feedback_per_day=feedback_per_day, feedback=feedback, processes=processes,
    )  # fmt: skip
    found = carried_out(request, alerts_per_day, out, track)
    result(found, text(found), as_json=as_json)


def place(
    path: str, since: datetime | None, until: datetime | None, bootstrap: str | None
) -> Path | TopicRange:
    """What is replayed; BadParameter (exit 2) for a file that is not there."""
    if path == KAFKA:
        from streams.replay_topics import TopicRange  # noqa: PLC0415 - quick `--help`

        bounds = {"start": since, "end": until}
        given = {name: _ms(found) for name, found in bounds.items() if found is not None}
        return TopicRange(reachable(bootstrap), **given)
    if since is not None or until is not None:
        raise typer.BadParameter(f"--from and --to: expected PATH to be {KAFKA}, got {path}")
    if not Path(path).exists():
        raise typer.BadParameter(f"PATH: expected a file, a folder or {KAFKA}, got {path}")
    return Path(path)


def chosen(models: str) -> tuple[str, ...]:
    """The models by name; BadParameter (exit 2) for one that nobody registered."""
    from models.replay_models import NAMES  # noqa: PLC0415 - quick `--help`

    if models == ALL:
        return NAMES
    names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    unknown = [name for name in names if name not in NAMES and ":" not in name]
    if unknown or not names:
        raise typer.BadParameter(
            f"--models: expected {ALL}, some of {', '.join(NAMES)}, or module:factory, "
            f"got {', '.join(unknown) or 'none'}"
        )
    for name in names:
        importable(name)
    return names


def importable(name: str) -> None:
    """BadParameter (exit 2) for a `module:factory` where nothing stands."""
    module, _, attribute = name.partition(":")
    if not attribute:
        return
    try:
        getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise typer.BadParameter(
            f"--models: expected module:factory that Python can import from here, got {name}: "
            f"{error}"
        ) from error


def carried_out(
    request: ReplayRequest, alerts_per_day: int, out: Path | None, track: str | None
) -> dict[str, Any]:
    """The JSON object of the replay, its files written and the run on record."""
    from streams.replay_files import write  # noqa: PLC0415 - quick `--help`
    from streams.replay_result import report  # noqa: PLC0415 - quick `--help`

    store, started = store_of(track), time.time_ns() // 1_000_000
    replayed = with_bar(request)
    errors_console().print("measuring")
    found = report(request, replayed, alerts_per_day)
    if out is not None:
        found |= {"out": [str(file) for file in write(out, request, replayed, found)]}
    if store is not None:
        from streams.tracking import record  # noqa: PLC0415 - quick `--help`

        found |= {"run": record(store, found, started), "store": store}
    return found


def store_of(track: str | None) -> str | None:
    """Where the run goes on record, None for nowhere.

    Raises TrackingMissing where a store was named that nothing here can write: before the replay.
    """
    from streams.tracking import STORE, available, required  # noqa: PLC0415 - quick `--help`

    if track == OFF or (track is None and not available()):
        return None
    return required(STORE if track is None else track)


def with_bar(request: ReplayRequest) -> Replayed:
    """Replay, showing how far it is and how long it will take."""
    from streams.replay import open_input  # noqa: PLC0415 - quick `--help`
    from streams.replay import replay as run  # noqa: PLC0415

    total = open_input(request).total()
    with bar() as progress:
        task = progress.add_task("replaying", total=total, rate="")
        return run(request, lambda done: progress.update(task, completed=done))


def text(found: dict[str, Any]) -> str:
    """A line a model, one for the rules, and one for where the run is on record."""
    from streams.replay_result import lines  # noqa: PLC0415 - quick `--help`

    counts = found["counts"]
    head = (
        f"{counts.get('transactions', 0):,} transactions, {counts.get('frauds', 0):,} frauds, "
        f"{found['seconds']:.0f} s"
    )
    kept = [f"run {found['run']} is on record in {found['store']}"] if "run" in found else []
    return "\n".join([head, *lines(found), *kept])


def _ms(time_of: datetime) -> int:
    return round(time_of.replace(tzinfo=time_of.tzinfo or UTC).timestamp() * 1_000)
