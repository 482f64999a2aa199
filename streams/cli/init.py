"""`fraud init`: a project to start from, its mapping guessed from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Json
from streams.cli.output import example, result

HERE = Path()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud init mine"))(init)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", file_okay=False, help="Made where it is missing.")
    ] = HERE,
    *,
    sample: Annotated[
        Path | None,
        typer.Option(
            "--from", exists=True, dir_okay=False, help="CSV or Parquet: guess its mapping."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a project to start from: column mapping, features, rules, and a model to edit."""
    from streams.starter import project  # noqa: PLC0415 - keeps `fraud --help` quick

    written = [str(file) for file in project.write(folder, sample)]
    then = project.commands(folder, sample)
    text = "\n".join([*written, "", f"Next, in {folder}:", *(f"  {line}" for line in then)])
    result({"files": written, "next": then}, text, as_json=as_json)
