"""`fraud down`: the local broker stops."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.ground import DEFAULT_HOME
from infra.ground import down as bring_down
from streams.cli.options import Home, Json
from streams.cli.output import example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud down --wipe"))(down)


def down(
    home: Home = DEFAULT_HOME,
    wipe: Annotated[
        bool, typer.Option("--wipe", help="Remove its records, too; the jars stay.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Stop the local Kafka that `fraud up` started."""
    stopped = bring_down(home, wipe=wipe)
    text = "Kafka stopped" if stopped else "Kafka did not run"
    text += "; its records are gone" if wipe else ""
    result({"stopped": stopped, "wiped": wipe}, text, as_json=as_json)
