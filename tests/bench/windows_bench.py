"""Microseconds of the windows: `python tests/bench/windows_bench.py`.

Prints the best processor time of several rounds, for a card with about 60 events in its state
and a terminal with about 40, events in order, the full default feature set. The figures "of 5,000
cards" are a worker's: thousands of states are live, the next one is at random, and caches miss.
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
CARDS, TERMINALS, DAYS = 5_000, 10_000, 30
BATCH = 64  # transactions that one stage takes before the next stage has its turn


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


class Worker:
    """Thousands of live cards and terminals, each stage timed by the batch."""

    def __init__(self) -> None:
        self.cards = [CardState() for _ in range(CARDS)]
        self.terminals = [TerminalState() for _ in range(TERMINALS)]
        self.draw, self.time, self.number = random.Random(3), 1_522_540_800_000, 0
        self.spent: dict[str, float] = {}

    def batch(self) -> list[dict[str, Any]]:
        """The next transactions: two a card a day, of any card at any terminal."""
        draw, made = self.draw, []
        for _ in range(BATCH):
            self.number += 1
            self.time += draw.randint(1, 2 * HALF_DAY_MS // CARDS)
            item = event(self.number, self.time, draw.randint(100, 20_000), 0)
            item["card_id"] = str(draw.randrange(CARDS))
            item["terminal_id"] = str(int(item["card_id"]) * 2 + draw.randrange(25))
            made.append(item)
        return made

    def clocked(self, stage: str, calls: Callable[[], list[Any]]) -> list[Any]:
        """What `calls` returns; its time goes to `stage`."""
        start = process_time()
        made = calls()
        self.spent[stage] = self.spent.get(stage, 0.0) + process_time() - start
        return made

    def fold(self, items: list[dict[str, Any]]) -> None:
        """A batch through all stages and into bytes."""
        cards = [self.cards[int(i["card_id"])] for i in items]
        terminals = [self.terminals[int(i["terminal_id"]) % TERMINALS] for i in items]
        both = list(zip(cards, items, strict=True))
        self.clocked("identity", lambda: [identity(s, i) for s, i in both])
        of_card = self.clocked("profile", lambda: [profile(s, i) for s, i in both])
        at_terminals = list(zip(terminals, items, strict=True))
        of_terminal = self.clocked("observe", lambda: [observe(s, i) for s, i in at_terminals])
        rows = list(zip(items, of_card, of_terminal, strict=True))
        self.clocked("assemble", lambda: [assemble(*row) for row in rows])
        self.clocked("card pack", lambda: [s.pack() for s in cards])
        self.clocked("terminal pack", lambda: [s.pack() for s in terminals])


def live() -> dict[str, float]:
    """Microseconds a stage a transaction in a worker: the best of several rounds."""
    worker = Worker()
    for _ in range(CARDS * 2 * DAYS // BATCH):
        items = worker.batch()
        worker.fold(items)
    best: dict[str, float] = {}
    for _ in range(6 * ROUNDS):
        worker.spent.clear()
        for _ in range(16):
            worker.fold(worker.batch())
        for stage, spent in worker.spent.items():
            best[stage] = min(best.get(stage, 1.0), spent / (16 * BATCH))
    best["all stages"] = sum(best.values())
    return {f"of 5,000 cards: {stage} us": round(us * 1e6, 2) for stage, us in best.items()}


def measure() -> dict[str, float]:
    """All figures."""
    cards, terminals = stream(EVENTS, HALF_DAY_MS, 25, 1), stream(EVENTS, HALF_DAY_MS * 2, 40, 2)
    card, terminal = CardState(), TerminalState()
    card_row = [profile(card, item) for item in cards][-1]
    terminal_row = [observe(terminal, item) for item in terminals][-1]
    card_bytes, terminal_bytes = card.pack(), terminal.pack()
    return {
        "card events": len(card.log.times) - card.log.first(),
        "card bytes": len(card_bytes),
        "card identity + profile us": folding(CardState, checked, 100, cards),
        "card identity + profile, half of them late us": folding(
            CardState, checked, 100, swapped(cards)
        ),
        "card pack us": micros(repeat(card.pack)),
        "card unpack us": micros(repeat(lambda: CardState.unpack(card_bytes))),
        "terminal events": len(terminal.log.times) - terminal.log.first(),
        "terminal bytes": len(terminal_bytes),
        "terminal observe us": folding(TerminalState, observe, 100, terminals),
        "terminal observe, 30 known frauds us": folding(compromised, observe, 131, terminals[:160]),
        "terminal observe, half of them late us": folding(
            TerminalState, observe, 100, swapped(terminals)
        ),
        "terminal pack us": micros(repeat(terminal.pack)),
        "terminal unpack us": micros(repeat(lambda: TerminalState.unpack(terminal_bytes))),
        "assemble us": micros(repeat(lambda: assemble(cards[-1], card_row, terminal_row))),
        **live(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
