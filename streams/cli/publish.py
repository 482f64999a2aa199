"""`fraud publish`: files onto the stream, in the order their records arrived."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Files, Json, Labels, Mapping, reachable
from streams.cli.output import example, result
from streams.cli.progress_bar import bar

if TYPE_CHECKING:
    from producers.progress import Progress as Published


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud publish world --rate 500"))(publish)


def publish(
    path: Files,
    *,
    rate: Annotated[float | None, typer.Option(help="Transactions a second.")] = None,
    speedup: Annotated[float | None, typer.Option(help="Times the files' own time.")] = None,
    at_most: Annotated[
        bool, typer.Option("--max", help="As fast as the broker takes them: the default.")
    ] = False,
    mapping: Mapping = None,
    labels: Labels = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many transactions of the file.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on where an interrupted publication was.")
    ] = True,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Publish transactions and labels of files, interleaved as they would have arrived."""
    check_pace(rate, speedup, at_most=at_most)
    address = reachable(bootstrap)
    done = with_bar(
        path, address, rate=rate, speedup=speedup, mapping=mapping, labels=labels, limit=limit,
        resume=resume,
    )  # fmt: skip
    result(_found(address, done), _text(address, done), as_json=as_json)


def with_bar(path: Path, bootstrap: str, **how: Any) -> Published:
    """Publish, showing how far it is; ``how`` as in `producers.publish.publish`."""
    from producers.publish import publish as publish_files  # noqa: PLC0415 - quick `--help`

    with bar() as progress:
        task = progress.add_task("publishing", total=None, rate="")

        def show(done: Published) -> None:
            progress.update(
                task, completed=done.transactions, total=max(done.total, done.transactions),
                rate=f"{done.rate:,.0f}/s",
            )  # fmt: skip

        return publish_files(path, bootstrap, on_progress=show, **how)


def check_pace(rate: float | None, speedup: float | None, *, at_most: bool) -> None:
    """One pace at most, and a positive one; BadParameter (exit 2) otherwise."""
    given = [
        name for name, value in (("--rate", rate), ("--speedup", speedup)) if value is not None
    ]
    given += ["--max"] if at_most else []
    if len(given) > 1:
        raise typer.BadParameter(f"expected one pace, got {' and '.join(given)}")
    for name, value in (("--rate", rate), ("--speedup", speedup)):
        if value is not None and not 0 < value < float("inf"):
            raise typer.BadParameter(f"{name}: expected a positive number, got {value}")


def _found(bootstrap: str, done: Published) -> dict[str, Any]:
    return {
        "bootstrap": bootstrap,
        "transactions": done.transactions,
        "labels": done.labels,
        "total": done.total,
        "seconds": round(done.seconds, 3),
        "transactions_per_second": round(done.rate, 1),
    }


def _text(bootstrap: str, done: Published) -> str:
    return (
        f"{done.transactions:,} transactions and {done.labels:,} labels published to {bootstrap} "
        f"in {done.seconds:.1f} s ({done.rate:,.0f}/s)"
    )
