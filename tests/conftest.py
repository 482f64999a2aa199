"""For every test: no deadline a hypothesis example, since a busy machine is no counterexample."""

import os

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

os.environ["FRAUD_TRACK"] = "off"  # a test that replays leaves nothing in the working folder

LOUD = {
    "no real Kafka here": "BROKER TESTS SKIPPED: NO REAL KAFKA RAN",
    "no prometheus": "DASHBOARDS UNTESTED: NO PROMETHEUS",
    "no promtool": "ALERT RULES UNTESTED: NO PROMTOOL",
}
"""What a skip's reason begins with, and what the summary says then."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run. Read from the reports: tests have processes of their own."""
    told = set()
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        for begin, line in LOUD.items():
            if reason.startswith(begin) and line not in told:
                told.add(line)
                terminalreporter.write_sep("!", line, red=True, bold=True)
                terminalreporter.write_line(reason, yellow=True)
