"""`fraud simulate SCENARIO`: listed on one line each, quick to list, and what it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from producers.scenarios import SCENARIOS
from tests.unit.cli.running import Fraud

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_every_scenario_has_one_line_of_the_help(fraud: Fraud) -> None:
    lines = [
        line.strip("│ ").split(maxsplit=1) for line in fraud("simulate", "--help").out.split("\n")
    ]
    listed = {words[0]: words[1] for words in lines if len(words) == 2}
    assert {name: listed.get(name) for name in SCENARIOS} == {
        name: scenario.describes for name, scenario in SCENARIOS.items()
    }


def test_listing_them_imports_neither_numpy_nor_polars() -> None:
    heavy = "{'numpy', 'polars', 'pydantic'}"
    program = f"import sys, producers.scenarios; print(sorted({heavy} & sys.modules.keys()))"
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_world_with_its_onset_and_truth(fraud: Fraud) -> None:
    ran = fraud(
        "simulate", "vendor-signal-stuck", "--out", "world", "--days", 2, "--onset-day", 1,
        "--seed", 3, "--label-delay-days", 2, "--json",
    )  # fmt: skip
    assert ran.code == 0
    described = json.loads(Path("world/scenario.json").read_text(encoding="utf-8"))
    assert ran.json["described"] == described
    assert (described["name"], described["seed"]) == ("vendor-signal-stuck", 3)
    assert described["onset"] == 1_522_627_200_000
    assert all(Path("world", file).is_file() for file in ran.json["files"])
    assert 0 < ran.json["changed"] < ran.json["transactions"]


@pytest.mark.parametrize(
    "wrong", [("--days", 71), ("--onset-day", 120), ("--onset-day", 0), ("--seed", -1)]
)
def test_an_onset_that_the_world_does_not_reach_is_a_usage_error(
    fraud: Fraud, wrong: tuple[object, ...]
) -> None:
    ran = fraud("simulate", "evader", "--out", "world", *wrong)
    assert (ran.code, ran.out) == (2, "")
    assert not Path("world").exists()


def test_an_unknown_scenario_is_a_usage_error(fraud: Fraud) -> None:
    assert fraud("simulate", "meteorite", "--out", "world").code == 2
