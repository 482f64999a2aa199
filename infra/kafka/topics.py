"""The topic table made real: created where absent, compared where present, never changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, without an __all__
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from infra.errors import BrokerUnreachable, TopicMismatch, TopicsNotReady
from infra.kafka.admin import admin_client
from schemas.topics import TOPICS, Topic


@dataclass(frozen=True)
class TopicReport:
    """Which topics of the table were made just now and which were there already, in table order."""

    created: tuple[str, ...]
    present: tuple[str, ...]


def create_topics(
    bootstrap: str,
    *,
    replication: int = 1,
    topics: Iterable[Topic] = TOPICS.values(),
    seconds: float = 30.0,
) -> TopicReport:
    """Create every absent topic of the table on the cluster at ``bootstrap``.

    Idempotent, also when several processes do it at once. Returns when each partition has a
    leader, so that a producer's first record is taken. Raises TopicMismatch if a topic that was
    there has another partition count or configuration than the table, BrokerUnreachable if
    nobody answers, TopicsNotReady if the cluster refuses or is late (with ``replication`` above
    the number of brokers, say).
    """
    table = tuple(topics)
    admin = admin_client(bootstrap)
    found = _metadata(admin, bootstrap, seconds).topics
    absent = [topic for topic in table if topic.name not in found]
    _create(admin, bootstrap, absent, replication, seconds)
    _wait_for_leaders(admin, bootstrap, table, time.monotonic() + seconds)
    _compare(admin, bootstrap, table, seconds)
    created = tuple(topic.name for topic in absent)
    return TopicReport(created, tuple(t.name for t in table if t.name not in created))


def _metadata(admin: AdminClient, bootstrap: str, seconds: float) -> ClusterMetadata:
    try:
        return admin.list_topics(timeout=seconds)
    except KafkaException as failure:
        raise BrokerUnreachable(bootstrap, seconds) from failure


def _create(
    admin: AdminClient,
    bootstrap: str,
    absent: list[Topic],
    replication: int,
    seconds: float,
) -> None:
    if not absent:
        return
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication,
            config=topic.config(),
        )
        for topic in absent
    ]
    failures = []
    for name, future in admin.create_topics(wanted, operation_timeout=seconds).items():
        error = _error_of(future.exception())
        if error is not None and error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            failures.append(f"{name}: {error.str()}")
    if failures:
        raise TopicsNotReady(bootstrap, failures)


def _error_of(exception: BaseException | None) -> KafkaError | None:
    """Return Kafka's error; anything else that went wrong is raised as it is."""
    if exception is None:
        return None
    if isinstance(exception, KafkaException):
        error: KafkaError = exception.args[0]
        return error
    raise exception


def _wait_for_leaders(
    admin: AdminClient, bootstrap: str, table: tuple[Topic, ...], deadline: float
) -> None:
    while True:
        found = _metadata(admin, bootstrap, 10.0).topics
        late = [topic.name for topic in table if not _has_leaders(found.get(topic.name))]
        if not late:
            return
        if time.monotonic() > deadline:
            raise TopicsNotReady(bootstrap, [f"{name}: a partition has no leader" for name in late])
        time.sleep(0.05)


def _has_leaders(topic: TopicMetadata | None) -> bool:
    if topic is None or not topic.partitions:
        return False
    return all(partition.leader >= 0 for partition in topic.partitions.values())


def _compare(admin: AdminClient, bootstrap: str, table: tuple[Topic, ...], seconds: float) -> None:
    """Raise TopicMismatch with every difference at once, not only the first."""
    found = _metadata(admin, bootstrap, seconds).topics
    resources = [ConfigResource(ResourceType.TOPIC, topic.name) for topic in table]
    answers = admin.describe_configs(resources, request_timeout=seconds)
    configs = {
        resource.name: {key: entry.value for key, entry in future.result().items()}
        for resource, future in answers.items()
    }
    differences = [
        difference
        for topic in table
        for difference in differences_of(
            topic, len(found[topic.name].partitions), configs[topic.name]
        )
    ]
    if differences:
        raise TopicMismatch(bootstrap, differences)


def differences_of(topic: Topic, partitions: int, config: Mapping[str, str | None]) -> list[str]:
    """Return how a topic of a cluster differs from its row of the table, a line for each."""
    differences = []
    if partitions != topic.partitions:
        differences.append(
            f"{topic.name}: {topic.partitions} partitions expected, {partitions} found"
        )
    for key, wanted in topic.config().items():
        if config.get(key) != wanted:
            differences.append(f"{topic.name}: {key}={wanted} expected, {config.get(key)} found")
    return differences
