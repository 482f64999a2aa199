"""`fraud status`: does the local broker run?"""

from __future__ import annotations

import typer

from infra.ground import DEFAULT_HOME, Status
from infra.ground import status as look
from streams.cli.options import Home, Json
from streams.cli.output import example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud status --json"))(status)


def status(home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """Say whether the local Kafka runs and answers."""
    found = look(home)
    result(found.as_dict(), _text(found), as_json=as_json)


def _text(found: Status) -> str:
    if not found.running:
        return f"Kafka does not run in {found.folder}; `fraud up` starts it"
    answering = "answers" if found.answers else f"does not answer (see {found.log})"
    return f"Kafka runs at {found.bootstrap} (process {found.pid}) and {answering}"
