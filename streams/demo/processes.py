"""Workers as processes of their own: started together, restarted when they ask for it, all stopped.

A worker's standard input is its lifeline. It is a pipe that only this process holds open: whatever
ends this process closes it, and the worker ends by itself (`hold_lifeline`). So nothing is left
behind even after kill -9.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from schemas.errors import FraudStreamsError
from streams.process import EXIT_MUST_RESTART

ROOT = Path(__file__).parents[2]
RESTART_PAUSE_S = 1.0  # a worker that cannot start yet must not spin
STOP_S = 20.0  # a last barrier takes up to the delivery timeout
HEALTH_TIMEOUT_S = 2.0
TAIL = 1_500


class WorkerFailed(FraudStreamsError):
    """A worker ended in a way that a restart does not mend."""

    code = "WORKER_FAILED"


class WorkerProcess:
    """One role in a process of its own; ``log`` takes what it prints, None leaves it on stderr."""

    def __init__(
        self,
        role: str,
        web_port: int,
        environment: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.role = role
        self.web_port = web_port
        self.log = log
        self.restarts = 0
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._restart_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def start(self) -> None:
        """Start the process, out of the terminal's reach: Ctrl-C is ours to pass on."""
        output = self.log.open("ab") if self.log else None
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "worker", self.role, "--lifeline"],
                env=os.environ | {"PYTHONPATH": path} | self._environment
                | {"FRAUD_WEB_PORT": str(self.web_port)},
                stdin=subprocess.PIPE,
                stdout=output or sys.stderr.fileno(),
                stderr=output or sys.stderr.fileno(),
                start_new_session=True,
            )  # fmt: skip
        finally:
            if output is not None:
                output.close()

    def tend(self) -> None:
        """Restart a worker that ended hard (70, or a signal); WorkerFailed for any other end."""
        ended = None if self._process is None else self._process.poll()
        if ended is None:
            return
        if ended != EXIT_MUST_RESTART and ended >= 0:
            raise WorkerFailed(f"worker {self.role} ended with exit code {ended}:\n{self.tail()}")
        now = time.monotonic()
        self._restart_at = self._restart_at or now + RESTART_PAUSE_S
        if now >= self._restart_at:
            self._restart_at = None
            self.restarts += 1
            self.start()

    def health(self) -> dict[str, Any]:
        """What /health says; empty while nothing answers."""
        try:
            url = f"http://127.0.0.1:{self.web_port}/health"
            with urllib.request.urlopen(url, timeout=HEALTH_TIMEOUT_S) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return {}

    def tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-TAIL:] if self.log else ""

    def signal_stop(self) -> None:
        """Ask for an end in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def await_end(self, deadline: float) -> int | None:
        """Wait for the end until ``deadline`` (monotonic), then kill; its exit code."""
        if self._process is None:
            return None
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.returncode


class Workers:
    """Several workers for the length of a ``with``."""

    def __init__(self, processes: Sequence[WorkerProcess]) -> None:
        self.processes = processes

    def tend(self) -> None:
        """Restart what must be restarted; raises WorkerFailed."""
        for process in self.processes:
            process.tend()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until every worker has its partitions and their state; raises WorkerFailed."""
        deadline = time.monotonic() + seconds
        while waiting := [p for p in self.processes if not p.health().get("ready")]:
            self.tend()
            if time.monotonic() > deadline:
                late = waiting[0]
                raise WorkerFailed(
                    f"worker {late.role} was not ready after {seconds:g} s:\n{late.tail()}"
                )
            time.sleep(0.2)

    def stop(self) -> dict[str, int | None]:
        """Stop all, in order if they can; exit codes by role and port."""
        for process in self.processes:
            process.signal_stop()
        deadline = time.monotonic() + STOP_S
        return {f"{p.role}:{p.web_port}": p.await_end(deadline) for p in self.processes}

    def __enter__(self) -> Self:
        try:
            for process in self.processes:
                process.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def hold_lifeline(stream: int = 0) -> None:
    """End this process, in order and at last hard, once ``stream`` reaches its end."""
    threading.Thread(target=_await_end_of, args=(stream,), name="lifeline", daemon=True).start()


def _await_end_of(stream: int) -> None:
    while os.read(stream, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_S)
    os._exit(1)
