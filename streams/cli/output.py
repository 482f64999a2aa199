"""Two channels: standard output for results, standard error for everything said on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console


def errors_console() -> Console:
    """A console on standard error, made anew so that it is the one of now."""
    return Console(stderr=True)


def result(found: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a command's result: the object with ``--json``, else the text."""
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else text)


def example(command: str) -> str:
    """The last line of a command's help; a test runs what it shows through the parser."""
    return f"Example: {command}"
