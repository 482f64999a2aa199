"""The demo without a broker: whole, learning, and the same again under the same seed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from streams.demo.embedded_run import run_embedded
from streams.demo.run import DemoRequest, run_demo
from streams.demo.summary import Summary
from streams.demo.tally import Tally
from streams.demo.view import LineView, LiveView
from streams.demo.world import WorldRequest

ROOT = Path(__file__).parents[2]
SMALL = WorldRequest(1_500, customers=120, terminals=240, label_delay_days=2)
KEYS = {
    "mode", "transactions", "decisions", "alerts", "labels", "outcomes", "models_published",
    "drift_signals", "dead_letters", "seconds", "decisions_per_second", "latency_ms",
    "average_precision", "auc_roc", "missing_decisions", "duplicate_decisions",
    "repeated_decisions", "competitors",
}  # fmt: skip


def ran(request: WorldRequest) -> tuple[Tally, Summary]:
    tally = Tally()
    return tally, run_embedded(request, tally, LineView(tally, Console(file=io.StringIO())))


@pytest.fixture(scope="module")
def small() -> tuple[Tally, Summary]:
    return ran(SMALL)


def test_nothing_is_missing_and_the_model_learns(small: tuple[Tally, Summary]) -> None:
    _, summary = small
    assert summary.mode == "embedded"
    assert summary.transactions == summary.decisions == 1_500
    assert summary.labels == summary.outcomes == 1_500
    assert summary.whole
    assert summary.dead_letters == summary.repeated_decisions == 0
    assert summary.models_published >= 1
    assert set(summary.as_dict()) == KEYS
    assert set(summary.latency_ms) == {"p50", "p99"}
    assert summary.competitors["logistic"]["decides"] == 1.0
    assert summary.competitors["logistic"]["learned"] >= 500


def test_the_same_seed_gives_the_same_decisions(small: tuple[Tally, Summary]) -> None:
    tally, summary = small
    again, summed = ran(SMALL)
    assert again.decided == tally.decided
    assert again.alerts == tally.alerts
    assert summed.average_precision == summary.average_precision
    assert summed.auc_roc == summary.auc_roc


def test_another_seed_is_another_world(small: tuple[Tally, Summary]) -> None:
    other, _ = ran(WorldRequest(200, seed=7, customers=120, terminals=240))
    tally, _ = small
    assert all(tally.decided[id_] != digest for id_, digest in other.decided.items())


def test_the_live_view_shows_figures_and_alerts(small: tuple[Tally, Summary]) -> None:
    tally, _ = small
    screen = io.StringIO()
    with LiveView(tally, Console(file=screen, force_terminal=True, width=160)) as view:
        view.phase("looking")
        view.tick()
        assert "looking" in str(view._render().renderables[0])
    assert "1,500" in screen.getvalue()


def test_without_java_it_runs_embedded_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    said = io.StringIO()
    request = DemoRequest(WorldRequest(50, customers=120, terminals=240), home=tmp_path)
    summary = run_demo(request, Console(file=said))
    assert summary.mode == "embedded"
    assert "running embedded" in said.getvalue()
    assert "JDK 17" in said.getvalue().replace("\n", " ")


def test_the_command_prints_one_object() -> None:
    argv = [sys.executable, "-m", "streams.cli", "demo", "--embedded", "--transactions", "300",
            "--seed", "3", "--json"]  # fmt: skip
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["decisions"] == 300
    assert "embedded" in done.stderr
