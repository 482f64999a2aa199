"""How a worker ends when it must not go on: hard, before anything can be committed."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from typing import NoReturn

logger = logging.getLogger(__name__)

# BSD's EX_SOFTWARE: a supervisor restarts on it, and it is none of Python's or Faust's own codes.
EXIT_MUST_RESTART = 70


def die(reason: str) -> NoReturn:
    """End the process at once, without Faust's graceful stop.

    A graceful stop acknowledges and commits what it holds (`stream` requirement: a failed
    delivery must never be followed by a commit). What was not committed is redone on restart.
    """
    logger.critical("worker ends hard and must be restarted: %s", reason)
    sys.stderr.flush()
    os._exit(EXIT_MUST_RESTART)


def quiet_collector() -> None:
    """Keep Python's cycle collector off the hot path.

    States live for ever, and scanning them again and again took 30 % of a worker's time (165 µs a
    transaction with the default thresholds, 112 without, 30,000 cards' and terminals' states).
    Young cycles, from exceptions and futures, are still collected; the full collection waits for
    an idle moment (`IdleCollector`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000_000)


def share_the_interpreter() -> None:
    """Let the consumer's thread in after half a millisecond instead of Python's default of five.

    A fetched batch changes threads several times before it is decided, and each change may wait
    that long for a busy agent.
    """
    sys.setswitchinterval(0.0005)


class IdleCollector:
    """Runs one full collection a quiet spell.

    >>> collector = IdleCollector()
    >>> collector.tick(busy=True), collector.tick(busy=False), collector.tick(busy=False)
    (False, True, False)
    """

    def __init__(self) -> None:
        self._due = False

    def tick(self, *, busy: bool) -> bool:
        """Note whether there was work; collect when there is none for the first time after some."""
        collect = self._due and not busy
        if collect:
            gc.collect()
        self._due = busy
        return collect


class FaultPoints:
    """Named places where a test kills the process with -9.

    >>> FaultPoints(None).hit("barrier.cut")
    >>> FaultPoints("barrier.cut:3").remaining
    3
    """

    def __init__(self, spec: str | None) -> None:
        name, _, count = (spec or "").partition(":")
        self.name = name
        self.remaining = int(count or 1)

    def hit(self, name: str) -> None:
        """Pass the point ``name``: the process dies here when its turn has come."""
        if name != self.name:
            return
        self.remaining -= 1
        if self.remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)
