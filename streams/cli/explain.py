"""`fraud explain`: one decision taken apart."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.explain_text import described
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud explain 4711 --json"))(explain)


def explain(
    transaction_id: Annotated[str, typer.Argument(metavar="TXID", help="A transaction's id.")],
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Why a transaction was decided as it was, and what would have changed that.

    Features with the transactions in their windows, what each added to the score's log-odds, every
    rule with its values, versions in force, later labels, and the smallest changes to another
    decision. Reads the topics of the cluster once; nothing is written.
    """
    from streams.explain.explanation import explain as taken_apart  # noqa: PLC0415 - quick `--help`
    from streams.history.log import KafkaLog  # noqa: PLC0415

    log = KafkaLog(reachable(bootstrap))
    errors_console().print("reading the log")
    found = taken_apart(log, transaction_id)
    result(found, described(found), as_json=as_json)
