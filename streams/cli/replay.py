"""`fraud replay`: what the models and the rules would have done with a file, honestly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from streams.cli.options import Json
from streams.cli.output import errors_console, example, result
from streams.cli.publish import bar

if TYPE_CHECKING:
    from streams.replay import Replayed, ReplayRequest

MODELS = "logistic"
EXAMPLE = example("fraud replay world --protocol handbook --json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLE)(replay)


def replay(
    path: Annotated[
        Path, typer.Argument(exists=True, help="A CSV or Parquet file, or a folder with both.")
    ],
    *,
    protocol: Annotated[
        Literal["handbook", "plain"],
        typer.Option(help="The Handbook's folds, or the whole file and by week."),
    ] = "plain",
    folds: Annotated[
        Literal["test", "valid"],
        typer.Option(help="Of the Handbook: settings are chosen on valid, test reports."),
    ] = "test",
    models: Annotated[str, typer.Option(help="Names, or module:factory; commas between.")] = MODELS,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="No model at all.")] = False,
    label_delay_days: Annotated[
        float | None, typer.Option(min=0, help="From transaction to label; default: as the file.")
    ] = None,
    maturity_days: Annotated[
        float, typer.Option(min=0, help="Unlabelled for so long is presumed legitimate.")
    ] = 60.0,
    alerts_per_day: Annotated[
        int, typer.Option(min=1, help="Transactions a day that analysts can look at.")
    ] = 100,
    publish_every: Annotated[
        int, typer.Option(min=1, help="Outcomes between two publications of a model.")
    ] = 2_000,
    seed: Annotated[int, typer.Option(help="Of the models.")] = 0,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="YAML: our fields from theirs.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file of labels.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for an HTML report and Parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay a file through the stream's own functions: labels come when they would have come."""
    from streams.replay import ReplayRequest  # noqa: PLC0415 - keeps `fraud --help` quick

    request = ReplayRequest(
        path=path, mapping=mapping, labels=labels,
        models=() if rules_only else chosen(models),
        folds=folds if protocol == "handbook" else None,
        label_delay_days=label_delay_days, maturity_days=maturity_days,
        publish_every=publish_every, seed=seed,
    )  # fmt: skip
    replayed = with_bar(request)
    found = report(request, replayed, alerts_per_day)
    if out is not None:
        found |= {"out": [str(file) for file in write(out, request, replayed, found)]}
    result(found, text(found), as_json=as_json)


def chosen(models: str) -> tuple[str, ...]:
    """The models by name; BadParameter (exit 2) for one that nobody registered."""
    from models.replay_models import NAMES  # noqa: PLC0415 - quick `--help`

    names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    unknown = [name for name in names if name not in NAMES and ":" not in name]
    if unknown or not names:
        raise typer.BadParameter(
            f"--models: expected some of {', '.join(NAMES)} or module:factory, "
            f"got {', '.join(unknown) or 'none'}"
        )
    return names


def with_bar(request: ReplayRequest) -> Replayed:
    """Replay, showing how far it is and how long it will take."""
    from streams.replay import open_source  # noqa: PLC0415 - quick `--help`
    from streams.replay import replay as run  # noqa: PLC0415

    total = open_source(request).total()
    with bar() as progress:
        task = progress.add_task("replaying", total=total, rate="")
        return run(request, lambda done: progress.update(task, completed=done))


def report(request: ReplayRequest, replayed: Replayed, alerts_per_day: int) -> dict[str, Any]:
    """The JSON object."""
    from streams import replay_result  # noqa: PLC0415 - quick `--help`

    errors_console().print("measuring")
    return replay_result.report(request, replayed, alerts_per_day)


def write(
    out: Path, request: ReplayRequest, replayed: Replayed, found: dict[str, Any]
) -> list[Path]:
    """The report's files."""
    from streams.replay_files import write as write_files  # noqa: PLC0415 - quick `--help`

    return write_files(out, request, replayed, found)


def text(found: dict[str, Any]) -> str:
    """A line a model and one for the rules."""
    from streams.replay_result import lines  # noqa: PLC0415 - quick `--help`

    counts = found["counts"]
    head = (
        f"{counts['transactions']:,} transactions, {counts.get('frauds', 0):,} frauds, "
        f"{found['seconds']:.0f} s"
    )
    return "\n".join([head, *lines(found)])
