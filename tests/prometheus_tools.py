"""Prometheus' own binaries, for the tests that need them: from the PATH, or as CI fetched them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FETCHED = Path(__file__).parents[1] / ".prometheus" / "usr" / "bin"
_missing: list[str] = []


def binary(name: str) -> str:
    """The path of `prometheus` or `promtool`; skips the test where there is none."""
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    if found is None:
        _missing.append(name)
        pytest.skip(f"no {name}: `infra/fetch-prometheus .prometheus`, or Debian's prometheus")
    return found


def tell_of_skips(reporter: pytest.TerminalReporter) -> None:
    """Say loudly, once a run, that such tests were skipped."""
    if _missing:
        names = " and ".join(sorted(set(_missing)))
        reporter.write_sep(
            "!", f"DASHBOARDS AND ALERT RULES UNTESTED: NO {names.upper()}", red=True, bold=True
        )
        _missing.clear()
