"""`fraud replay kafka:`: a broker's topics replay as the files that were published did."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from infra.kafka.broker import Broker
from producers.publish import publish
from producers.source import Source
from schemas import topics
from streams.cli import app
from streams.replay import ReplayRequest, replay
from streams.replay_topics import TopicRange, Topics
from tests.broker.running import produce
from tests.unit.streams.replay_files_world import DAY, write_world

ROWS = 1_500


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"), many=ROWS)


def replayed(*arguments: object) -> dict[str, Any]:
    words = ["replay", *map(str, arguments), "--publish-every", "100", "--json"]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_topics_replay_as_their_files(new_kafka: Callable[[], Broker], world: Path) -> None:
    kafka = new_kafka()
    publish(world, kafka.bootstrap, resume=False)
    produce(kafka.bootstrap, topics.TRANSACTIONS, [(b"c1", b"no record")])
    check_the_command(kafka.bootstrap, world)
    check_a_range(kafka.bootstrap, world)
    check_another_delay(kafka.bootstrap, world)


def check_the_command(bootstrap: str, world: Path) -> None:
    from_files = replayed(world, "--protocol", "handbook")
    from_topics = replayed("kafka:", "--bootstrap", bootstrap, "--protocol", "handbook")
    again = replayed("kafka:", "--bootstrap", bootstrap, "--protocol", "handbook")
    assert from_topics["counts"] == from_files["counts"] | {"SCHEMA_INVALID": 1}
    for part in ("continuous", "same_window", "models", "rules_only"):
        assert from_topics[part] == from_files[part] == again[part]
    assert from_topics["data_sha256"] == again["data_sha256"]
    assert from_topics["parameters"]["path"] == f"kafka:{bootstrap} [, )"


def check_a_range(bootstrap: str, world: Path) -> None:
    times = pl.read_parquet(world / "transactions.parquet")["event_time"]
    start, end = int(times[ROWS // 3]), int(times[2 * ROWS // 3])
    source = Topics(TopicRange(bootstrap, start, end))
    found = list(source.arrivals())
    expected = [a for a in Source.open(world).arrivals() if start <= a.at < end]
    assert [(a.event, a.at, a.record["transaction_id"]) for a in found] == [
        (a.event, a.at, a.record["transaction_id"]) for a in expected
    ]
    assert found[0].at == start
    bounds = [datetime.fromtimestamp(ms // 1_000, UTC).isoformat()[:19] for ms in (start, end)]
    part = replayed(
        "kafka:", "--bootstrap", bootstrap, "--rules-only", "--from", bounds[0], "--to", bounds[1]
    )
    many = sum(a.event == "transaction" for a in expected)
    assert abs(part["counts"]["transactions"] - many) <= 1  # whole seconds
    assert source.total() == ROWS + 1  # the log's time is now: it cannot tell what lies before
    labels = {a.record["transaction_id"]: a.record["label"] for a in expected if a.event == "label"}
    assert source.frauds() == {one for one, label in labels.items() if label == "FRAUD"}


def check_another_delay(bootstrap: str, world: Path) -> None:
    late = {"models": ("logistic",), "folds": None, "label_delay_days": 3.0, "publish_every": 50}
    files = replay(ReplayRequest(world, **late))
    broker = replay(ReplayRequest(TopicRange(bootstrap), **late))
    assert files.counts["labels"] == broker.counts["labels"] == ROWS
    assert list(files.continuous["logistic"]) == pytest.approx(
        list(broker.continuous["logistic"]), nan_ok=True, abs=0
    )
    assert files.recorded.event_time.max() - files.recorded.event_time.min() > 60 * DAY
