"""`fraud policy`: how often models are published, and who must agree; read and changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.approve import order
from streams.cli.models_order import Actor, Reason, Timeout
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result

if TYPE_CHECKING:
    from streams.history.log import Log

app = typer.Typer(
    help="The learner's policy: publishing, recalibrating, second approvers.",
    no_args_is_help=True,
)


@app.command(epilog=example("fraud policy show"))
def show(bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Every setting in force, its default, and who changed it last."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick

    found = shown(KafkaLog(reachable(bootstrap)))
    result(found, text(found), as_json=as_json)


@app.command("set", epilog=example("fraud policy set publish_every=1000 --actor ana"))
def set_policy(
    settings: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE...", help="Settings; a list is joined by commas."),
    ],
    *,
    actor: Actor,
    reason: Reason = "",
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Change settings, through the log: the learner goes by them from one offset on."""
    changes = dict(map(setting, settings))
    payload = {"set": changes, "reason": reason}
    marker = order(reachable(bootstrap), "POLICY", payload, actor, timeout)
    result(marker, marker["reason"], as_json=as_json)


def setting(text: str) -> tuple[str, Any]:
    """`NAME=VALUE` as name and value; BadParameter (exit 2) for what is none.

    >>> setting("approve=PROMOTE,RULES_APPLY"), setting("approve="), setting("publish_every=500")
    (('approve', ['PROMOTE', 'RULES_APPLY']), ('approve', []), ('publish_every', 500))
    """
    from models.policy_changes import SETTINGS  # noqa: PLC0415 - keeps `--help` quick

    name, equals, value = text.partition("=")
    if not equals or name not in SETTINGS:
        raise typer.BadParameter(f"expected NAME=VALUE, a name of {[*SETTINGS]}, got {text!r}")
    if SETTINGS[name].kind is list:
        return name, [one.strip() for one in value.split(",") if one.strip()]
    try:
        return name, json.loads(value.lower())
    except ValueError as error:
        raise typer.BadParameter(f"{name}: expected a number or true, got {value!r}") from error


def shown(log: Log) -> dict[str, Any]:
    """The settings, as `--json` prints them."""
    from streams.governance.audit import Recorded  # noqa: PLC0415 - keeps `--help` quick
    from streams.governance.waiting import settings  # noqa: PLC0415

    return {"settings": settings(Recorded(log).once)}


def text(found: dict[str, Any]) -> str:
    """A setting a line, with who changed it."""
    lines = []
    for one in found["settings"]:
        by = one["set_by"]
        who = "default" if by is None else f"{by['what']} (entry {by['number']})"
        lines.append(f"{one['name']:18} {json.dumps(one['value']):12} {one['meaning']}; {who}")
    return "\n".join(lines)
