"""A Kafka broker of one's own: one folder, one process, gone when it should be gone."""

from __future__ import annotations

import atexit
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.errors import AlreadyRunning, BrokerFailed
from infra.kafka import process
from infra.kafka.config import DEFAULT_HEAP_MB, BrokerConfig
from infra.kafka.jars import fetch_jars
from infra.kafka.java import find_java
from infra.kafka.launch import launch
from infra.kafka.ports import claim
from infra.kafka.state import BrokerState, forget_state, locked, read_state

START_SECONDS = 60.0  # 3 s on an idle machine; the rest is patience with a busy one
PORT_ATTEMPTS = 3


class Broker:
    """One broker in ``folder``, several side by side as long as their folders differ.

    ``jars`` is the cache that ``fetch_jars`` fills. Ports left ``None`` are chosen freely and
    kept for the next start of the same object; given ones are taken, or refused with PortInUse.
    ``owned=True`` ties the broker to this process: it ends with it, even after kill -9.
    ``owned=False`` lets it run on (`fraud up`); any process can stop it through another
    ``Broker`` of the same folder. Records survive a stop and a start unless ``wipe`` is asked
    for.

    Example::

        with Broker(tmp / "kafka", jars=Path(".kafka")) as broker:
            create_topics(broker.bootstrap)
    """

    def __init__(
        self,
        folder: Path,
        *,
        jars: Path,
        port: int | None = None,
        controller_port: int | None = None,
        heap_mb: int = DEFAULT_HEAP_MB,
        owned: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.jars = jars
        self.port = port
        self.controller_port = controller_port
        self.heap_mb = heap_mb
        self.owned = owned
        self._owner = 0

    @property
    def state(self) -> BrokerState | None:
        """The running broker of this folder, whoever started it, or None."""
        return read_state(self.folder)

    @property
    def bootstrap(self) -> str:
        """The address for clients; raises BrokerFailed while the broker does not run."""
        state = self.state
        if state is None:
            raise BrokerFailed("is not running; start it first", self.folder / "kafka.log", "")
        return state.bootstrap

    def start(self) -> BrokerState:
        """Start and wait until clients are answered; about 3 s, plus the jars the first time.

        Raises AlreadyRunning, PortInUse, ToolMissing, JarsNotFetched or BrokerFailed, and leaves
        no process behind then.
        """
        jars, java = fetch_jars(self.jars), find_java()
        with locked(self.folder):
            running = self.state
            if running is not None:
                raise AlreadyRunning(self.folder, running.pid, running.bootstrap)
            return self._launch(jars, java)

    def stop(self, *, wipe: bool = False) -> bool:
        """Stop the broker if it runs, by whomever started; True if it ran.

        ``wipe`` removes the folder with all records.
        """
        atexit.unregister(self._at_exit)
        if not self.folder.exists():
            return False
        with locked(self.folder):
            ran = self._end()
        if wipe:
            shutil.rmtree(self.folder, ignore_errors=True)
        return ran

    def _launch(self, jars: Path, java: Path) -> BrokerState:
        """Launch; a freely chosen port that was taken meanwhile is chosen again."""
        for attempt in range(1, PORT_ATTEMPTS + 1):
            config = self._config(jars, java)
            try:
                state = launch(config, owned=self.owned, seconds=START_SECONDS)
            except BrokerFailed as failed:
                if attempt == PORT_ATTEMPTS or "already in use" not in failed.tail:
                    raise
            else:
                self._started(state)
                return state
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _config(self, jars: Path, java: Path) -> BrokerConfig:
        return BrokerConfig(
            folder=self.folder,
            jars=jars,
            java=java,
            port=claim(self.port),
            controller_port=claim(self.controller_port),
            heap_mb=self.heap_mb,
        )

    def _started(self, state: BrokerState) -> None:
        self.port, self.controller_port = state.port, state.controller_port
        if self.owned:
            self._owner = os.getpid()
            atexit.register(self._at_exit)

    def _at_exit(self) -> None:
        if os.getpid() == self._owner:  # not in a forked child, which inherits the registration
            self.stop()

    def _end(self) -> bool:
        state = self.state
        ran = state is not None and process.end(state.pid, state.properties)
        if state is not None and state.guard:
            process.end(state.guard, state.properties)
        forget_state(self.folder)
        return ran

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
