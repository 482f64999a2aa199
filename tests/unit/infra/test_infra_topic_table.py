"""What creating topics compares: every difference in one line with both values."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaException

from infra.errors import BrokerUnreachable, TopicMismatch
from infra.kafka.ports import free_port
from infra.kafka.topics import create_topics, differences_of
from schemas.topics import TOPICS, topic

DECISIONS = topic("fraud.decisions")


def test_a_topic_as_in_the_table_has_no_differences() -> None:
    found: dict[str, str | None] = {**DECISIONS.config(), "compression.type": "producer"}
    assert differences_of(DECISIONS, DECISIONS.partitions, found) == []


def test_partitions_and_settings_are_compared_one_by_one() -> None:
    found: dict[str, str | None] = {**DECISIONS.config(), "cleanup.policy": "compact"}
    del found["message.timestamp.type"]
    assert differences_of(DECISIONS, 1, found) == [
        "fraud.decisions: 4 partitions expected, 1 found",
        "fraud.decisions: cleanup.policy=delete expected, compact found",
        "fraud.decisions: message.timestamp.type=LogAppendTime expected, None found",
    ]


def test_the_error_lists_all_of_them_and_says_what_to_do() -> None:
    error = TopicMismatch("127.0.0.1:9092", ["a: 1 expected", "b: 2 expected"])
    assert error.differences == ("a: 1 expected", "b: 2 expected")
    assert "  - a: 1 expected\n  - b: 2 expected" in str(error)
    assert "Delete these topics" in str(error)


def test_a_cluster_that_is_not_there_is_an_error_of_ours_and_retriable() -> None:
    with pytest.raises(BrokerUnreachable, match="No Kafka broker answered") as caught:
        create_topics(f"127.0.0.1:{free_port()}", topics=TOPICS.values(), seconds=0.3)
    assert caught.value.retriable
    assert isinstance(caught.value.__cause__, KafkaException)
