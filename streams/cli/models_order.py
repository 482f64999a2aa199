"""`fraud models promote` and `rollback`: an operator's word, in force by a marker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import FraudStreamsError
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result

if TYPE_CHECKING:
    from streams.history.versions import Versions

RULES = "rules"
"""In the place of a model's name: none, as in `models.learn_commands`."""
AGENTS = ("policy", "drift", "rule-rates")
"""Who gives orders by itself: nobody may pass for it."""


def somebody(name: str) -> str:
    """A person's name; BadParameter (exit 2) for an empty one, or an agent's."""
    if not name.strip():
        raise typer.BadParameter("expected who wants it, got an empty name")
    if name.strip().casefold() in AGENTS:
        raise typer.BadParameter(f"expected a person, got {name.strip()!r}, who acts by itself")
    return name.strip()


Actor = Annotated[str, typer.Option(callback=somebody, help="Who wants it; it stands in the log.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the log.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait until it is in force.")]


class NothingBefore(FraudStreamsError):
    """No model was in force before the present one."""

    code = "NOTHING_BEFORE"
    advice = "Name a version with --to; `fraud models list` shows them."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=example("fraud models promote logistic@2000 --actor ana"))(promote)
    app.command(epilog=example("fraud models rollback --actor ana --reason 'too many alerts'"))(
        rollback
    )


def promote(
    version: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]",
            help="A version, held in force until the next promotion; a name alone: its newest "
            "version and those that follow; `rules`: no model at all, until the next promotion.",
        ),
    ],
    *,
    actor: Actor,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Put a model in force by hand: in every partition at one offset, by a marker in the log."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.orders import promotion  # noqa: PLC0415
    from streams.history.versions import Versions  # noqa: PLC0415

    address = reachable(bootstrap)
    name, number = meant(Versions(KafkaLog(address)), version)
    order(address, promotion(name, number, actor, reason), timeout, as_json=as_json)


def meant(versions: Versions, text: str) -> tuple[str, int | None]:
    """Name and version to put in force; raises ModelUnknown for one that was not published."""
    if text == RULES:
        return text, None
    found = versions.find(text)
    return found.manifest["name"], found.number if "@" in text else None


def rollback(
    *,
    actor: Actor,
    to: Annotated[
        str | None,
        typer.Option(metavar="NAME@VERSION", help="Default: in force before the present one."),
    ] = None,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Put the version back that was in force before, and hold it until the next promotion.

    Which one that was is read from the markers that fraud.activity still holds. Rules alone are
    no version: `fraud models promote rules` puts them in force.
    """
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.orders import promotion  # noqa: PLC0415
    from streams.history.versions import Versions  # noqa: PLC0415

    address = reachable(bootstrap)
    log = KafkaLog(address)
    found = Versions(log).find(to or previous(log))
    command = promotion(found.manifest["name"], found.number, actor, reason or "rolled back")
    order(address, command, timeout, as_json=as_json)


def previous(log: Any) -> str:
    """The version in force before the present one; NothingBefore where the log has none."""
    from streams.history.force import before, in_force, ref  # noqa: PLC0415 - quick `--help`

    marker = in_force(log)
    older = None if marker is None else before(log, marker)
    found = None if older is None else ref(older["model"])
    if found is None:
        came = "no marker at all" if marker is None else f"{ref(marker['model'])} alone"
        raise NothingBefore("fraud.activity", expected="an earlier model in force", came=came)
    return found


def order(address: str, command: dict[str, Any], timeout: float, *, as_json: bool) -> None:
    """Send the command, wait for its marker, say what is in force now."""
    from streams.history.force import ref  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.log import KafkaLog  # noqa: PLC0415
    from streams.history.orders import carry_out, is_waiting, kafka_send  # noqa: PLC0415

    errors_console().print(f"waiting for the learner, up to {timeout:g} s")
    marker = carry_out(KafkaLog(address), kafka_send(address), command, timeout)
    waits, payload = is_waiting(command, marker["reason"]), json.loads(command["payload"])
    found = {
        "waits": waits,
        "in_force": ref(marker["model"]),
        "threshold": marker["threshold"],
        "sequence": marker["sequence"],
        "reason": marker["reason"],
        "held": payload["name"] == RULES or "version" in payload,
        "command_id": command["command_id"],
    }
    stays = "held until the next promotion" if found["held"] else "and the versions that follow"
    text = f"in force: {found['in_force'] or 'rules alone'}, {stays} ({found['reason']})"
    if waits:
        text = f"{found['reason']}\nsomebody else: fraud approve {command['command_id']}"
    result(found, text, as_json=as_json)
