"""The demo on a real broker: whole, again on the same log, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.broker import Broker

ROOT = Path(__file__).parents[2]


def demo(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "streams.cli", "demo", "--json", *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # After kill -9 its files are left: here.
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen(argv, cwd=ROOT, env=environment, **pipes)


def summary_of(running: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = running.communicate(timeout=240)
    assert running.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def descendants(pid: int) -> set[int]:
    argv = ["ps", "-axo", "pid=,ppid="]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found, grown = {pid}, True
    while grown:
        children = {child for child, parent in pairs if parent in found} - found
        found |= children
        grown = bool(children)
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    argv = ["ps", "-axo", "pid=,stat="]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    states = dict(line.split() for line in done.stdout.splitlines())
    return {pid for pid in pids if states.get(str(pid), "Z")[0] != "Z"}


def test_whole_and_whole_again_on_the_same_log(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    for _ in range(2):  # the same world again goes on after itself
        found = summary_of(
            demo("--transactions", "2500", "--bootstrap", bootstrap, folder=tmp_path)
        )
        assert found["mode"] == "kafka"
        assert found["transactions"] == found["decisions"] == 2_500
        assert found["labels"] == found["outcomes"] == 2_500
        assert found["missing_decisions"] == found["duplicate_decisions"] == 0
        assert found["dead_letters"] == 0
        assert found["models_published"] >= 1
        assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "starting 5 workers"),
        (signal.SIGTERM, "publishing"),
        (signal.SIGKILL, "publishing"),
    ],
)
def test_nothing_is_left_however_it_ends(
    jars: Path, tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    with demo("--transactions", "100000", "--home", str(jars.parent), folder=tmp_path) as running:
        assert running.stderr is not None
        line = ""
        while moment not in line:
            line = running.stderr.readline()
            assert line, "the demo ended before it published"
        started = descendants(running.pid)
        assert len(alive(started)) >= 5  # at least the workers
        running.send_signal(number)
        running.wait(60)
    assert running.returncode != 0
    deadline = time.monotonic() + 40
    while left := alive(started):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.1)
    assert os.getpid() not in started
