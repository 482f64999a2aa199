"""What stages are given where everything is in one process."""

from __future__ import annotations

from streams.in_process import InProcessDecisionLog, InProcessLibrary, InProcessLog
from streams.outcome_log import InProcessOutcomeLog
from streams.wiring import World


def in_process_world(log: InProcessLog) -> World:
    """The in-process log's models, decisions and outcomes."""
    return World(InProcessLibrary(log), InProcessDecisionLog(log), InProcessOutcomeLog(log))
