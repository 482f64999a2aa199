"""The two programs Kafka needs where there is no Docker: a JVM, and Maven once for the jars."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from infra.errors import ToolMissing

MINIMUM_JAVA = 17  # Kafka 4's brokers are compiled for it

JAVA_HINT = (
    "Install a JDK 17 or newer: `apt-get install openjdk-17-jdk-headless` (Debian, Ubuntu), "
    "`brew install openjdk@17` (macOS; then put its bin folder on PATH or set JAVA_HOME)."
)
MAVEN_HINT = (
    "Install Maven 3.6.3 or newer: `apt-get install maven` (Debian, Ubuntu), "
    "`brew install maven` (macOS). It is needed once; afterwards the jars are there."
)


def find_java() -> Path:
    """Return the ``java`` of JAVA_HOME, else of PATH; raise ToolMissing if absent or below 17."""
    java = _of_java_home() or _on_path("java")
    if java is None:
        raise _java_missing("there is none in JAVA_HOME or on PATH")
    version = java_version(java)
    if version is None:
        raise _java_missing(f"{java} does not run")
    if version < MINIMUM_JAVA:
        raise _java_missing(f"{java} is version {version}")
    return java


def _java_missing(came: str) -> ToolMissing:
    return ToolMissing("Java", expected=f"{MINIMUM_JAVA} or newer", came=came, todo=JAVA_HINT)


def find_maven() -> Path:
    """Return the ``mvn`` on PATH; raise ToolMissing if there is none."""
    maven = _on_path("mvn")
    if maven is None:
        raise ToolMissing(
            "Maven", expected="3.6.3 or newer", came="there is no mvn on PATH", todo=MAVEN_HINT
        )
    return maven


def java_version(java: Path) -> int | None:
    """Return the feature release of a JVM (17, 21; 8 for "1.8.0"), None if it does not run."""
    try:
        result = subprocess.run(
            [java, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(result.stderr) if result.returncode == 0 else None


def parse_version(banner: str) -> int | None:
    """Read the feature release out of what ``java -version`` prints.

    >>> parse_version('openjdk version "17.0.15" 2025-04-15'), parse_version('java version "1.8.0"')
    (17, 8)
    """
    match = re.search(r'version "(?:1\.)?(\d+)', banner)
    return int(match.group(1)) if match else None


def _of_java_home() -> Path | None:
    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else None
    return java if java is not None and java.is_file() else None


def _on_path(program: str) -> Path | None:
    found = shutil.which(program)
    return Path(found) if found else None
