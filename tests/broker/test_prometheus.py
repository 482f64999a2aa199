"""A real Prometheus over running workers: every panel and every alert's expression has data.

Skipped, loudly, where there is no Prometheus.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from infra.kafka.broker import Broker
from infra.kafka.ports import free_port
from schemas import topics
from streams.wire import codec
from tests.broker.running import Worker, count, keyed, produce, transaction, until
from tests.prometheus_tools import binary
from tests.unit.infra.watching import RULES, alerts, panels

CONFIG = RULES.parent / "prometheus.yml"
ROLES = ("hot", "join", "learn", "drift")
FIRST = 520  # outcomes after which the first model is published: 500
MANY = 700  # the others are decided by it
# Weeks of event time before a drift, days before a rule can jump: promtool's tests feed both.
NEEDS_AN_EVENT = {"FraudDriftFired", "FraudRuleJumped"}


class Prometheus:
    """A server over some workers, asked like Grafana asks."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer of the HTTP API; None while there is none."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def series(self, expression: str) -> list[Any]:
        """What an expression returns now."""
        data = self.get("query", query=expression)
        return [] if data is None else list(data["result"])


@contextmanager
def prometheus(workers: Mapping[str, Worker], home: Path) -> Iterator[Prometheus]:
    """The shipped configuration over these workers, every second."""
    config = yaml.safe_load(CONFIG.read_text())
    config["global"] = {
        "scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s",
    }  # fmt: skip
    config["rule_files"] = [str(RULES / "*.yml")]
    for target in config["scrape_configs"][0]["static_configs"]:
        target["targets"] = [f"127.0.0.1:{workers[target['labels']['role']].port}"]
    file, port = home / "prometheus.yml", free_port()
    file.write_text(yaml.safe_dump(config))
    command = [
        binary("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={home / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (home / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield Prometheus(port)
    finally:
        server.terminate()
        server.wait(20)


def publish(bootstrap: str, first: int, last: int) -> None:
    """Transactions, and once they are decided their labels, every tenth a fraud."""
    records = [transaction(n) for n in range(first, last)]
    # An absurd amount every fifty: a value out of its feature's bounds.
    records = [r | {"amount_minor": 9_000_000_000} if n % 50 == 0 else r
               for n, r in enumerate(records)]  # fmt: skip
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])
    until(lambda: count(bootstrap, topics.DECISIONS) >= last, 60, "not every one is decided")
    produce(bootstrap, topics.LABELS, [label(record) for record in records])
    until(lambda: count(bootstrap, topics.OUTCOMES) >= last, 60, "not every label is joined")


def label(of: Mapping[str, Any]) -> tuple[bytes, bytes]:
    number = int(of["transaction_id"].removeprefix("t"))
    record = {
        "label_id": f"l{number}", "transaction_id": of["transaction_id"], "card_id": of["card_id"],
        "terminal_id": None, "label": "LEGITIMATE" if number % 10 else "FRAUD", "source": "ISSUER",
        "reason_code": None, "event_time": of["event_time"],
        "observed_at": of["event_time"] + 60_000, "supersedes": None,
    }  # fmt: skip
    return of["card_id"].encode(), codec.encode("label", record)


def asked() -> Iterator[tuple[str, str]]:
    """Every panel's queries; every alert's expression, its comparisons answering yes or no."""
    for title, queries in panels().items():
        yield from ((title, query) for query in queries)
    for name, rule in alerts().items():
        if name not in NEEDS_AN_EVENT:
            # What was a quarter of an hour ago is not known yet.
            yield name, judged(re.sub(r" offset \w+", "", rule["expr"]))


def judged(expression: str) -> str:
    """An expression whose comparisons give 0 or 1 for each series, where an alert's drop it.

    >>> judged('max(up{job!="x"}) == 0 and y > 2')
    'max(up{job!="x"}) == bool 0 and y > bool 2'
    """
    parts = re.split(r"(\{[^}]*\})", expression)
    return "".join(
        part if part.startswith("{") else re.sub(r"(==|!=|>|<)", r"\1 bool", part) for part in parts
    )


def test_every_panel_and_every_rule_has_data(
    new_kafka: Callable[[], Broker], tmp_path: Path
) -> None:
    binary("prometheus")
    bootstrap = new_kafka().bootstrap
    workers = {role: Worker(role, bootstrap, tmp_path, worker_id=role) for role in ROLES}
    try:
        with prometheus(workers, tmp_path) as server:
            for one in workers.values():
                one.ready()
            feed(bootstrap, workers, tmp_path)
            until(lambda: not without_data(server), 60, lambda: f"no data: {without_data(server)}")
            assert server.series("fraud_no_such_metric") == [], "the check would find nothing"
            assert critical(server) == []
    finally:
        for one in workers.values():
            one.stop()


def critical(server: Prometheus) -> list[str]:
    """The critical alerts that fire."""
    found = [alert for alert in server.get("alerts")["alerts"] if alert["state"] == "firing"]
    return [a["labels"]["alertname"] for a in found if a["labels"]["severity"] == "critical"]


def feed(bootstrap: str, workers: dict[str, Worker], home: Path) -> None:
    """What the panels show: decisions by rules and by a model, labels, a restarted learner, which
    judges its model anew.
    """
    publish(bootstrap, 0, FIRST)
    until(lambda: 'name="logistic"' in model_of(workers["hot"]), 60, "no model is in force")
    publish(bootstrap, FIRST, MANY)
    until(lambda: "fraud_lag_records" in workers["learn"].metrics(), 30, "the learner is not seen")
    until(lambda: behind(workers["learn"]) == 0, 60, "the learner does not catch up")
    port = workers["learn"].port
    workers["learn"].stop()
    workers["learn"] = Worker("learn", bootstrap, home, worker_id="learn", web_port=port)
    workers["learn"].ready()


def model_of(worker: Worker) -> str:
    return "".join(
        line for line in worker.metrics().splitlines() if line.startswith("fraud_model_version{")
    )


def behind(worker: Worker) -> float:
    lines = [x for x in worker.metrics().splitlines() if x.startswith("fraud_lag_records{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def without_data(server: Prometheus) -> list[str]:
    """What returns nothing."""
    return [f"{where}: {query}" for where, query in asked() if not server.series(query)]
