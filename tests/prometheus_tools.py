"""Prometheus' own binaries, for the tests that need them: from the PATH, or as CI fetched them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FETCHED = Path(__file__).parents[1] / ".prometheus" / "usr" / "bin"


def binary(name: str) -> str:
    """The path of `prometheus` or `promtool`; skips the test where there is none."""
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    if found is None:
        pytest.skip(f"no {name}: `infra/fetch-prometheus .prometheus`, or Debian's prometheus")
    return found
