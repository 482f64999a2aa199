"""`fraud learning`: stop, go on, leave a source of labels out, learn anew; scoring goes on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.approve import order
from streams.cli.label import SourceName
from streams.cli.models_order import Actor, Reason, Timeout
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result

app = typer.Typer(
    help="Learning: freeze it, resume it, leave a source of labels out, learn anew.",
    no_args_is_help=True,
)


@app.command(epilog=example("fraud learning freeze --actor ana --reason 'a broken import'"))
def freeze(
    *,
    actor: Actor,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Learn nothing until somebody resumes; scoring goes on, and outcomes wait in the log."""
    _say("FREEZE", {"reason": reason}, actor, timeout, bootstrap, as_json=as_json)


@app.command(epilog=example("fraud learning resume --actor ana --reason 'the source is out'"))
def resume(
    *,
    actor: Actor,
    drop: Annotated[
        bool, typer.Option("--drop", help="Leave out what queued, instead of learning it now.")
    ] = False,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Learn again: first what queued, without the sources that were excluded meanwhile."""
    payload = {"learn": not drop, "reason": reason}
    _say("RESUME", payload, actor, timeout, bootstrap, as_json=as_json)


@app.command(epilog=example("fraud learning exclude customer --actor ana"))
def exclude(
    source: Annotated[SourceName, typer.Argument(help="Whose labels.")],
    *,
    actor: Actor,
    undo: Annotated[bool, typer.Option("--undo", help="Learn from them again.")] = False,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Let a source's labels teach nothing from here on.

    They go on to reach the terminals' risk: correct those that are wrong (`fraud label`). What they
    taught before stays learned until `fraud learning rebuild`.
    """
    payload = {"source": source.name, "excluded": not undo, "reason": reason}
    _say("EXCLUDE", payload, actor, timeout, bootstrap, as_json=as_json)


@app.command(epilog=example("fraud learning rebuild --actor ana --reason 'customer is out'"))
def rebuild(
    *,
    actor: Actor,
    reason: Reason = "",
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds to wait until it is in force.")
    ] = 600.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Learn the whole log anew and put the clean models in force.

    Each transaction teaches once, by its last verdict; sources that are excluded by now teach
    nothing. It takes as long as all learning so far: the learner does nothing else meanwhile, and
    scoring goes on. What is held in force stays. Refused while learning is frozen.
    """
    _say("REBUILD", {"reason": reason}, actor, timeout, bootstrap, as_json=as_json)


def _say(
    kind: str,
    payload: dict[str, Any],
    actor: str,
    timeout: float,
    bootstrap: str | None,
    *,
    as_json: bool,
) -> None:
    marker = order(reachable(bootstrap), kind, payload, actor, timeout)
    result(marker, marker["reason"], as_json=as_json)
