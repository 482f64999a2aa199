"""Progress on standard error: how far a command is, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from streams.cli.output import errors_console

Done = TypeVar("Done")
Told = Callable[[str, int, int], None]
"""What is being done, how much of it, and of how much."""


def bar() -> Progress:
    """A progress bar on standard error, silent where that is no terminal."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
        console=errors_console(), disable=not sys.stderr.isatty(),
    )  # fmt: skip


def with_bars(heading: str, work: Callable[[Told], Done]) -> Done:
    """Do the work under a heading, with a bar for each thing that it says it does.

    >>> with_bars("adding", lambda told: told("numbers", 1, 1) or 42)
    42
    """
    errors_console().print(heading)
    with bar() as progress:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total, rate="")
            progress.update(tasks[what], completed=done, total=total)

        return work(told)
