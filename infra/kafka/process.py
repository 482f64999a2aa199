"""Processes that outlive nobody: started in a session of their own, ended by a verified id.

Run as a script (``python process.py PARENT PID TOKEN``) this file is the guard of an owned process:
it waits until its parent is gone, however that died, and then ends the process. It therefore uses
the standard library alone and works on every POSIX system, where Linux's ``PR_SET_PDEATHSIG``
would also fire when merely the thread that started the broker ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.05
GUARD_POLL_SECONDS = 0.2
HAS_PROC = Path("/proc/self/stat").exists()


def spawn(argv: list[str], log: Path) -> int:
    """Start ``argv`` detached from this terminal, output into ``log``; return its process id.

    The new process leads its own session: Ctrl-C at the terminal reaches us, and we end it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(argv[0], argv, os.environ, file_actions=actions, setsid=True)


def spawn_guard(pid: int, token: str) -> int:
    """Start the guard that ends ``pid`` when this process is gone; return the guard's id."""
    me = str(os.getpid())
    argv = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), me, str(pid), token]
    return spawn(argv, Path(os.devnull))


def command_line(pid: int) -> str:
    """Return the command line of ``pid``, empty if there is no such process (or only a zombie)."""
    if not HAS_PROC:
        return _ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Tell whether ``pid`` still runs; a zombie has ended, its files and ports are free."""
    reap(pid)
    return _state(pid)[:1] not in ("", "Z", "X")


def _state(pid: int) -> str:
    """Return the scheduler's letter for ``pid``, empty if there is no such process."""
    if not HAS_PROC:
        return _ps(pid, "stat=").strip()
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].strip()
    except OSError:
        return ""


def _ps(pid: int, column: str) -> str:
    argv = ["ps", "-ww", "-o", column, "-p", str(pid)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def is_ours(pid: int, token: str) -> bool:
    """Tell whether ``pid`` has ``token`` on its command line: ids are reused, paths are not."""
    return pid > 0 and token != "" and token in command_line(pid)


def end(pid: int, token: str, *, grace_seconds: float = 15.0) -> bool:
    """End ``pid`` if it is ours, by SIGTERM, after ``grace_seconds`` by SIGKILL; True if it ran."""
    was_running = is_ours(pid, token)
    if was_running and not _signalled(pid, signal.SIGTERM, grace_seconds):
        _signalled(pid, signal.SIGKILL, 10.0)
    reap(pid)
    return was_running


def reap(pid: int) -> None:
    """Collect the exit status of ``pid`` if it is a child of ours and has ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _signalled(pid: int, number: signal.Signals, seconds: float) -> bool:
    """Send a signal and wait; True once the process is gone."""
    deadline = time.monotonic() + seconds
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def guard(parent: int, pid: int, token: str) -> None:
    """Wait for the end of ``parent`` or of ``pid``; if the parent went first, end the process."""
    while os.getppid() == parent and is_ours(pid, token):
        time.sleep(GUARD_POLL_SECONDS)
    end(pid, token, grace_seconds=5.0)


if __name__ == "__main__":
    guard(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
