"""One start of one broker: format, run, wait; whatever goes wrong leaves no process behind."""

from __future__ import annotations

import subprocess
import time

from infra.errors import BrokerFailed
from infra.kafka import process
from infra.kafka.admin import answers
from infra.kafka.config import BrokerConfig
from infra.kafka.ports import listens
from infra.kafka.state import BrokerState, forget_state, write_state

TAIL_CHARACTERS = 2000


def launch(config: BrokerConfig, *, owned: bool, seconds: float) -> BrokerState:
    """Start the broker of ``config`` and return its state once it answers clients.

    ``owned`` adds a guard that ends the broker when this process is gone, from the first moment.

    Raises BrokerFailed if it ends or does not answer within ``seconds``; on that and on any
    interruption (Ctrl-C) the process is ended before the exception goes on.
    """
    config.write()
    _format(config)
    pid = process.spawn(config.run_command(), config.log)
    try:
        guard = process.spawn_guard(pid, str(config.properties)) if owned else 0
        state = _state(config, pid, guard)
        write_state(config.folder, state)
        _wait(config, pid, time.monotonic() + seconds)
    except BaseException:
        process.end(pid, str(config.properties), grace_seconds=2.0)
        forget_state(config.folder)
        raise
    return state


def _format(config: BrokerConfig) -> None:
    """Prepare the data folder, unless an earlier start of this folder has."""
    if (config.data / "meta.properties").exists():
        return
    done = subprocess.run(
        config.format_command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        what = f"could not format {config.data} (exit {done.returncode})"
        raise BrokerFailed(what, config.log, done.stdout[-TAIL_CHARACTERS:])


def _state(config: BrokerConfig, pid: int, guard: int) -> BrokerState:
    return BrokerState(
        pid=pid,
        bootstrap=config.bootstrap,
        port=config.port,
        controller_port=config.controller_port,
        properties=str(config.properties),
        log=str(config.log),
        guard=guard,
    )


def _wait(config: BrokerConfig, pid: int, deadline: float) -> None:
    while not (listens(config.port) and answers(config.bootstrap)):
        if not process.is_alive(pid):
            raise BrokerFailed("ended while starting", config.log, _tail(config))
        if time.monotonic() > deadline:
            raise BrokerFailed("did not answer in time", config.log, _tail(config))
        time.sleep(process.POLL_SECONDS)


def _tail(config: BrokerConfig) -> str:
    return config.log.read_text(errors="replace")[-TAIL_CHARACTERS:]
