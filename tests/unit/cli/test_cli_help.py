"""Every command explains itself, and what its help shows can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from producers.scenarios import SCENARIOS
from streams.cli import app
from tests.unit.cli.running import Fraud

GROUP: Any = typer.main.get_command(app)
COMMANDS = (
    "up", "down", "status", "simulate handbook", "publish", "worker", "demo", "alerts", "label",
    "init", "profile", "features", "replay", "runs", "verify", "explain", "doctor",
    "card", "report", "audit", "approve", "policy show", "policy set",
    "learning freeze", "learning resume", "learning exclude",
    "learning rebuild",
    "models list", "models show", "models diff", "models promote", "models rollback",
    "models rebuild", *(f"simulate {name}" for name in SCENARIOS), "whatif",
    "rules lint", "rules apply", "rules list", "rules activate", "rules shadow", "rules rollback",
)  # fmt: skip


def command(path: str) -> Any:
    found = GROUP
    for name in path.split():
        found = found.commands[name]
    return found


def test_these_are_all_commands() -> None:
    assert set(GROUP.commands) == {path.split()[0] for path in COMMANDS}


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_a_sentence_and_an_example(fraud: Fraud, path: str) -> None:
    ran = fraud(*path.split(), "--help")
    assert ran.code == 0
    assert f"Example: fraud {path}" in ran.out
    assert "--json" in ran.out
    assert command(path).help


@pytest.mark.parametrize("path", COMMANDS)
def test_the_example_parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("world").mkdir()
    Path("rules.yaml").touch()
    words = shlex.split(command(path).epilog.removeprefix("Example: "))
    depth = len(path.split()) + 1
    assert " ".join(words[:depth]) == f"fraud {path}"
    command(path).make_context(path, words[depth:])


@pytest.mark.parametrize("path", COMMANDS)
def test_an_unknown_option_is_a_usage_error(fraud: Fraud, path: str) -> None:
    ran = fraud(*path.split(), "--no-such-option")
    assert ran.code == 2
    assert ran.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "no-such-folder"),
        ("publish", ".", "--rate", 5, "--max"),
        ("publish", ".", "--rate", -1),
        ("worker",),
        ("worker", "warm"),
        ("label", "t1", "perhaps"),
        ("simulate", "handbook", "--out", "x", "--days", 0),
        ("demo", "--embedded", "--bootstrap", "localhost:1"),
        ("demo", "--transactions", 0),
        ("up", "--port", 70_000),
    ],
)
def test_usage_errors_end_with_2(fraud: Fraud, arguments: tuple[object, ...]) -> None:
    ran = fraud(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
