"""Options that several commands share, and where a client finds its cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.errors import BrokerUnreachable
from infra.ground import DEFAULT_HOME, status
from infra.kafka.admin import answers

ANSWER_S = 10.0

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
Home = Annotated[Path, typer.Option(help="Folder of the local broker.")]
Bootstrap = Annotated[
    str | None,
    typer.Option(
        envvar="FRAUD_BOOTSTRAP",
        help="Kafka's bootstrap servers; without it the local broker's, else 127.0.0.1:9092.",
    ),
]

# -- files that a bank brings ---------------------------------------------------------------------

Files = Annotated[
    Path, typer.Argument(exists=True, help="A CSV or Parquet file, or a folder with both.")
]
Mapping = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="YAML: our fields from theirs; default: the folder's columns.yaml, if it has one.",
    ),
]
Labels = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file of labels.")]
LabelDelay = Annotated[
    float | None, typer.Option(min=0, help="From transaction to label; default: as the file.")
]


def reachable(bootstrap: str | None, home: Path = DEFAULT_HOME) -> str:
    """The address to use: as given, else of the broker that `fraud up` started, else the default.

    Raises BrokerUnreachable where nobody answers there.
    """
    address = bootstrap or status(home).bootstrap or default_bootstrap()
    if not answers(address, seconds=ANSWER_S):
        raise BrokerUnreachable(address, ANSWER_S)
    return address


def default_bootstrap() -> str:
    """The address in the settings."""
    from streams.settings import Settings  # noqa: PLC0415 - keeps `fraud --help` quick

    return Settings().bootstrap
