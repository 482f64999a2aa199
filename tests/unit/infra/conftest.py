"""Says what could not be tested here."""

from __future__ import annotations

import pytest

from tests.prometheus_tools import tell_of_skips


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that Prometheus' own checks did not run."""
    tell_of_skips(terminalreporter)
