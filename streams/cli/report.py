"""`fraud report`: a week for people who are not engineers."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.card import Out, written
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud report --week 2018-05-10 --out reports"))(report)


def a_week(text: str | None) -> str | None:
    """A date that can be read; BadParameter (exit 2) for another text."""
    from streams.governance.weeks import containing, named  # noqa: PLC0415 - quick `--help`

    try:
        return text if text is None else named(containing(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def report(
    day: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATE]",
            callback=a_week,
            help="A day of the week; default: the last whole one.",
        ),
    ] = None,
    *,
    week: Annotated[
        bool, typer.Option("--week", help="A week, Monday to Sunday in UTC: what is reported.")
    ] = True,
    out: Out = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Tell in plain words what a week saved, whom it held up, how much is known, what drifted.

    Without --out the Markdown is printed; pictures are in the HTML page alone.
    """
    from streams.governance.blocks import markdown  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.week_page import blocks  # noqa: PLC0415
    from streams.governance.week_report import report as make  # noqa: PLC0415
    from streams.governance.weeks import containing  # noqa: PLC0415
    from streams.history.log import KafkaLog  # noqa: PLC0415

    assert week
    errors_console().print("reading fraud.decisions and fraud.outcomes")
    log = KafkaLog(reachable(bootstrap))
    found = make(log, None if day is None else containing(day))
    document = blocks(found)
    if out is None:
        result(found, markdown(document).rstrip(), as_json=as_json)
        return
    found["out"] = written(out, f"report-{found['week']}", found, document)
    result(found, "\n".join(found["out"]), as_json=as_json)
