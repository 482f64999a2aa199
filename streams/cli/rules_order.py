"""`fraud rules apply`, `activate`, `shadow` and `rollback`: in force by a marker, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.models_order import Actor, Timeout
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result
from streams.cli.rules_file import RulesFile, compiled
from streams.cli.rules_text import ordered

if TYPE_CHECKING:
    from streams.history.rule_orders import RuleOrder


def said(reason: str) -> str:
    """A reason that says something; BadParameter (exit 2) for an empty one."""
    if not reason.strip():
        raise typer.BadParameter("expected why, got nothing")
    return reason.strip()


Reason = Annotated[str, typer.Option(callback=said, help="Why; it stands in the log.")]
Codes = Annotated[list[str], typer.Argument(metavar="CODE...", help="Codes of rules in force.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    why = "--actor ana --reason"
    app.command(epilog=example(f"fraud rules apply rules.yaml {why} 'night burglars'"))(apply)
    app.command(epilog=example(f"fraud rules activate NIGHT {why} 'a week in shadow'"))(activate)
    app.command(epilog=example(f"fraud rules shadow NIGHT {why} 'too many alerts'"))(shadow)
    app.command(epilog=example(f"fraud rules rollback {why} 'too many alerts'"))(rollback)


def apply(
    file: RulesFile,
    *,
    actor: Actor,
    reason: Reason,
    active: Annotated[
        bool, typer.Option("--active", help="Let new and changed rules act at once.")
    ] = False,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Put a rule file in force; rules that are new or changed begin in shadow.

    A rule that is active already, and does the same, stays active. A version that was published
    with other bytes is refused.
    """
    text = compiled(file).yaml
    order = ordering(bootstrap, actor, reason, timeout)
    report(order.run(order.shadowed(text, active=active)), as_json=as_json)


def activate(
    codes: Codes,
    *,
    actor: Actor,
    reason: Reason,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Let rules act that are in shadow: the next version of the rules in force."""
    order = ordering(bootstrap, actor, reason, timeout)
    report(order.run(order.moded(codes, "active")), as_json=as_json)


def shadow(
    codes: Codes,
    *,
    actor: Actor,
    reason: Reason,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Put rules in shadow: they are evaluated and counted, and decide nothing."""
    order = ordering(bootstrap, actor, reason, timeout)
    report(order.run(order.moded(codes, "shadow")), as_json=as_json)


def rollback(
    version: Annotated[
        str | None,
        typer.Argument(metavar="[NAME@VERSION]", help="Default: in force before the present one."),
    ] = None,
    *,
    actor: Actor,
    reason: Reason,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Put an earlier version back in force, byte for byte; a second one undoes the first."""
    order = ordering(bootstrap, actor, reason, timeout)
    report(order.run(order.earlier(version)), as_json=as_json)


def ordering(bootstrap: str | None, actor: str, reason: str, timeout_s: float) -> RuleOrder:
    """An order about the rules of the cluster; raises NoRulesInForce where there are none."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.orders import kafka_send  # noqa: PLC0415
    from streams.history.rule_orders import RuleOrder  # noqa: PLC0415

    address = reachable(bootstrap)
    errors_console().print(f"waiting for the learner, up to {timeout_s:g} s")
    return RuleOrder(KafkaLog(address), kafka_send(address), actor, reason, timeout_s)


def report(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what an order came to."""
    result(found, ordered(found), as_json=as_json)
