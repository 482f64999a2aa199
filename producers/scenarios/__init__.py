"""Worlds that drift: the Handbook's world of a seed, and one change whose moment is known."""

from producers.scenarios.catalogue import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario"]
