"""`fraud up`: a local broker with every topic, or the topics alone on a cluster that is there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from infra.ground import DEFAULT_HOME, DEFAULT_PORT
from infra.ground import up as bring_up
from infra.kafka.topics import TopicReport, create_topics
from streams.cli.options import Bootstrap, Home, Json, reachable
from streams.cli.output import errors_console, example, result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud up --port 19092"))(up)


def up(
    *,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Where clients connect.")
    ] = DEFAULT_PORT,
    home: Home = DEFAULT_HOME,
    topics_only: Annotated[
        bool, typer.Option("--topics-only", help="Start nothing; make the topics on --bootstrap.")
    ] = False,
    bootstrap: Bootstrap = None,
    replication: Annotated[
        int, typer.Option(min=1, help="Copies of each partition, with --topics-only.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Start a local Kafka and make every topic of the topic table; nothing happens twice."""
    if topics_only:
        address = reachable(bootstrap, home)
        report = create_topics(address, replication=replication)
        result(_topics(address, report), f"Topics of {address}: {_made(report)}", as_json=as_json)
        return
    errors_console().print("starting Kafka (its jars are fetched the first time)")
    ground = bring_up(home, port=port)
    state = ground.state
    found = _topics(state.bootstrap, ground.topics) | {
        "started": ground.started, "pid": state.pid, "port": state.port, "log": state.log,
    }  # fmt: skip
    verb = "runs" if ground.started else "ran already"
    text = f"Kafka {verb} at {state.bootstrap} (process {state.pid}), {_made(ground.topics)}"
    result(found, text, as_json=as_json)


def _topics(bootstrap: str, report: TopicReport) -> dict[str, Any]:
    return {
        "bootstrap": bootstrap,
        "topics_created": list(report.created),
        "topics_present": list(report.present),
    }


def _made(report: TopicReport) -> str:
    return f"{len(report.created)} topics made, {len(report.present)} were there"
