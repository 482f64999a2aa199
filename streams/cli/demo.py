"""`fraud demo`: the whole system on a whole world, then a summary."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.ground import DEFAULT_HOME
from streams.cli.options import Home, Json
from streams.cli.output import errors_console, example, result

# 17 days of the Handbook's world: labels come after seven, so the model has ten to prove itself.
TRANSACTIONS = 160_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud demo --transactions 20000 --embedded"))(demo)


def demo(
    *,
    transactions: Annotated[int, typer.Option(min=1, help="How many to decide.")] = TRANSACTIONS,
    seed: Annotated[int, typer.Option(min=0, max=32_767, help="Another seed, another world.")] = 0,
    bootstrap: Annotated[
        str | None,
        typer.Option(help="Use this cluster; without it the local broker, or one of its own."),
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="No broker: the same functions in one process.")
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave the broker running, for `fraud alerts`; see fraud down."
        ),
    ] = False,
    home: Home = DEFAULT_HOME,
    as_json: Json = False,
) -> None:
    """Run everything on the Handbook's world: broker, workers, learner, seven-day labels."""
    if embedded and (bootstrap or keep):
        raise typer.BadParameter("--embedded has no broker to use or to keep")
    from streams.demo.run import DemoRequest, run_demo  # noqa: PLC0415 - keeps `--help` quick
    from streams.demo.world import WorldRequest  # noqa: PLC0415 - keeps `--help` quick

    request = DemoRequest(
        WorldRequest(transactions, seed=seed), bootstrap, home, embedded=embedded, keep=keep
    )
    summary = run_demo(request, errors_console())
    result(summary.as_dict(), summary.text(), as_json=as_json)
    if not summary.whole:
        errors_console().print(
            "The demo failed: decisions are missing or differ, or labels have no outcome."
        )
        raise typer.Exit(1)
