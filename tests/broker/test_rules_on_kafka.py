"""The life of a rule through the broker, and what-if beside it: live state is not touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from infra.kafka.broker import Broker
from schemas import topics
from streams import changelog
from streams.settings import Settings
from streams.wiring import ROLES
from tests.broker.checks import assert_whole
from tests.broker.running import bodies, count, keyed, produce, transaction, until, worker
from tests.unit.cli.running import Fraud
from tests.unit.models.test_rules_life import rule, ruleset

NewKafka = Callable[[], Broker]
PARTITIONS = range(topics.topic(topics.ACTIVITY).partitions)
EACH = 400
HIGH = ruleset(rule("HIGH", 15_000), version=2)
WHY = ("--actor", "ana", "--reason", "the test says so", "--json")


@pytest.fixture
def fraud(capfd: pytest.CaptureFixture[str]) -> Fraud:
    return Fraud(capfd)


def published(bootstrap: str, batch: int) -> None:
    """One more batch of transactions, decided."""
    records = [transaction(number) for number in range(batch * EACH, (batch + 1) * EACH)]
    produce(bootstrap, topics.TRANSACTIONS, [keyed(record) for record in records])
    many = (batch + 1) * EACH
    until(lambda: count(bootstrap, topics.DECISIONS) >= many, 60, "not every one is decided")


Marks = dict[tuple[str, str, int], Any]
"""By group (empty: the topic's own first offset and end), topic and partition."""


def marks(bootstrap: str) -> Marks:
    """The high-water mark of every partition, and what every group has committed."""
    places = [(one.name, p) for one in topics.TOPICS.values() for p in range(one.partitions)]
    reader = changelog.reader(Settings(bootstrap=bootstrap))
    found: Marks = {("", *at): changelog.watermarks(reader, *at) for at in places}
    reader.close()
    for group in [*(role.app_id for role in ROLES.values()), "fraud-readers"]:
        asker = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
        for one in asker.committed([TopicPartition(*at) for at in places], timeout=10):
            found[group, one.topic, one.partition] = one.offset
        asker.close()
    return found


READ = {
    "fraud-hot": (topics.TRANSACTIONS, topics.ACTIVITY, topics.DECISIONS),
    "fraud-learn": (topics.OUTCOMES,),
}


def settled(bootstrap: str) -> Marks:
    """The marks once the workers have committed everything: a commit is a barrier's last step."""
    last: list[Marks] = []

    def done() -> bool:
        last[:] = [marks(bootstrap)]
        return all(
            last[0][group, topic, p] == last[0]["", topic, p][1]
            for group, names in READ.items()
            for topic in names
            for p in range(topics.topic(topic).partitions)
        )

    until(done, 60, lambda: f"the workers do not come to rest: {last}")
    # Ends were asked for before commits: a barrier may have written its state in between.
    return marks(bootstrap)


def moved(before: Marks, after: Marks) -> dict[tuple[str, str, int], Any]:
    """What differs."""
    return {at: (before[at], after[at]) for at in before if before[at] != after[at]}


def test_shadow_active_and_rolled_back(new_kafka: NewKafka, tmp_path: Path, fraud: Fraud) -> None:
    bootstrap = new_kafka().bootstrap
    at, file = ("--bootstrap", bootstrap), tmp_path / "rules.yaml"
    file.write_text(HIGH)
    with worker("learn", bootstrap, tmp_path), worker("hot", bootstrap, tmp_path) as hot:
        published(bootstrap, 0)
        applied = fraud("rules", "apply", file, *WHY, *at).json
        assert (applied["in_force"], applied["shadow"]) == ("mine@2", ["HIGH"])
        published(bootstrap, 1)
        assert fraud("rules", "activate", "HIGH", *WHY, *at).json["in_force"] == "mine@3"
        published(bootstrap, 2)
        rolled = fraud("rules", "rollback", "baseline@1", *WHY, *at).json
        assert (rolled["before"], rolled["in_force"]) == ("mine@3", "baseline@1")
        published(bootstrap, 3)
        assert 'fraud_rule_hits_total{mode="shadow",rule="HIGH"}' in hot.metrics()
        assert 'fraud_decisions_total{decision="REVIEW"}' in hot.metrics()
        before = settled(bootstrap)
        assert_nothing_is_touched(fraud, bootstrap, file)
        assert moved(before, marks(bootstrap)) == {}
    listed = fraud("rules", "list", "--json", *at).json
    assert [(one["version"], one["actor"]) for one in listed["versions"]] == [
        ("baseline@1", ""), ("mine@2", "ana"), ("mine@3", "ana"),
    ]  # fmt: skip
    assert_each_change_is_at_one_offset(bootstrap)
    assert_whole(bootstrap, {f"t{number}" for number in range(4 * EACH)})


def assert_nothing_is_touched(fraud: Fraud, bootstrap: str, file: Path) -> None:
    """Ask, in every way; the caller compares the marks."""
    at = ("--bootstrap", bootstrap, "--json")
    found = fraud("whatif", "--rules", file, *at).json
    assert found["baseline"]["equal"] == found["transactions"] == 4 * EACH
    high = sum(transaction(number)["amount_minor"] >= 15_000 for number in range(4 * EACH))
    assert found["after"]["flagged"] == high > 0
    broken = fraud("whatif", "--rules", file, "--max-newly-flagged", 0, *at)
    assert broken.code == 1
    assert broken.json["limits"][0]["kept"] is False
    assert fraud("whatif", "--threshold", 0.5, *at).code == 0


def assert_each_change_is_at_one_offset(bootstrap: str) -> None:
    """In every partition: shipped rules, in shadow, active, shipped rules again, in this order,
    and the rule speaks while it is active, of every transaction that it fires on."""
    by_partition = defaultdict(list)
    for decision in bodies(bootstrap, topics.DECISIONS):
        ref = "{name}@{version}".format(**decision["ruleset"])
        said = any(reason["code"] == "HIGH" for reason in decision["reasons"])
        assert said is (ref == "mine@3" and decision["amount_minor"] >= 15_000)
        by_partition[decision["src"]["partition"]].append((decision["src"]["offset"], ref))
    for partition in PARTITIONS:
        refs = [ref for _, ref in sorted(by_partition[partition])]
        changes = [ref for at, ref in enumerate(refs) if at == 0 or ref != refs[at - 1]]
        assert changes == ["baseline@1", "mine@2", "mine@3", "baseline@1"]
