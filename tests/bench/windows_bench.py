"""Microseconds of the windows: `python tests/bench/windows_bench.py`.

Prints the best processor time of several rounds, for a card with about 60 events in its state
and a terminal with about 40, events in order, the full default feature set.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from models.card import CardState, identity, profile
from models.terminal import TerminalState, apply_outcome, observe
from models.vector import assemble

HALF_DAY_MS = 43_200_000
ROUNDS = 7
EVENTS = 400


def stream(count: int, gap_ms: int, places: int, seed: int) -> list[dict[str, Any]]:
    """Events of one card or terminal, `gap_ms` apart on average."""
    draw = random.Random(seed)
    time, events = 1_522_540_800_000, []
    for number in range(count):
        time += draw.randint(1, 2 * gap_ms)
        events.append(event(number, time, draw.randint(100, 20_000), draw.randrange(places)))
    return events


def event(number: int, time: int, amount: int, place: int) -> dict[str, Any]:
    """A transaction with every field of the contract."""
    return {
        "transaction_id": str(number), "card_id": str(place), "terminal_id": str(place),
        "merchant_id": None, "event_time": time, "arrival": time, "amount_minor": amount,
        "currency": "EUR", "mcc": "5411", "entry_mode": "chip", "card_present": True,
        "channel": "pos", "country": "BE", "acquirer_id": None, "message_type": "0100",
        "stan": None, "rrn": None, "attributes": {},
    }  # fmt: skip


def micros(run: Callable[[], int]) -> float:
    """Best microseconds a call of what `run` repeats; it returns how often it did."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        count = run()
        best = min(best, (process_time() - start) / count * 1e6)
    return round(best, 2)


def folding(
    state_of: Callable[[], Any], step: Callable[[Any, Any], Any], warm: int, events: Any
) -> float:
    """Microseconds a step over `events` after the first `warm` of them."""
    best = float("inf")
    for _ in range(ROUNDS):
        state = state_of()
        for item in events[:warm]:
            step(state, item)
        start = process_time()
        for item in events[warm:]:
            step(state, item)
        best = min(best, (process_time() - start) / (len(events) - warm) * 1e6)
    return round(best, 2)


def checked(state: CardState, item: dict[str, Any]) -> None:
    """What the profile stage does with a transaction."""
    identity(state, item)
    profile(state, item)


def compromised() -> TerminalState:
    """A terminal with known frauds."""
    state = TerminalState()
    for item in stream(EVENTS, HALF_DAY_MS * 2, 40, 2)[100:130]:
        apply_outcome(state, outcome(item))
    return state


def outcome(item: dict[str, Any]) -> dict[str, Any]:
    """The fraud verdict on a transaction."""
    return {
        "outcome_id": "o" + item["transaction_id"], "transaction_id": item["transaction_id"],
        "label": "FRAUD", "event_time": item["event_time"], "observed_at": item["event_time"],
    }  # fmt: skip


def swapped(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events, every second one late by one."""
    return [item for pair in zip(items[1::2], items[::2], strict=True) for item in pair]


def repeat(call: Callable[[], object], times: int = 500) -> Callable[[], int]:
    """A run that calls the same thing again and again."""

    def run() -> int:
        for _ in range(times):
            call()
        return times

    return run


def measure() -> dict[str, float]:
    """All figures."""
    cards, terminals = stream(EVENTS, HALF_DAY_MS, 25, 1), stream(EVENTS, HALF_DAY_MS * 2, 40, 2)
    card, terminal = CardState(), TerminalState()
    card_row = [profile(card, item) for item in cards][-1]
    terminal_row = [observe(terminal, item) for item in terminals][-1]
    card_bytes, terminal_bytes = card.pack(), terminal.pack()
    return {
        "card events": card.log.series.size - card.log.first(),
        "card bytes": len(card_bytes),
        "card identity + profile us": folding(CardState, checked, 100, cards),
        "card identity + profile, half of them late us": folding(
            CardState, checked, 100, swapped(cards)
        ),
        "card pack us": micros(repeat(card.pack)),
        "card unpack us": micros(repeat(lambda: CardState.unpack(card_bytes))),
        "terminal events": terminal.log.series.size - terminal.log.first(),
        "terminal bytes": len(terminal_bytes),
        "terminal observe us": folding(TerminalState, observe, 100, terminals),
        "terminal observe, 30 known frauds us": folding(compromised, observe, 131, terminals[:160]),
        "terminal observe, half of them late us": folding(
            TerminalState, observe, 100, swapped(terminals)
        ),
        "terminal pack us": micros(repeat(terminal.pack)),
        "terminal unpack us": micros(repeat(lambda: TerminalState.unpack(terminal_bytes))),
        "assemble us": micros(repeat(lambda: assemble(cards[-1], card_row, terminal_row))),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
