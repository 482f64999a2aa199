"""The command `fraud`: one module a command, one JSON object on standard output on request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from confluent_kafka import KafkaException
from pydantic_core import ValidationError

from schemas.errors import FraudStreamsError
from streams.cli import (
    alerts,
    approve,
    audit,
    card,
    demo,
    doctor,
    down,
    explain,
    features,
    init,
    label,
    learning,
    models,
    policy,
    profile,
    publish,
    replay,
    report,
    rules,
    runs,
    simulate,
    status,
    up,
    verify,
    whatif,
    worker,
)

app = typer.Typer(
    name="fraud",
    help="Streaming fraud detection: every card transaction decided, explained and learned from.",
    epilog="Begin with: fraud demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    demo, up, status, down, worker, publish, alerts, label, init, profile, features, replay, runs,
    verify, explain, whatif, card, report, audit, approve, doctor,
):  # fmt: skip
    command.register(app)
app.add_typer(simulate.app, name="simulate")
app.add_typer(models.app, name="models")
app.add_typer(learning.app, name="learning")
app.add_typer(policy.app, name="policy")
app.add_typer(rules.app, name="rules")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends with SystemExit.

    What this project raises, and what Kafka or a file refuses, is a line on standard error and
    exit code 1; a usage error is 2.
    """
    find_own_modules()
    try:
        app(args=arguments, prog_name="fraud")
    except FraudStreamsError as error:
        fail(str(error))
    except KafkaException as error:
        fail(f"Kafka: {error.args[0].str()}")
    except ValueError as error:
        problem = settings_problem(error)
        if problem is None:
            raise
        fail(problem)
    except OSError as error:
        fail(str(error))


def find_own_modules() -> None:
    """Let `module:factory` name a module of the working folder, after all that are installed."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def settings_problem(error: ValueError) -> str | None:
    """What is wrong with the environment's settings, on one line; None for any other error."""
    from pydantic_settings import SettingsError  # noqa: PLC0415 - keeps `fraud --help` quick

    if isinstance(error, SettingsError):
        return f"settings: {error}: expected JSON. See infra/docs/reference.md"
    if not isinstance(error, ValidationError):
        return None
    wrong = (f"FRAUD_{_place(e['loc'])}: {e['msg']}" for e in error.errors() if e["loc"])
    return f"settings: {'; '.join(wrong) or error}. See infra/docs/reference.md"


def _place(where: Sequence[int | str]) -> str:
    """The setting, and what in it: `LABEL_DAYS BANK [key]`."""
    return " ".join([str(where[0]).upper(), *map(str, where[1:])])


def fail(message: str) -> None:
    """End with a message and exit code 1."""
    sys.stderr.write(f"{message.rstrip()}\n")
    raise SystemExit(1) from None
