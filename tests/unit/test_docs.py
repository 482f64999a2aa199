"""The documents say what the code does: Python compiles, commands exist, tables are true."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main

from schemas.topics import DAY_MS, FOREVER, TOPICS
from streams.cli import app
from streams.latency import LatencyHistogram
from streams.metrics import METRICS
from streams.settings import Settings


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "infra/docs/reference.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "infra/docs/operations.md").read_text(encoding="utf-8")
RULES = (ROOT / "infra/docs/rules.md").read_text(encoding="utf-8")
WHATIF = (ROOT / "infra/docs/whatif.md").read_text(encoding="utf-8")
DOCUMENTS = {
    "README": README, "REFERENCE": REFERENCE, "CONTRIBUTING": CONTRIBUTING,
    "OPERATIONS": OPERATIONS, "RULES": RULES, "WHATIF": WHATIF,
}  # fmt: skip
PYTHON = blocks(README, "python") + blocks(OPERATIONS, "python")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def commands() -> Iterator[str]:
    """Every command line of a shell block that begins with `fraud`, and every one in a table."""
    for text in DOCUMENTS.values():
        for block in blocks(text, "sh"):
            lines = (line.split("#")[0].strip() for line in block.splitlines())
            yield from (line.removeprefix(".venv/bin/") for line in lines if "fraud " in line)
        yield from re.findall(r"^\| `(fraud [^`]+)` \|", text, flags=re.MULTILINE)


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python_of_the_documents_compiles_and_its_imports_exist(number: int) -> None:
    tree = ast.parse(PYTHON[number])
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = importlib.import_module(node.module or "")
        assert all(hasattr(module, name.name) for name in node.names)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_line_parses(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("world").mkdir()
    Path("columns.yaml").touch()
    Path("rules.yaml").touch()
    Path("payments.csv").touch()
    found: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    found.make_context("fraud", words)


def test_the_readme_lists_every_command() -> None:
    listed = {line.split()[1] for line in re.findall(r"^\| `(fraud [^`]+)`", README, re.MULTILINE)}
    group: Any = typer.main.get_command(app)
    assert listed == set(group.commands)


def test_the_metrics_table_is_the_code() -> None:
    rows = []
    for metric in vars(METRICS).values():
        if isinstance(metric, LatencyHistogram):
            rows.append((f"`{metric.name}`", "histogram", "-", metric.documentation))
        elif hasattr(metric, "_labelnames"):
            name = metric._name + ("_total" if metric._type == "counter" else "")
            labels = ", ".join(metric._labelnames) or "-"
            rows.append((f"`{name}`", metric._type, labels, metric._documentation))
    expected = table(("metric", "type", "labels", "meaning"), rows)
    assert expected in REFERENCE, f"infra/docs/reference.md should hold:\n{expected}"


def test_the_settings_table_is_the_code() -> None:
    rows = [
        (f"`FRAUD_{name.upper()}`", f"`{as_set(field.default)}`", field.description)
        for name, field in Settings.model_fields.items()
    ]
    expected = table(("variable", "default", "meaning"), rows)
    assert expected in REFERENCE, f"infra/docs/reference.md should hold:\n{expected}"


def as_set(default: object) -> object:
    """A default as it would be written into the variable: JSON for what is not one value."""
    return json.dumps(default) if isinstance(default, dict | tuple) else default


def test_the_topics_table_is_the_code() -> None:
    rows = [
        (f"`{t.name}`", t.key, ", ".join(t.values) or "state", t.partitions, kept(t.retention_ms))
        for t in TOPICS.values()
    ]
    expected = table(("topic", "key", "values", "partitions", "kept"), rows)
    assert expected in REFERENCE, f"infra/docs/reference.md should hold:\n{expected}"


def kept(retention_ms: int) -> str:
    return "for ever" if retention_ms == FOREVER else f"{retention_ms // DAY_MS} days"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    folder = ROOT if name in ("README", "CONTRIBUTING") else ROOT / "infra/docs"
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", DOCUMENTS[name])
    assert all((folder / link).exists() for link in links), links


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200
