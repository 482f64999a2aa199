"""Processes: started apart, ended only if they are ours, guarded against a dead parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from infra.kafka import process


def wait_for_end(pid: int, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while process.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not process.is_alive(pid)


def sleeper(folder: Path, code: str = "") -> tuple[int, str]:
    """Start a process that sleeps; its token is on its command line, as the broker's is."""
    token = str(folder / "token")
    script = f"import time, sys\n{code}\nopen(sys.argv[1], 'w').close()\ntime.sleep(60)"
    pid = process.spawn([sys.executable, "-S", "-c", script, token], folder / "log")
    while not Path(token).exists():
        time.sleep(0.01)
    return pid, token


def test_a_process_leads_a_session_of_its_own_and_logs_into_its_file(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path, "print('hello', flush=True); print('oh', file=sys.stderr)")
    assert os.getsid(pid) == pid
    assert process.is_ours(pid, token)
    assert not process.is_ours(pid, "")
    assert process.end(pid, token)
    assert (tmp_path / "log").read_text().split() == ["hello", "oh"]


def test_ending_waits_until_it_is_gone_and_a_second_time_finds_nothing(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)
    assert process.end(pid, token)
    assert not process.is_alive(pid)
    assert not process.end(pid, token)


def test_one_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    pid, token = sleeper(tmp_path, ignore)
    assert process.end(pid, token, grace_seconds=0.2)
    assert not process.is_alive(pid)


def test_a_stranger_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)
    assert not process.end(pid, "/somewhere/else/server.properties")
    assert process.is_alive(pid)
    process.end(pid, token)


def test_an_id_that_nobody_has_is_neither_ours_nor_alive() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    )
    pid = int(done.stdout)
    assert not process.is_alive(pid)
    assert not process.is_ours(pid, "python")
    assert not process.is_ours(0, "python")


def test_the_guard_ends_the_process_when_its_parent_is_killed(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)
    parent_code = (
        "import os, sys; from infra.kafka import process; "
        "process.spawn_guard(int(sys.argv[1]), sys.argv[2]); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", parent_code, str(pid), token], cwd=root, check=False)
    assert wait_for_end(pid)


def test_the_guard_goes_when_the_process_ends_first(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)
    guard = process.spawn_guard(pid, token)
    process.end(pid, token)
    assert wait_for_end(guard)
