"""The topic table holds together."""

from schemas import topics
from schemas.avro_schemas import NAMES
from schemas.topics import DAY_MS, HOUR_MS, MAX_MESSAGE_BYTES, TOPICS, topic

EVENT_TOPICS = [row for row in TOPICS.values() if row.values]
CHANGELOGS = [row for row in TOPICS.values() if not row.values]


def test_every_constant_is_in_the_table() -> None:
    named = {v for k, v in vars(topics).items() if k.isupper() and str(v).startswith("fraud.")}
    assert named == {row.name for row in EVENT_TOPICS}


def test_every_event_has_exactly_one_topic() -> None:
    assert sorted(v for row in EVENT_TOPICS for v in row.values) == sorted(NAMES)


def test_partitions() -> None:
    assert {row.name: row.partitions for row in EVENT_TOPICS} == {
        topics.TRANSACTIONS: 4,
        topics.ACTIVITY: 4,
        topics.DECISIONS: 4,
        topics.ALERTS: 4,
        topics.LABELS: 4,
        topics.OUTCOMES: 1,
        topics.MODELS: 1,
        topics.AUDIT: 1,
        topics.DRIFT_COUNTS: 1,
        topics.DRIFT: 1,
        topics.DEAD_LETTERS: 1,
    }


def test_labels_meet_their_decisions() -> None:
    decisions, labels = topic(topics.DECISIONS), topic(topics.LABELS)
    assert (
        (decisions.key, decisions.partitions) == (labels.key, labels.partitions) == ("card_id", 4)
    )
    assert decisions.retention_ms >= 120 * DAY_MS


def test_changelogs_match_their_inputs() -> None:
    inputs = {
        "fraud-hot-profile-changelog": topics.TRANSACTIONS,
        "fraud-hot-score-changelog": topics.ACTIVITY,
        "fraud-hot-alert-changelog": topics.DECISIONS,
        "fraud-join-join-changelog": topics.DECISIONS,
        "fraud-learn-learn-changelog": topics.OUTCOMES,
        "fraud-drift-decisions-changelog": topics.DECISIONS,
        "fraud-drift-arrivals-changelog": topics.ACTIVITY,
        "fraud-drift-merge-changelog": topics.DRIFT_COUNTS,
        "fraud-drift-outcomes-changelog": topics.OUTCOMES,
        "fraud-drift-act-changelog": topics.DRIFT,
        "fraud-verify-verify-changelog": topics.ACTIVITY,
    }
    assert {row.name for row in CHANGELOGS} == set(inputs)
    for row in CHANGELOGS:
        assert row.partitions == topic(inputs[row.name]).partitions


def test_event_topics_use_the_brokers_clock() -> None:
    for row in EVENT_TOPICS:
        assert row.config()["message.timestamp.type"] == "LogAppendTime", row.name


def test_compacted_topics_keep_an_hour_and_never_expire() -> None:
    for row in TOPICS.values():
        config = row.config()
        if row.cleanup == "compact":
            assert int(config["min.compaction.lag.ms"]) >= HOUR_MS
            assert config["retention.ms"] == "-1"
        assert (row.cleanup == "compact") == (row in CHANGELOGS or row.name == topics.MODELS)


def test_large_records_pass() -> None:
    for name in (topics.MODELS, topics.DEAD_LETTERS):
        assert topic(name).config()["max.message.bytes"] == str(MAX_MESSAGE_BYTES)


def test_every_row_has_a_reason_and_text_settings() -> None:
    for row in TOPICS.values():
        assert len(row.reason) > 20, row.name
        assert row.key
        assert all(isinstance(value, str) for value in row.config().values())
