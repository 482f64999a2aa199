"""A small world through every stage, in process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas import topics
from schemas.codec import today
from streams.in_process import InProcess, InProcessLog
from streams.in_process_world import in_process_world
from streams.stage import Stage
from streams.wire import codec
from streams.wiring import ROLES

NOW = 1_900_000_000_000
START = 1_700_000_000_000
MINUTE = 60_000
FIELDS = today("transaction")["fields"]


def stages(log: InProcessLog) -> tuple[Stage, ...]:
    """Every stage of every role."""
    world = in_process_world(log)
    return tuple(stage for role in ROLES.values() for stage in role.stages(world))


WHERE = {"channel": "ecommerce", "country": "FR", "mcc": "5411"}


def transaction(number: int, **changes: Any) -> dict[str, Any]:
    """The `number`-th transaction: 30 cards, 20 terminals, a minute apart; a third says nothing of
    where it was made."""
    record = dict.fromkeys(field["name"] for field in FIELDS)
    record |= {
        "transaction_id": f"t{number}",
        "card_id": f"card-{number * 7 % 30}",
        "terminal_id": f"terminal-{number * 11 % 20}",
        "event_time": START + number * MINUTE,
        "arrival": START + number * MINUTE,
        "amount_minor": 500 + number * 37 % 20_000,
        "currency": "EUR",
        **(WHERE if number % 3 else {}),
        "message_type": "0100",
        "attributes": {},
    }
    return record | changes


def label(of: dict[str, Any], verdict: str = "LEGITIMATE", **changes: Any) -> dict[str, Any]:
    """A label a minute after its transaction."""
    return {
        "label_id": f"l-{of['transaction_id']}",
        "transaction_id": of["transaction_id"],
        "card_id": of["card_id"],
        "terminal_id": of["terminal_id"],
        "label": verdict,
        "source": "ANALYST",
        "reason_code": None,
        "event_time": of["event_time"],
        "observed_at": of["event_time"] + MINUTE,
        "supersedes": None,
    } | changes


def publish(log: InProcessLog, topic: str, name: str, records: Sequence[dict[str, Any]]) -> None:
    """Append records, keyed by card."""
    for record in records:
        log.append(topic, record["card_id"].encode(), codec.encode(name, record))


def run(many: int, chunk: int = 250) -> InProcessLog:
    """`many` transactions, every 25th a fraud, each labelled 500 transactions later."""
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess(stages(log), log)
    everything.run()
    for start in range(0, many, chunk):
        numbers = range(start, min(start + chunk, many))
        publish(log, topics.TRANSACTIONS, "transaction", [transaction(n) for n in numbers])
        labels = [
            label(transaction(n - 500), "FRAUD" if n % 25 == 0 else "LEGITIMATE")
            for n in numbers
            if n >= 500
        ]
        publish(log, topics.LABELS, "label", labels)
        everything.run()
    return log


def bodies(log: InProcessLog, topic: str) -> list[dict[str, Any]]:
    """The decoded records of a topic."""
    return [codec.decode(record.value or b"")[1] for record in log.read(topic)]


def decided(
    arrivals: Sequence[tuple[str, int, dict[str, Any]]], *needed: str
) -> list[dict[str, Any]]:
    """Decisions of the stages (those `needed`; none named: all) over (event, time, record).

    Settled after every arrival, so that the order is the arrivals' own.
    """
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess([one for one in stages(log) if not needed or one.name in needed], log)
    everything.run()
    for event, _, record in arrivals:
        if event == "label":
            publish(log, topics.LABELS, "label", [record])
        else:
            complete = dict.fromkeys(field["name"] for field in FIELDS) | record
            publish(log, topics.TRANSACTIONS, "transaction", [complete])
        everything.run()
    return bodies(log, topics.DECISIONS)
