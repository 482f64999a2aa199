"""The history of models by its commands, on a real broker: a learner publishes, they ask."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.broker import Broker
from infra.kafka.topics import create_topics
from models.features import FEATURES
from models.learn_policy import LearnPolicy
from schemas import topics
from streams.history.log import KafkaLog
from streams.wire import codec
from tests.broker.running import Worker, bodies, count, produce, read, until, worker
from tests.unit.streams.learning_alone import outcome

ROOT = Path(__file__).parents[2]
MANY = 4_010
LAST = "logistic@3999"


class Models:
    """`fraud models ...` against one broker."""

    def __init__(self, bootstrap: str, learner: Worker) -> None:
        self.bootstrap, self.learner = bootstrap, learner

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "streams.cli", "models", *map(str, arguments)]
        return subprocess.run(
            [*argv, "--bootstrap", self.bootstrap, "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def __call__(self, *arguments: object) -> dict[str, Any]:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def versions(self) -> list[str]:
        listed = self("list", "--model", "logistic")["versions"]
        return [f"{one['name']}@{one['version']}" for one in listed]


@pytest.fixture(scope="module")
def models(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """A learner on a broker of its own that has published three versions of its first model."""
    broker = Broker(tmp_path_factory.mktemp("kafka-models"), jars=jars, heap_mb=512)
    values = [(b"", codec.encode("outcome", outcome(number))) for number in range(MANY)]
    try:
        broker.start()
        create_topics(broker.bootstrap)
        with worker("learn", broker.bootstrap, tmp_path_factory.mktemp("learn")) as learner:
            produce(broker.bootstrap, topics.OUTCOMES, values)
            until(lambda: published(broker.bootstrap, LAST), 200, f"{LAST} was not published")
            yield Models(broker.bootstrap, learner)
    finally:
        broker.stop(wipe=True)


def published(bootstrap: str, ref: str) -> bool:
    found = bodies(bootstrap, topics.MODELS)
    return any(f"{one['name']}@{one['version']}" == ref for one in found)


def test_list_show_and_diff(models: Models) -> None:
    listed = models("list")
    first, *_, last = models.versions()
    assert listed["in_force"] == last
    assert listed["champion"] == "logistic"
    assert [one["learned"] for one in listed["versions"] if one["name"] == "logistic"] == [
        500, 2_000, 4_000,
    ]  # fmt: skip
    shown = models("show", last)
    assert shown["in_force"] is True
    assert set(shown["contents"]["weights"]) == set(FEATURES.names)
    assert models("show", "logistic")["version"] == shown["version"]
    diff = models("diff", first, last)
    assert diff["metrics"]["learned"] == [500.0, 4_000.0, 3_500.0]
    largest = [abs(change) for _, _, change in diff["contents"]["weights"].values()]
    assert largest[0] == max(largest) > 0


def test_rebuild_equals_what_was_published(models: Models, tmp_path: Path) -> None:
    _, second, _ = models.versions()
    offset = int(second.split("@")[1])
    rebuilt = models("rebuild", "--as-of", offset, "--out", tmp_path / "model")
    assert (rebuilt["model"], rebuilt["equals"]) == (second, True)
    assert rebuilt["sha256"] == models("show", second)["sha256"]
    assert rebuilt["versions_equal"] == 1 + len(LearnPolicy().competitors)
    name, snapshot = codec.decode((tmp_path / "model").read_bytes())
    assert (name, snapshot["sha256"]) == ("model_snapshot", rebuilt["sha256"])

    without = models("rebuild", "--as-of", offset, "--without-labels", "source=CUSTOMER")
    assert without["equals"] is None
    assert without["left_out"] == (offset + 1) // 2
    assert without["sha256"] != rebuilt["sha256"]


def test_promote_and_roll_back(models: Models) -> None:
    first, second, last = models.versions()
    promoted = models("promote", first, "--actor", "ana", "--reason", "the test says so")
    assert (promoted["in_force"], promoted["held"]) == (first, True)
    assert models("list")["in_force"] == first
    assert models("rollback", "--actor", "ana")["in_force"] == last
    assert models("rollback", "--actor", "ana", "--to", second)["in_force"] == second
    followed = models("promote", "logistic", "--actor", "ana")
    assert (followed["in_force"], followed["held"]) == (last, False)
    again = models("rebuild")
    assert again["equals"] is True
    assert again["commands"] == 4
    assert again["model"] == last
    assert again["versions_equal"] == len(models("list")["versions"])
    first_order = read(models.bootstrap, topics.OUTCOMES)[MANY]
    log = KafkaLog(models.bootstrap)
    assert log.after(topics.OUTCOMES, first_order.timestamp - 1) == MANY
    assert log.after(topics.OUTCOMES, first_order.timestamp + 3_600_000) == MANY + 4
    actors = [one["actor"] for one in bodies(models.bootstrap, topics.OUTCOMES) if "actor" in one]
    assert actors == ["ana"] * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("promote", "logistic@7", "--actor", "ana"), "MODEL_UNKNOWN"),
        (("promote", "nobody", "--actor", "ana"), "MODEL_UNKNOWN"),
        (("rollback", "--to", "logistic@7", "--actor", "ana"), "MODEL_UNKNOWN"),
        (("show", "logistic@7"), "MODEL_UNKNOWN"),
        (("rebuild", "--as-of", "3"), "NOTHING_TO_REBUILD"),
    ],
)
def test_what_is_not_there_is_an_error_on_one_line(
    models: Models, arguments: tuple[str, ...], message: str
) -> None:
    before = count(models.bootstrap, topics.OUTCOMES)
    done = models.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.splitlines()[-1]
    assert count(models.bootstrap, topics.OUTCOMES) == before


def test_without_a_learner_an_order_waits(models: Models) -> None:
    models.learner.stop()
    done = models.run("promote", "logistic", "--actor", "ana", "--timeout", 1)
    assert (done.returncode, done.stdout) == (1, "")
    assert "ORDER_PENDING" in done.stderr
    assert bodies(models.bootstrap, topics.OUTCOMES)[-1]["kind"] == "PROMOTE"
