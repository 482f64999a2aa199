"""`infra/docs/worlds.md` says what the catalogue says, and its commands can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from producers.scenarios import SCENARIOS, Scenario
from streams.cli import app
from tests.unit.producers.scenario_worlds import drifted

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "infra/docs/worlds.md").read_text(encoding="utf-8")


def row(scenario: Scenario) -> str:
    silent = not scenario.subjects
    cells = (
        f"`{scenario.name}`", scenario.describes,
        ", ".join(f"`{subject}`" for subject in scenario.subjects) or "-",
        "-" if silent else f"{scenario.within_days} days",
        "for good" if scenario.lasts_days is None else f"{scenario.lasts_days} days",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def test_the_table_of_scenarios_is_the_catalogue() -> None:
    expected = "\n".join(map(row, SCENARIOS.values()))
    assert expected in TEXT, f"infra/docs/worlds.md should hold:\n{expected}"


def test_the_figures_are_of_every_scenario() -> None:
    names = re.findall(r"^\| `([a-z-]+)` \| [0-9,]+ \|", TEXT, flags=re.MULTILINE)
    assert names == list(SCENARIOS)


def test_every_key_of_scenario_json_is_described() -> None:
    table = TEXT.partition("`scenario.json`; times")[2].partition("In Python")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    keys = set(re.findall("`([a-z_]+)`", " ".join(cells)))
    assert keys == drifted("evader").described.keys()


@pytest.mark.parametrize("line", re.findall(r"^fraud .*$", TEXT, flags=re.MULTILINE))
def test_every_command_line_parses(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("world").mkdir()
    found: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    found.make_context("fraud", words)
