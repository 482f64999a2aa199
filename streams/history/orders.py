"""Operators' commands about models and rules: on `fraud.outcomes`, carried out by a marker."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from schemas import topics
from schemas.errors import EventError, FraudStreamsError
from streams.history.force import MARKER
from streams.history.log import Log
from streams.outbox import producer_config
from streams.settings import Settings
from streams.wire import codec

DELIVERED_S = 30.0
LOOK_AGAIN_S = 0.2
Command = dict[str, Any]
Send = Callable[[Command], int]
"""Writes a command on `fraud.outcomes`; returns its offset there."""


class OrderRefused(FraudStreamsError):
    """The learner refused a command; nothing has changed."""

    code = "ORDER_REFUSED"


class OrderPending(FraudStreamsError):
    """A command is on the log, and no marker has carried it out yet."""

    code = "ORDER_PENDING"
    advice = (
        "It is on the log and takes effect once the learner reads it: start `fraud worker learn`, "
        "and do not send it again."
    )


class OrderNotDelivered(FraudStreamsError):
    """The broker did not take a command."""

    code = "ORDER_NOT_DELIVERED"
    retriable = True


def promotion(
    name: str, version: int | None, actor: str, reason: str, issued_at: int | None = None
) -> Command:
    """The command that puts a model in force.

    With a version that one is held until the next promotion; without, the newest of that name and
    those that follow it.

    >>> promotion("logistic", 500, "ana", "drift", issued_at=7)["payload"]
    '{"name": "logistic", "reason": "drift", "version": 500}'
    """
    payload = {"name": name, "version": version, "reason": reason}
    return ordered("PROMOTE", payload, actor, issued_at)


def ordered(
    kind: str, payload: Mapping[str, Any], actor: str, issued_at: int | None = None
) -> Command:
    """A command of any kind, with an id of its own; what is None or empty in it is left out."""
    given = {key: value for key, value in payload.items() if value not in (None, "")}
    return {
        "command_id": f"{kind.lower()}-{uuid.uuid4().hex}",
        "kind": kind,
        "payload": json.dumps(given, sort_keys=True, ensure_ascii=False),
        "actor": actor,
        "issued_at": time.time_ns() // 1_000_000 if issued_at is None else issued_at,
    }


def is_waiting(command: Mapping[str, Any], reason: str) -> bool:
    """Whether a marker says that a command waits for a second approver."""
    return reason.endswith(f"h: {command['command_id']}")


def application(
    yaml: str, in_force: str, actor: str, reason: str, issued_at: int | None = None
) -> Command:
    """The command that puts rules in force in the place of `in_force`, and of no others.

    >>> application("rules: []", "mine@1", "ana", "why", issued_at=7)["payload"]
    '{"in_force": "mine@1", "reason": "why", "yaml": "rules: []"}'
    """
    payload = {"yaml": yaml, "in_force": in_force, "reason": reason}
    return {
        "command_id": f"rules-{uuid.uuid4().hex}",
        "kind": "RULES_APPLY",
        "payload": json.dumps(payload, sort_keys=True, ensure_ascii=False),
        "actor": actor,
        "issued_at": time.time_ns() // 1_000_000 if issued_at is None else issued_at,
    }


def carry_out(
    log: Log,
    send: Send,
    command: Command,
    timeout_s: float,
    pause: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Send a command and wait for the marker that carries it out; returns the marker.

    Raises `OrderRefused` with the learner's reason, `OrderPending` after `timeout_s` seconds.
    """
    at = {topic: log.end(topic) for topic in (topics.ACTIVITY, topics.DEAD_LETTERS)}
    offset = send(command)
    deadline = time.monotonic() + timeout_s
    while True:
        for topic, start in at.items():
            for record in log.read(topic, 0, start):
                at[topic] = record.offset + 1
                marker = _answer(record.value or b"", offset)
                if marker is not None:
                    return marker
        if time.monotonic() > deadline:
            raise OrderPending(
                f"command {command['command_id']} at {topics.OUTCOMES}@{offset}",
                expected=f"its marker within {timeout_s:g} s", came="none",
            )  # fmt: skip
        pause() if pause is not None else time.sleep(LOOK_AGAIN_S)


def _answer(value: bytes, offset: int) -> dict[str, Any] | None:
    """The marker that the command at `offset` caused; raises `OrderRefused` for its dead letter."""
    if not value.startswith((MARKER, codec.header("dead_letter"))):
        return None
    try:
        name, body = codec.decode(value)
    except EventError:
        return None
    if name == "control_marker":
        return body if body["sequence"] == offset else None
    if (body["topic"], body["offset"]) == (topics.OUTCOMES, offset):
        cause = body["cause"].split(" Retrying ")[0]  # the learner's own advice about retries
        raise OrderRefused(f"the learner refused it: {cause}")
    return None


def kafka_send(bootstrap: str) -> Send:
    """Sends over Kafka, waiting until the broker has the command."""

    def send(command: Mapping[str, Any]) -> int:
        settings = Settings(bootstrap=bootstrap)
        producer, got = Producer(producer_config(settings)), _Receipt()
        value, key = codec.encode("command", command), command["command_id"].encode()
        producer.produce(topics.OUTCOMES, value, key, on_delivery=got)
        producer.flush(DELIVERED_S)
        if got.offset is None:
            raise OrderNotDelivered(
                f"command {command['command_id']}", expected="the broker to take it",
                came=got.cause,
            )  # fmt: skip
        return got.offset

    return send


class _Receipt:
    """What became of one message."""

    def __init__(self) -> None:
        self.offset: int | None = None
        self.cause = "no answer"

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """The delivery report."""
        self.offset = None if error is not None else message.offset()
        self.cause = "" if error is None else error.str()
