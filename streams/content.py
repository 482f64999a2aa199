"""What a result was made of: the content of the files, and the version of the code."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


def code_version() -> str:
    """The package's version, and the commit where the package stands in its own repository."""
    try:
        released = version("fraud-streams")
    except PackageNotFoundError:  # run from a checkout that nobody installed
        released = "0"
    commit = _commit()
    return f"{released}+{commit}" if commit else released


def sha256_of(files: Mapping[str, Path | None], mapping: Any) -> str:
    """sha256 over the contents of files, by their part, and how their columns are read."""
    whole = hashlib.sha256(json.dumps(mapping, sort_keys=True).encode())
    for part, path in files.items():
        if path is not None:
            with path.open("rb") as file:
                whole.update(f"{part}:{hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return whole.hexdigest()


def _commit() -> str:
    if not (_ROOT / ".git").exists():
        return ""
    asked = (
        "git",
        "-C",
        str(_ROOT),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    )
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
