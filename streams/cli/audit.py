"""`fraud audit`: who changed what decides, when and why, and whether the record of it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result

if TYPE_CHECKING:
    from models.audit.chain import Fault
    from streams.history.log import Log


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud audit --last 20"))(audit)


def a_head(text: str | None) -> str | None:
    """A head that can be compared; BadParameter (exit 2) for another text."""
    from models.audit.chain import Head  # noqa: PLC0415 - keeps `--help` quick

    try:
        return text if text is None else str(Head.parse(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def audit(
    *,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="HEAD", callback=a_head, help="A head noted earlier: it must be in the chain."
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also compare with the commands and models that are recorded."),
    ] = False,
    refold: Annotated[
        bool,
        typer.Option("--refold", help="Also make every entry again: learns the whole log anew."),
    ] = False,
    last: Annotated[int | None, typer.Option(min=1, help="Print the last entries alone.")] = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Who changed models, rules, thresholds, freezes and exclusions, when and why.

    The entries are a hash chain, checked each time: exit code 1, and the place, where it is broken.
    """
    from streams.governance.audit import text  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.log import KafkaLog  # noqa: PLC0415

    log = KafkaLog(reachable(bootstrap))
    found = audited(log, check, deep=deep, refold=refold)
    result(found, text(found, last), as_json=as_json)
    if not found["whole"]:
        raise typer.Exit(1)


def audited(
    log: Log, check: str | None = None, *, deep: bool = False, refold: bool = False
) -> dict[str, Any]:
    """The trail and what is wrong with it, as `--json` prints it."""
    from models.audit.chain import Head  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.audit import Recorded, listed  # noqa: PLC0415
    from streams.governance.audit_check import beside_the_log  # noqa: PLC0415

    recorded = Recorded(log)
    faults = recorded.check(None if check is None else Head.parse(check))
    faults += beside_the_log(log, recorded.once) if deep else []
    faults += made_again(log, recorded.once) if refold else []
    return listed(recorded, faults)


def made_again(log: Log, entries: list[dict[str, Any]]) -> list[Fault]:
    """What is wrong by the learner's own fold, showing how far it is."""
    from streams.cli.progress_bar import bar  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.audit_refold import beside_a_refold  # noqa: PLC0415

    with bar() as progress:
        task = progress.add_task("folding", total=None, rate="")

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return beside_a_refold(log, entries, told)
