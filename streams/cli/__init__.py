"""The command `fraud`: one module a command, one JSON object on standard output on request."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from confluent_kafka import KafkaException
from pydantic_core import ValidationError

from schemas.errors import FraudStreamsError
from streams.cli import (
    alerts,
    demo,
    doctor,
    down,
    label,
    publish,
    replay,
    simulate,
    status,
    up,
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
for command in (demo, up, status, down, worker, publish, alerts, label, replay, doctor):
    command.register(app)
app.add_typer(simulate.app, name="simulate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends with SystemExit.

    What this project raises, and what Kafka or a file refuses, is a line on standard error and
    exit code 1; a usage error is 2.
    """
    try:
        app(args=arguments, prog_name="fraud")
    except FraudStreamsError as error:
        fail(str(error))
    except KafkaException as error:
        fail(f"Kafka: {error.args[0].str()}")
    except ValidationError as error:
        fail(settings_problem(error))
    except OSError as error:
        fail(str(error))


def settings_problem(error: ValidationError) -> str:
    """What is wrong with the environment's settings, on one line."""
    wrong = (f"FRAUD_{str(e['loc'][-1]).upper()}: {e['msg']}" for e in error.errors() if e["loc"])
    return f"settings: {'; '.join(wrong) or error}. See infra/docs/reference.md"


def fail(message: str) -> None:
    """End with a message and exit code 1."""
    sys.stderr.write(f"{message.rstrip()}\n")
    raise SystemExit(1) from None
