"""`fraud label`: an analyst's word about a transaction."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from schemas.errors import FraudStreamsError
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result


class Verdict(StrEnum):
    """What was found out."""

    FRAUD = "fraud"
    LEGITIMATE = "legitimate"


class SourceName(StrEnum):
    """Who found it out; a test compares them with the contract."""

    ANALYST = "analyst"
    CHARGEBACK = "chargeback"
    TC40 = "tc40"
    CUSTOMER = "customer"
    ISSUER = "issuer"


class DecisionNotFound(FraudStreamsError):
    """No decision with this transaction id is on the log."""

    code = "DECISION_NOT_FOUND"
    advice = "Check the id, or give the card with --card: its label waits for the transaction."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud label 4711 fraud --source chargeback"))(label)


def label(
    transaction_id: Annotated[str, typer.Argument(metavar="TXID", help="The transaction's id.")],
    verdict: Annotated[Verdict, typer.Argument(help="What it was.")],
    *,
    card: Annotated[
        str | None, typer.Option(help="Its card; without it the decision is looked up.")
    ] = None,
    source: Annotated[SourceName, typer.Option(help="Who says so.")] = SourceName.ANALYST,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Publish a label: the model learns from it, and the terminal's risk takes it in."""
    from producers.publisher import LabelPublisher  # noqa: PLC0415 - keeps `--help` quick

    address = reachable(bootstrap)
    decision = None if card is not None else find_decision(address, transaction_id)
    record = label_record(
        transaction_id, verdict, source, card=card, decision=decision, observed_at=now_ms()
    )
    with LabelPublisher(address) as publisher:
        publisher.publish(record)
    text = f"transaction {transaction_id} of card {record['card_id']} labelled {record['label']}"
    result(record, text, as_json=as_json)


def label_record(
    transaction_id: str,
    verdict: Verdict,
    source: SourceName,
    *,
    card: str | None,
    decision: dict[str, Any] | None,
    observed_at: int,
) -> dict[str, Any]:
    """The label as the contract has it. Without a decision its time is when it was observed."""
    known = decision or {"card_id": card, "terminal_id": None, "event_time": observed_at}
    return {
        "label_id": f"{transaction_id}/{source.name}/{observed_at}",
        "transaction_id": transaction_id,
        "card_id": known["card_id"],
        "terminal_id": known["terminal_id"],
        "label": verdict.name,
        "source": source.name,
        "reason_code": None,
        "event_time": known["event_time"],
        "observed_at": observed_at,
        "supersedes": None,
    }


def find_decision(bootstrap: str, transaction_id: str) -> dict[str, Any]:
    """The decision about a transaction; DecisionNotFound where the log has none."""
    from schemas import topics  # noqa: PLC0415 - keeps `--help` quick
    from streams import changelog  # noqa: PLC0415
    from streams.settings import Settings  # noqa: PLC0415
    from streams.wire import codec  # noqa: PLC0415

    sought = transaction_id.encode()
    for partition in range(topics.topic(topics.DECISIONS).partitions):
        records = changelog.read_to_end(Settings(bootstrap=bootstrap), topics.DECISIONS, partition)
        for record in records:
            value = record.value()
            if (
                isinstance(value, bytes) and sought in value
            ):  # decoding each would take ten times as long
                decision = codec.decode(value)[1]
                if decision["transaction_id"] == transaction_id:
                    return decision
    raise DecisionNotFound(
        f"transaction {transaction_id}", expected=f"its decision on {topics.DECISIONS}", came="none"
    )


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000
