"""A change of model through the broker: one offset of each partition, and no version lost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.broker import Broker
from models.features import FEATURES
from models.join import outcome as outcome_of
from models.learn import Learner
from models.snapshot_parts import join
from schemas import topics
from streams.chunks import is_part
from streams.wire import codec
from tests.broker.checks import assert_whole
from tests.broker.running import (
    Worker,
    bodies,
    count,
    keyed,
    produce,
    read,
    transaction,
    until,
    worker,
)
from tests.unit.models.learn_world import World, command, outcome

NewKafka = Callable[[], Broker]
PARTITIONS = range(topics.topic(topics.ACTIVITY).partitions)


def publish(bootstrap: str, first: int, last: int) -> set[str]:
    records = [transaction(number) for number in range(first, last)]
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])
    return {record["transaction_id"] for record in records}


def decided(bootstrap: str, many: int) -> None:
    until(lambda: count(bootstrap, topics.DECISIONS) >= many, 90, "not every one is decided")


def teach(bootstrap: str, skip: int = 0) -> None:
    """Every decision's outcome, every tenth a fraud."""
    records = []
    for decision in bodies(bootstrap, topics.DECISIONS)[skip:]:
        number = int(decision["transaction_id"].removeprefix("t"))
        label = {
            "label_id": f"l{number}", "transaction_id": decision["transaction_id"],
            "label": "LEGITIMATE" if number % 10 else "FRAUD", "source": "ISSUER",
            "observed_at": decision["event_time"] + 60_000,
        }  # fmt: skip
        value = codec.encode("outcome", outcome_of(decision, label))
        records.append((decision["transaction_id"].encode(), value))
    produce(bootstrap, topics.OUTCOMES, records)


def order(bootstrap: str, kind: str, **payload: Any) -> None:
    record = command(kind, json.dumps(payload))
    produce(bootstrap, topics.OUTCOMES, [(b"k1", codec.encode("command", record))])


def markers(bootstrap: str) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """(offset, marker) in each partition of the activity log."""
    found: dict[int, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for record in read(bootstrap, topics.ACTIVITY):
        if (record.value or b"").startswith(codec.header("control_marker")):
            marker = codec.decode(record.value or b"")[1]
            found[record.partition].append((record.offset, marker))
    return found


def await_model(bootstrap: str, name: str, reason: str = "") -> dict[str, Any]:
    """The marker that put a model in force in every partition."""

    def last() -> list[dict[str, Any]]:
        found = markers(bootstrap)
        return [found[p][-1][1] if found[p] else {"model": None, "reason": ""} for p in PARTITIONS]

    def everywhere() -> bool:
        return all(
            marker["model"] is not None and marker["model"]["name"] == name
            and reason in marker["reason"]
            for marker in last()
        )  # fmt: skip

    until(everywhere, 90, f"{name} is not in force: {last()}")
    return last()[0]


def test_a_change_takes_effect_at_one_offset_of_each_partition(
    new_kafka: NewKafka, tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    with worker("hot", bootstrap, tmp_path), worker("learn", bootstrap, tmp_path):
        ids = publish(bootstrap, 0, 2_400)
        decided(bootstrap, 2_400)
        teach(bootstrap)
        first = await_model(bootstrap, "logistic")
        until(lambda: "model/blend@1999" in published(bootstrap), 90, "no challengers")
        ids |= publish(bootstrap, 2_400, 3_200)
        order(bootstrap, "PROMOTE", name="blend", reason="try it")  # while transactions flow
        ids |= publish(bootstrap, 3_200, 4_000)
        blend = await_model(bootstrap, "blend", "try it")
        ids |= publish(bootstrap, 4_000, 4_800)
        decided(bootstrap, 4_800)
        order(bootstrap, "PROMOTE", name="logistic", version=499)
        back = await_model(bootstrap, "logistic", "promoted logistic@499")
        ids |= publish(bootstrap, 4_800, 5_600)
        decided(bootstrap, 5_600)
    assert blend["sequence"] > first["sequence"]
    assert back["model"] == {"name": "logistic", "version": 499}
    assert back["threshold"] == published(bootstrap)["model/logistic@499"]["threshold"]
    assert_in_force(bootstrap)
    assert_whole(bootstrap, ids)


def assert_in_force(bootstrap: str) -> None:
    """Each decision names what the last marker before its record said, and of each change there
    are decisions on both sides in every partition."""
    placed = markers(bootstrap)
    seen: dict[int, list[str]] = defaultdict(list)
    found = sorted(
        bodies(bootstrap, topics.DECISIONS),
        key=lambda one: (one["src"]["partition"], one["src"]["offset"]),
    )
    for decision in found:
        partition, offset = decision["src"]["partition"], decision["src"]["offset"]
        before = [marker for at, marker in placed[partition] if at < offset]
        marker = max(before, key=lambda one: one["sequence"], default=None)
        expected = None if marker is None else marker["model"]
        assert decision["model"] == expected, decision["transaction_id"]
        if marker is not None:
            assert decision["threshold"] == marker["threshold"]
        name = "rules" if expected is None else "{name}@{version}".format(**expected)
        if name not in seen[partition][-1:]:
            seen[partition].append(name)
    for partition in PARTITIONS:
        assert seen[partition][0] == "rules"
        assert "blend@1999" in seen[partition]
        assert seen[partition][-1] == "logistic@499"
        assert len(seen[partition]) == len(set(seen[partition])) + (
            "logistic@499" in seen[partition][:-1]
        )


def published(bootstrap: str) -> dict[str, dict[str, Any]]:
    """Every whole snapshot by its key."""
    parts: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for record in read(bootstrap, topics.MODELS):
        name, body = codec.decode(record.value or b"")
        if name == "model_snapshot":
            key = f"model/{body['name']}@{body['version']}"
            known = parts[key].setdefault(body["part"], body)
            assert known["sha256"] == body["sha256"], f"{key} was published with two contents"
    return {key: join([*found.values()]) for key, found in parts.items()}


# -- kill -9 of the learner -------------------------------------------------------------------

MANY = 11_000
SIGNALS = {"amount": "amount", "card_count_1d": "count", "terminal_risk_7d": "risk"}


def stream() -> list[dict[str, Any]]:
    """Outcomes of decisions that the logistic regression made, as of a thousand outcomes ago."""
    found = []
    for number in range(MANY):
        ago = number - 1_000
        version = ago // 2_000 * 2_000 - 1 if ago >= 2_000 else 499
        one = outcome(
            number, model={"name": "logistic", "version": version} if ago >= 500 else None
        )
        signals = one["features"]
        features = dict.fromkeys(FEATURES.names) | {
            name: signals[signal] for name, signal in SIGNALS.items()
        }
        found.append(one | {"features": features})
    return found


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    """What one process publishes that is never interrupted, by key."""
    world = World(Learner())
    for one in stream():
        world.add("outcome", one)
    return world.snapshots


@pytest.mark.parametrize("point", [None, "cut:2", "state.key:4", "durable:2"])
def test_a_killed_learner_loses_no_version(
    new_kafka: NewKafka, tmp_path: Path, expected: dict[str, str], point: str | None
) -> None:
    bootstrap = new_kafka().bootstrap
    records = [(b"k", codec.encode("outcome", one)) for one in stream()]
    produce(bootstrap, topics.OUTCOMES, records)
    first = Worker(
        "learn",
        bootstrap,
        tmp_path,
        barrier_ms=50,  # the second barrier comes long before the last record, on any machine
        **({} if point is None else {"fault_point": point}),
    )
    try:
        if point is None:
            until(lambda: count(bootstrap, topics.MODELS) >= 7, 90, first.text() + "\nno versions")
            first.kill()
        else:
            assert first.died() == -9
    finally:
        first.stop()
    assert len(published(bootstrap)) < len(expected), "it was done before it was killed"
    with worker("learn", bootstrap, tmp_path) as second:
        until(lambda: published(bootstrap).keys() >= expected.keys(), 120, second.text())
    found = {key: one["sha256"] for key, one in published(bootstrap).items()}
    assert found == expected
    state = read(bootstrap, "fraud-learn-learn-changelog")
    assert any(is_part(record.key or b"") for record in state), "the state fits one record"
