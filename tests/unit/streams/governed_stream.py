"""A small world over three weeks, in two currencies and channels; some payments are declined."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from schemas import topics
from streams.history.memory import MemoryLog
from streams.in_process import InProcess, InProcessLog
from streams.wire import codec
from tests.unit.streams.labelled_stream import small_stages, ticking
from tests.unit.streams.whole_stream import label, publish, transaction

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY = 1_699_833_600_000
"""2023-11-13, 00:00 UTC."""
MANY = 900
STEP_MS = 21 * DAY_MS // MANY
BEHIND = 120
SOURCES = ("ANALYST", "CUSTOMER", "CHARGEBACK")
STOLEN = """
name: stolen
version: 2
rules:
  - {code: STOLEN_CARDS, title: Stolen, action: DECLINE, text: "amount {amount_minor:money}",
     when: {field: amount_minor, ge: 15000}}
"""


def paid(number: int) -> dict[str, Any]:
    """A payment every half hour; every ninth is fraud, of a large amount."""
    at = MONDAY + number * STEP_MS
    return transaction(
        number, event_time=at, arrival=at, currency="USD" if number % 5 == 0 else "EUR",
        channel="pos" if number % 2 else "ecom", country="FR", mcc=None,
        amount_minor=16_000 if is_fraud(number) and number % 2 else 500 + number * 37 % 14_600,
    )  # fmt: skip


def is_fraud(number: int) -> bool:
    """Whether the payment is fraud."""
    return number % 9 == 0


def told(number: int) -> dict[str, Any]:
    """Its label; sources take turns, each with its own delay of days."""
    days = 1 + number // 9 % 3
    return label(
        paid(number), "FRAUD" if is_fraud(number) else "LEGITIMATE", source=SOURCES[days - 1],
        observed_at=paid(number)["event_time"] + days * DAY_MS,
    )  # fmt: skip


def command(kind: str, payload: str, actor: str, at: int) -> bytes:
    """An operator's command as a record."""
    body = {"command_id": f"{kind.lower()}-1", "kind": kind, "payload": payload, "actor": actor,
            "issued_at": at}  # fmt: skip
    return codec.encode("command", body)


@cache
def lived() -> InProcessLog:
    """The log of all of it, rules applied and a version promoted on the way; do not change it."""
    log = ticking()
    everything = InProcess(small_stages(log), log)
    everything.run()
    for start in range(0, MANY, 60):
        numbers = range(start, start + 60)
        publish(log, topics.TRANSACTIONS, "transaction", [paid(n) for n in numbers])
        everything.run()
        known = [told(n - BEHIND) for n in numbers if n >= BEHIND]
        publish(log, topics.LABELS, "label", known)
        everything.run()
        if start == 120:
            rules = json_of({"yaml": STOLEN})
            log.append(topics.OUTCOMES, b"k", command("RULES_APPLY", rules, "ben", at(start)))
        if start == 600:
            chosen = json_of({"name": "logistic", "reason": "we follow | it"})
            log.append(topics.OUTCOMES, b"k", command("PROMOTE", chosen, "ana", at(start)))
        everything.run()
    return log


def at(number: int) -> int:
    """When a payment was made."""
    return int(paid(number)["event_time"])


def json_of(value: dict[str, Any]) -> str:
    """A command's payload."""

    return json.dumps(value)


def history() -> MemoryLog:
    """The log to read from."""
    return MemoryLog(lived())
