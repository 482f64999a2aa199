"""`fraud explain` over a log in memory: its windows are those of the features, its sums add up."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from models.features import FEATURES
from schemas import topics
from streams.cli.explain_text import described
from streams.explain.explanation import OtherFeatures, explain
from streams.explain.found import DecisionUnknown
from streams.history.memory import MemoryLog
from streams.in_process import InProcessLog
from streams.records import LogRecord
from streams.wire import codec
from tests.unit.streams.altered_log import MANY, copied, world
from tests.unit.streams.test_verify_log import decided, resealed


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return world()


def test_the_events_are_those_that_the_features_were_made_from(log: InProcessLog) -> None:
    for decision in decided(log)[3::60]:
        found = explain(MemoryLog(log), decision["transaction_id"])
        assert found["rederived"] == {"card": True, "terminal": True}
        features = {one["feature"]: one for one in found["features"]}
        assert {name: one["value"] for name, one in features.items()} == decision["features"]
        for feature in FEATURES.features:
            if feature.aggregation == "count":
                window = found["windows"][features[feature.name]["window"]]
                assert len(window["events"]) == decision["features"][feature.name]
                assert feature.name in window["features"]


def test_known_frauds_are_marked_as_they_were_known(log: InProcessLog) -> None:
    seen = 0
    for decision in decided(log)[-60::10]:
        found = explain(MemoryLog(log), decision["transaction_id"])
        window = found["windows"]["terminal 30d"]
        of = {one["transaction_id"]: one["known"] for one in found["events"]["terminal"]}
        frauds = [one for one in window["events"] if of[one] == "FRAUD"]
        assert len(frauds) == decision["features"]["terminal_known_frauds_30d"]
        seen += len(frauds)
    assert seen > 0


def test_the_parts_sum_to_the_score_on_record(log: InProcessLog) -> None:
    scored = [one for one in decided(log) if one["model"]][::90]
    assert scored
    for decision in scored:
        parts = explain(MemoryLog(log), decision["transaction_id"])["model_parts"]
        assert parts["score"] == decision["score"]
        total = parts["bias"] + parts["held"]
        total += math.fsum(one["log_odds"] for one in parts["contributions"])
        score = decision["score"]
        assert total == pytest.approx(math.log(score / (1.0 - score)), abs=1e-9)


def test_rules_control_and_labels_are_those_of_the_decision(log: InProcessLog) -> None:
    memory = MemoryLog(log)
    by_rules = next(one for one in decided(log) if one["model"] is None)
    found = explain(memory, by_rules["transaction_id"])
    assert found["model_parts"] is None
    assert found["labels"][0]["transaction_id"] == by_rules["transaction_id"]
    assert found["outcomes"][0]["label"] == found["labels"][0]["label"]
    stricter = [one for one in decided(log) if one["ruleset"]["name"] == "stricter"][-1]
    found = explain(memory, stricter["transaction_id"])
    assert [rule["code"] for rule in found["rules"]] == ["LARGE"]
    assert found["control"]["sequence"] > 0
    assert found["on_record"]["intact"] is True
    assert found["labels"] == found["outcomes"] == []
    json.dumps(found, allow_nan=False)


def test_the_text_says_all_of_it(log: InProcessLog) -> None:
    reviewed = [one for one in decided(log) if one["decision"] == "REVIEW" and one["model"]]
    for decision in (reviewed[-1], decided(log)[0]):
        found = explain(MemoryLog(log), decision["transaction_id"])
        text = described(found)
        assert text.startswith(f"{decision['decision']}  transaction {decision['transaction_id']}")
        for reason in decision["reasons"]:
            assert f"{reason['code']}: {reason['text']}" in text
        assert "another decision would have come" in text
        assert "window card 30d: " in text
    gone = described(found | {"rederived": None})
    assert "the activity is gone from the log" in gone
    assert "features of card" in described(found | {"rederived": {"card": False, "terminal": True}})


def without(topic: str, records: list[LogRecord]) -> list[LogRecord]:
    """Some records emptied: what a reader finds where others were."""
    return [record._replace(value=b"") if record.topic == topic else record for record in records]


def test_without_the_activity_the_record_is_explained_alone(log: InProcessLog) -> None:
    decision = next(one for one in decided(log) if one["model"])
    emptied = copied(log, lambda rs: without(topics.ACTIVITY, rs), topics.ACTIVITY)
    found = explain(emptied, decision["transaction_id"])
    assert found["rederived"] is None
    assert found["windows"] == {}
    assert found["model_parts"]["score"] == decision["score"]
    assert found["would_change"]["nearest"]


def test_an_altered_record_says_so(log: InProcessLog) -> None:
    value = log.partitions[topics.DECISIONS, 0][0].value or b""
    broken = value[:-1] + bytes([value[-1] ^ 1])
    changed = copied(
        log, lambda rs: [r._replace(value=broken) if r.value == value else r for r in rs]
    )
    found = explain(changed, codec.decode(value)[1]["transaction_id"])
    assert found["on_record"]["intact"] is False
    assert "ALTERED" in described(found)


def test_repeats_are_counted(log: InProcessLog) -> None:
    twice = copied(log, lambda rs: [*rs, *rs])
    assert explain(twice, "t1")["on_record"]["repeats"] == 1


@pytest.mark.parametrize("changes", [{"feature_spec": "other"}, {"logic_version": 0}])
def test_what_other_code_decided_is_refused(log: InProcessLog, changes: dict[str, Any]) -> None:
    first = log.partitions[topics.DECISIONS, 0][0]
    name = codec.decode(first.value or b"")[1]["transaction_id"]
    changed = copied(log, lambda rs: [resealed(r, **changes) for r in rs])
    with pytest.raises(OtherFeatures, match=f"{name}: {next(iter(changes))}"):
        explain(changed, name)


def test_an_unknown_transaction_is_an_error(log: InProcessLog) -> None:
    with pytest.raises(DecisionUnknown, match=f"t{MANY}.*dead-letters"):
        explain(MemoryLog(log), f"t{MANY}")
