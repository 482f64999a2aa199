"""`fraud approve`: a second person lets a command go that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.approval import POLICY_ACTOR
from streams.cli.models_order import Reason, Timeout, somebody
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result

if TYPE_CHECKING:
    from streams.history.log import Log


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud approve promote-0c4f --actor ben"))(approve)


def a_name(name: str | None) -> str | None:
    """A name that says something, or none."""
    return None if name is None else somebody(name)


def approve(
    command_id: Annotated[
        str | None, typer.Argument(metavar="[COMMAND_ID]", help="Without it: list what waits.")
    ] = None,
    *,
    actor: Annotated[
        str | None, typer.Option(callback=a_name, help="Who approves: not who asked for it.")
    ] = None,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Approve a command that waits for a second person, or list those that do.

    Which kinds of commands wait is policy: `fraud policy set approve=PROMOTE,RULES_APPLY`.
    """
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick

    if command_id is not None and actor is None:
        raise typer.BadParameter("expected who approves: --actor NAME")
    address = reachable(bootstrap)
    if command_id is None or actor is None:
        found = listed(KafkaLog(address))
        result(found, text(found), as_json=as_json)
        return
    payload = {"command_id": command_id, "reason": reason}
    marker = order(address, "APPROVE", payload, actor, timeout)
    result(marker, marker["reason"], as_json=as_json)


def listed(log: Log) -> dict[str, Any]:
    """What waits, as `--json` prints it."""
    from streams.governance.audit import Recorded  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.waiting import waiting  # noqa: PLC0415

    return {"waiting": waiting(Recorded(log).once)}


def text(found: dict[str, Any]) -> str:
    """What waits, one a line."""
    lines = [
        f"{one['command_id']}  {one['kind']} of {one['actor']}, until {one['until']}{_why(one)}"
        for one in found["waiting"]
    ]
    return "\n".join(lines) or "nothing waits"


def _why(one: dict[str, Any]) -> str:
    """What the policy proposes; what a person asked for has its reason in the audit trail."""
    return f": {one['what'].partition(';')[0]}" if one["actor"] == POLICY_ACTOR else ""


def order(
    address: str, kind: str, payload: dict[str, Any], actor: str, timeout: float
) -> dict[str, Any]:
    """Send a command and wait for its marker; what is in force by it, as `--json` prints it."""
    from streams.history.force import ref  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.log import KafkaLog  # noqa: PLC0415
    from streams.history.orders import (  # noqa: PLC0415
        carry_out,
        is_waiting,
        kafka_send,
        ordered,
    )

    command = ordered(kind, payload, actor)
    errors_console().print(f"waiting for the learner, up to {timeout:g} s")
    marker = carry_out(KafkaLog(address), kafka_send(address), command, timeout)
    return {
        "command_id": command["command_id"],
        "waits": is_waiting(command, marker["reason"]),
        "reason": marker["reason"],
        "sequence": marker["sequence"],
        "in_force": ref(marker["model"]),
        "ruleset": ref(marker["ruleset"]),
        "threshold": marker["threshold"],
    }
