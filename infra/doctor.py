"""What is missing on this machine, and how to get it; nothing is changed or downloaded."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.errors import GroundError
from infra.ground import DEFAULT_HOME, DEFAULT_PORT, status
from infra.kafka.jars import jars_ready
from infra.kafka.java import JAVA_HINT, MAVEN_HINT, find_java, find_maven, java_version
from infra.kafka.ports import is_free

NEEDED_DISK_GB = 3.0  # jars 0.13, a demo's records and changelogs 1, the rest to breathe
PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One thing looked at; ``todo`` is empty when it is ``ok``."""

    name: str
    ok: bool
    found: str
    todo: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the fields for ``--json``."""
        return asdict(self)


def doctor(
    home: Path = DEFAULT_HOME, *, port: int = DEFAULT_PORT, jars: Path | None = None
) -> list[Check]:
    """Look at everything a local broker needs; without Java, `fraud demo` runs embedded.

    ``home`` and ``jars`` as in ``infra.ground.up``. Raises nothing: what fails is a finding.
    """
    cache = jars or home / "jars"
    return [
        check_python(),
        check_java(),
        check_maven(cache),
        check_jars(cache),
        check_port(home, port),
        check_disk(home),
    ]


def check_python() -> Check:
    """Look at the interpreter that runs this."""
    wanted = ".".join(map(str, PYTHON))
    todo = f"Use Python {wanted}, the version every pinned dependency is tested with."
    return _check("python", sys.version_info[:2] == PYTHON, platform.python_version(), todo)


def check_java() -> Check:
    """Look for a JVM that can run the broker."""
    found, ok = _attempt(lambda: _describe(find_java()))
    return _check("java", ok, found, JAVA_HINT)


def check_maven(cache: Path) -> Check:
    """Look for Maven; once the jars are there it is not needed."""
    found, ok = _attempt(lambda: str(find_maven()))
    if not ok and jars_ready(cache):
        return Check("maven", ok=True, found="none, and not needed: the jars are there")
    return _check("maven", ok, found, MAVEN_HINT)


def check_jars(cache: Path) -> Check:
    """Look for Kafka's jars."""
    ready = jars_ready(cache)
    found = f"in {cache}" if ready else f"not in {cache}"
    todo = "`fraud up` fetches them with Maven: 126 MB, 10 to 60 s, once."
    return _check("jars", ready, found, todo)


def check_port(home: Path, port: int) -> Check:
    """Look whether the broker could listen, or does."""
    if is_free(port):
        return Check(f"port {port}", ok=True, found="free")
    if status(home).bootstrap == f"127.0.0.1:{port}":
        return Check(f"port {port}", ok=True, found="our own broker")
    todo = (
        f"`lsof -i :{port}` names the process; stop it, or choose another with `fraud up --port`."
    )
    return Check(f"port {port}", ok=False, found="taken by another process", todo=todo)


def check_disk(home: Path) -> Check:
    """Look at the room where the broker would write."""
    place = home.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    todo = f"Free {NEEDED_DISK_GB:g} GB at {place}, or choose another folder."
    return _check("disk", free >= NEEDED_DISK_GB, f"{free:.1f} GB free at {place}", todo)


def _check(name: str, ok: bool, found: str, todo: str) -> Check:
    return Check(name, ok, found, "" if ok else todo)


def _attempt(look: Callable[[], str]) -> tuple[str, bool]:
    try:
        return look(), True
    except GroundError as missing:
        return missing.where, False


def _describe(java: Path) -> str:
    return f"{java} (version {java_version(java)})"
