"""The file by which `fraud up`, `status` and `down`, different processes, know the same broker."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.kafka import process


@dataclass(frozen=True)
class BrokerState:
    """One started broker, as written to ``state.json`` of its folder."""

    pid: int
    bootstrap: str
    port: int
    controller_port: int
    properties: str
    log: str
    guard: int = 0
    """The process that ends the broker when its owner is gone; 0 for a broker that runs on."""

    def runs(self) -> bool:
        """Tell whether the process is there and is this broker, not a later owner of its id."""
        return process.is_ours(self.pid, self.properties) and process.is_alive(self.pid)


def read_state(folder: Path) -> BrokerState | None:
    """Return the state of the folder's running broker; None if there is none.

    The file of a broker that died, or one cut short by a crash, counts as none.
    """
    try:
        state = BrokerState(**json.loads(state_file(folder).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return state if state.runs() else None


def write_state(folder: Path, state: BrokerState) -> None:
    """Replace the state file in one step."""
    draft = state_file(folder).with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
    draft.replace(state_file(folder))


def forget_state(folder: Path) -> None:
    """Remove the state file."""
    state_file(folder).unlink(missing_ok=True)


def state_file(folder: Path) -> Path:
    """Return the path of the state file."""
    return folder / "state.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the folder's broker."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
