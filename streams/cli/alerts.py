"""`fraud alerts`: what wants an analyst, with the reasons and their values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result

if TYPE_CHECKING:
    from confluent_kafka import Message

Alert = dict[str, Any]
WAIT_S = 0.2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud alerts --follow"))(alerts)


def alerts(
    follow: Annotated[
        bool, typer.Option("--follow", help="Print alerts as they come, until Ctrl-C.")
    ] = False,
    since_beginning: Annotated[
        bool, typer.Option("--since-beginning", help="All that the log holds, not the last ones.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, help="How many, without --follow.")] = 20,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Print alerts: severity, card, decision, score, and every reason with its values.

    With --json and --follow each alert is one object on a line of its own.
    """
    address = reachable(bootstrap)
    if follow:
        for alert in following(address, since_beginning=since_beginning):
            typer.echo(json.dumps(alert, ensure_ascii=False) if as_json else _line(alert))
        return
    found = present(address, None if since_beginning else last)
    text = "\n".join(map(_line, found)) or f"No alerts on {address}"
    result({"alerts": found}, text, as_json=as_json)


def present(bootstrap: str, last: int | None) -> list[Alert]:
    """The alerts that the log holds, in the order of the log's time; the last ones, or all."""
    from schemas import topics  # noqa: PLC0415 - keeps `--help` quick
    from streams import changelog  # noqa: PLC0415
    from streams.settings import Settings  # noqa: PLC0415

    settings = Settings(bootstrap=bootstrap)
    partitions = range(topics.topic(topics.ALERTS).partitions)
    records = [r for p in partitions for r in changelog.read_to_end(settings, topics.ALERTS, p)]
    records.sort(key=lambda record: record.timestamp()[1])
    found = [alert for record in records if (alert := decoded(record)) is not None]
    return found if last is None else found[-last:]


def following(bootstrap: str, *, since_beginning: bool) -> Iterator[Alert]:
    """Yield alerts as they come; ends at Ctrl-C."""
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, TopicPartition  # noqa: PLC0415

    from schemas import topics  # noqa: PLC0415 - keeps `--help` quick
    from streams import changelog  # noqa: PLC0415
    from streams.settings import Settings  # noqa: PLC0415

    consumer = changelog.reader(Settings(bootstrap=bootstrap))
    start = OFFSET_BEGINNING if since_beginning else OFFSET_END
    partitions = range(topics.topic(topics.ALERTS).partitions)
    consumer.assign([TopicPartition(topics.ALERTS, p, start) for p in partitions])
    try:
        while True:
            for record in consumer.consume(100, WAIT_S):
                alert = decoded(record)
                if alert is not None:
                    yield alert
    except KeyboardInterrupt:
        return
    finally:
        consumer.close()


def decoded(record: Message) -> Alert | None:
    """The alert in a record, None for an event of the consumer's own."""
    from streams.wire import codec  # noqa: PLC0415 - keeps `--help` quick

    value = record.value()
    if record.error() is not None or not isinstance(value, bytes):
        return None
    return codec.decode(value)[1]


def _line(alert: Alert) -> str:
    from streams.demo.alert_line import alert_line  # noqa: PLC0415 - keeps `--help` quick

    return alert_line(alert)
