"""`fraud doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.doctor import Check
from infra.doctor import doctor as examine
from infra.ground import DEFAULT_HOME, DEFAULT_PORT
from streams.cli.options import Home, Json
from streams.cli.output import example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud doctor --port 19092"))(doctor)


def doctor(
    home: Home = DEFAULT_HOME,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The broker's.")] = DEFAULT_PORT,
    as_json: Json = False,
) -> None:
    """Say what is missing on this machine and how to get it; changes nothing."""
    checks = examine(home, port=port)
    ok = all(check.ok for check in checks)
    found = {"ok": ok, "checks": [check.as_dict() for check in checks]}
    result(found, "\n".join(map(_line, checks)), as_json=as_json)


def _line(check: Check) -> str:
    mark = "ok     " if check.ok else "MISSING"
    return f"{mark}  {check.name}: {check.found}" + (
        f"\n         {check.todo}" if check.todo else ""
    )
