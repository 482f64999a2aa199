"""The commands that need a broker: publish, worker, alerts, label."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.kafka.broker import Broker
from infra.kafka.ports import free_port
from schemas import topics
from tests.broker.running import bodies, count, until

ROOT = Path(__file__).parents[2]


def argv(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "streams.cli", *map(str, arguments)]


def fraud(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        argv(*arguments, "--json"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


def child_with(parent: int, words: str) -> int:
    """The child process with these words on its command line."""
    done = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in done.stdout.splitlines()]
    return next(int(row[0]) for row in rows if int(row[1]) == parent and words in row[2])


def test_a_file_becomes_decisions_alerts_and_outcomes(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    world = tmp_path / "world"
    fraud("simulate", "handbook", "--out", world, "--days", 3)
    given = fraud("publish", world, "--limit", 20_000, "--bootstrap", bootstrap)
    assert (given["transactions"], given["labels"]) == (20_000, 0)
    home = {**os.environ, "FRAUD_HOME": str(tmp_path / "fraud")}
    command = argv(
        "worker", "hot", "join", "--bootstrap", bootstrap, "--web-port", free_port(), "--json"
    )
    with subprocess.Popen(
        command, cwd=ROOT, env=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as workers:
        try:
            assert workers.stdout is not None
            roles = json.loads(workers.stdout.readline())["roles"]
            assert list(roles) == ["hot", "join"]
            until(lambda: all(map(ready, roles.values())), 60, "not ready")
            until(lambda: count(bootstrap, topics.DECISIONS) >= 20_000, 90, "not decided")

            os.kill(child_with(workers.pid, "worker join"), signal.SIGKILL)
            labelled = fraud("label", "4711", "fraud", "--bootstrap", bootstrap)
            assert labelled["label"] == "FRAUD"
            until(lambda: count(bootstrap, topics.OUTCOMES) >= 1, 60, "the join did not come back")
        finally:
            workers.send_signal(signal.SIGTERM)
            rest, _ = workers.communicate(timeout=60)
    assert (workers.returncode, rest) == (0, "")
    (outcome,) = bodies(bootstrap, topics.OUTCOMES)
    assert (outcome["transaction_id"], outcome["card_id"]) == ("4711", labelled["card_id"])

    alerts = fraud("alerts", "--since-beginning", "--bootstrap", bootstrap)["alerts"]
    assert len(alerts) == count(bootstrap, topics.ALERTS) > 0
    assert all(alert["reasons"] for alert in alerts)
    assert fraud("alerts", "--last", 1, "--bootstrap", bootstrap)["alerts"] == alerts[-1:]
    assert fraud("up", "--topics-only", "--bootstrap", bootstrap)["topics_created"] == []


def readme(title: str, bootstrap: str) -> list[str]:
    """The Python of a section of the README as a command line, for another broker."""
    section = (ROOT / "README.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    code = section.split("```python\n")[1].split("```")[0]
    return [sys.executable, "-c", code.replace("127.0.0.1:9092", bootstrap)]


def consumed_as_the_readme_says(bootstrap: str) -> list[str]:
    command = readme("Consume alerts from your own Python", bootstrap)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as consumer:
        assert consumer.stdout is not None
        line = consumer.stdout.readline()
        consumer.kill()
    return line.split()


def test_the_readme_publishes_transactions_and_labels(new_kafka: Callable[[], Broker]) -> None:
    bootstrap = new_kafka().bootstrap
    for title in ("Publish from your own Python", "Labels"):
        subprocess.run(readme(title, bootstrap), cwd=ROOT, check=True)
    (transaction,) = bodies(bootstrap, topics.TRANSACTIONS)
    (label,) = bodies(bootstrap, topics.LABELS)
    assert transaction["transaction_id"] == label["transaction_id"]
    assert transaction["card_id"] == label["card_id"]


def test_alerts_are_followed_as_they_come(new_kafka: Callable[[], Broker]) -> None:
    bootstrap = new_kafka().bootstrap
    follow = argv("alerts", "--follow", "--since-beginning", "--bootstrap", bootstrap, "--json")
    with subprocess.Popen(follow, cwd=ROOT, stdout=subprocess.PIPE, text=True) as following:
        fraud("demo", "--transactions", 15_000, "--bootstrap", bootstrap)
        assert following.stdout is not None
        alert = json.loads(following.stdout.readline())
        assert alert["reasons"]
        severity, card_id, *_ = consumed_as_the_readme_says(bootstrap)
        found = bodies(bootstrap, topics.ALERTS)
        assert (severity, card_id) in {(one["severity"], one["card_id"]) for one in found}
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=20)
    assert following.returncode == 0


def test_an_unknown_transaction_cannot_be_labelled(new_kafka: Callable[[], Broker]) -> None:
    bootstrap = new_kafka().bootstrap
    done = subprocess.run(
        argv("label", "nobody", "fraud", "--bootstrap", bootstrap),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "DECISION_NOT_FOUND" in done.stderr
    assert "--card" in done.stderr
    given = fraud("label", "nobody", "legitimate", "--card", "c7", "--bootstrap", bootstrap)
    assert (given["card_id"], given["label"]) == ("c7", "LEGITIMATE")
    assert count(bootstrap, topics.LABELS) == 1
