"""The six agents over the in-process log: the loop closes, and it is one fold."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from schemas import topics
from schemas.codec import decision_fingerprint
from streams.fold import fold
from streams.in_process import InProcess, InProcessLibrary, InProcessLog
from streams.wire import codec
from tests.unit.streams.whole_stream import (
    NOW,
    bodies,
    label,
    publish,
    run,
    stages,
    transaction,
)

MANY = 3_000


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return run(MANY)


def test_every_transaction_has_one_decision(log: InProcessLog) -> None:
    ids = [decision["transaction_id"] for decision in bodies(log, topics.DECISIONS)]
    assert sorted(ids) == sorted(f"t{n}" for n in range(MANY))
    assert not log.read(topics.DEAD_LETTERS)


def test_labels_become_outcomes_models_and_markers(log: InProcessLog) -> None:
    assert len(log.read(topics.OUTCOMES)) == MANY - 500
    models = [record.key for record in log.read(topics.MODELS)]
    assert models[0] == b"ruleset/baseline@1"
    assert len(models) > 2
    versions = {(d["model"] or {}).get("version") for d in bodies(log, topics.DECISIONS)}
    assert None in versions
    assert len(versions) > 2, "published models were never in force"


def test_decisions_equal_the_fold_whatever_the_batch(log: InProcessLog) -> None:
    recorded = {record.value for record in log.read(topics.DECISIONS)}
    for batch in (1, 7, 500):
        refolded = {
            value
            for p in range(4)
            for value in fold(
                p, log.partitions[topics.ACTIVITY, p], InProcessLibrary(log), batch=batch
            )
        }
        assert refolded == recorded


def test_chunks_of_publishing_do_not_change_a_card(log: InProcessLog) -> None:
    """Another chunking interleaves partitions otherwise; a card's own windows stay the same."""

    def cards(of: InProcessLog) -> dict[str, Any]:
        return {
            d["transaction_id"]: {n: v for n, v in d["features"].items() if n.startswith("card_")}
            for d in bodies(of, topics.DECISIONS)
        }

    assert cards(run(1_000, chunk=100)).items() <= cards(log).items()


def test_a_decision_explains_itself(log: InProcessLog) -> None:
    for record in log.read(topics.DECISIONS)[::50]:
        decision = codec.decode(record.value or b"")[1]
        assert decision["fingerprint"] == decision_fingerprint(decision)
        assert decision["ruleset"] == {"name": "baseline", "version": 1}
        assert (decision["decision"] == "APPROVE") or decision["reasons"]
        assert dict(record.headers)["decided_at"] == NOW.to_bytes(8, "big")


def test_a_model_takes_effect_at_one_offset_of_each_partition(log: InProcessLog) -> None:
    by_partition = defaultdict(list)
    for decision in bodies(log, topics.DECISIONS):
        version = (decision["model"] or {}).get("version", -1)
        by_partition[decision["src"]["partition"]].append((decision["src"]["offset"], version))
    for seen in by_partition.values():
        versions = [version for _, version in sorted(seen)]
        assert versions == sorted(versions), "an older model came back after a newer one"


def test_known_frauds_reach_their_terminal(log: InProcessLog) -> None:
    known = [d["features"]["terminal_known_frauds_7d"] for d in bodies(log, topics.DECISIONS)]
    assert max(value for value in known if value is not None) > 0


def test_a_fraud_taken_back_leaves_its_terminal() -> None:
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess(stages(log), log)
    first = transaction(1)
    wrong = label(first, "FRAUD")
    right = label(
        first, label_id="l2", observed_at=wrong["observed_at"] + 1, supersedes=wrong["label_id"]
    )
    for number, correction in enumerate((None, wrong, right)):
        if correction is not None:
            publish(log, topics.LABELS, "label", [correction])
            everything.run()
        later = transaction(10 + number, terminal_id=first["terminal_id"])
        publish(log, topics.TRANSACTIONS, "transaction", [first, later] if not number else [later])
        everything.run()
    known = {
        d["transaction_id"]: d["features"]["terminal_known_frauds_7d"]
        for d in bodies(log, topics.DECISIONS)
    }
    assert [known["t10"], known["t11"], known["t12"]] == [0.0, 1.0, 0.0]
    assert len(log.read(topics.OUTCOMES)) == 2


def test_a_label_before_its_transaction_waits() -> None:
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess(stages(log), log)
    publish(log, topics.LABELS, "label", [label(transaction(1), "FRAUD")])
    everything.run()
    assert not log.read(topics.OUTCOMES)
    publish(log, topics.TRANSACTIONS, "transaction", [transaction(1)])
    everything.run()
    (outcome,) = bodies(log, topics.OUTCOMES)
    assert outcome["label"] == "FRAUD"


def test_duplicates_and_repeats_are_decided_once() -> None:
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess(stages(log), log)
    publish(log, topics.TRANSACTIONS, "transaction", [transaction(1), transaction(1)])
    everything.run()
    for record in log.read(topics.ACTIVITY):
        if (record.value or b"").startswith(codec.header("activity")):
            log.append(topics.ACTIVITY, record.key, record.value, partition=record.partition)
    everything.run()
    assert len(log.read(topics.DECISIONS)) == 1
    assert not log.read(topics.DEAD_LETTERS)


def test_a_reversal_is_decided_but_not_counted() -> None:
    log = InProcessLog(clock=lambda: NOW)
    everything = InProcess(stages(log), log)
    first = transaction(1)
    same = {"card_id": first["card_id"], "terminal_id": first["terminal_id"]}
    reversal = transaction(2, message_type="0400", **same)
    publish(log, topics.TRANSACTIONS, "transaction", [first, reversal, transaction(3, **same)])
    everything.run()
    counts = {
        d["transaction_id"]: d["features"]["card_count_1d"] for d in bodies(log, topics.DECISIONS)
    }
    assert counts["t3"] == 2.0
    assert len(counts) == 3
