"""A rule file on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.rules import Ruleset

RulesFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A ruleset as YAML.")]


def compiled(file: Path) -> Ruleset:
    """The ruleset in a file; raises RuleError."""
    from models.rules import RuleError, compile_ruleset  # noqa: PLC0415 - keeps `--help` quick

    try:
        return compile_ruleset(file.read_text(encoding="utf-8"), file=file.name)
    except UnicodeDecodeError as error:
        raise RuleError(str(file), expected="UTF-8 text", came=error.reason) from error
