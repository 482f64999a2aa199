"""A model is what its log says: rebuilt to the bit, and as it would have been without labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.features import FEATURES
from schemas import topics
from streams.history.altered import Altered, FinalLabels
from streams.history.left_out import LeftOut
from streams.history.memory import MemoryLog
from streams.history.rebuild import (
    NothingToRebuild,
    Rebuilt,
    Request,
    corrected_features,
)
from streams.history.versions import ModelUnknown, Versions
from streams.in_process import InProcessLog
from streams.records import LogRecord
from streams.wire import codec
from tests.unit.streams.labelled_stream import rebuilt, run
from tests.unit.streams.whole_stream import bodies

MANY = 800
CUSTOMERS = LeftOut.parse(["source=CUSTOMER"])


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return run(MANY)


@pytest.fixture(scope="module")
def without_customers() -> InProcessLog:
    """The world in which no customer ever called."""
    return run(MANY, keep=lambda label: label["source"] != "CUSTOMER")


@pytest.fixture(scope="module")
def whole(log: InProcessLog) -> Rebuilt:
    return rebuilt(MemoryLog(log), Request())


class Cut(MemoryLog):
    """A log whose topics have lost their first records to retention."""

    def __init__(self, log: InProcessLog, lost: dict[str, int]) -> None:
        super().__init__(log)
        self.lost = lost

    def begin(self, topic: str, partition: int = 0) -> int:
        return self.lost.get(topic, super().begin(topic, partition))


def logistic(log: InProcessLog) -> list[Any]:
    return Versions(MemoryLog(log)).of("logistic")


def test_every_version_is_rebuilt_with_its_hash(log: InProcessLog, whole: Rebuilt) -> None:
    assert whole.equals
    assert len(whole.equal) == len(Versions(MemoryLog(log)).all) > 1
    assert whole.counts["outcomes"] == len(log.read(topics.OUTCOMES))
    assert whole.counts["left_out"] == whole.counts["refused"] == 0
    assert whole.decisions_corrected is None


def test_the_manifest_is_the_published_one(log: InProcessLog, whole: Rebuilt) -> None:
    versions = Versions(MemoryLog(log))
    one = versions.get(whole.snapshot["name"], whole.snapshot["version"])
    assert one is not None
    assert versions.snapshot(one) == whole.snapshot


def test_as_of_an_offset_it_is_the_last_version_by_then(log: InProcessLog) -> None:
    first, second, *_ = logistic(log)
    for offset, expected in ((second.number - 1, first), (second.number, second)):
        found = rebuilt(MemoryLog(log), Request(offset=offset, name="logistic"))
        assert found.equals
        assert found.snapshot["sha256"] == expected.manifest["sha256"]


def test_as_of_a_time_counts_what_the_log_had_then(log: InProcessLog) -> None:
    first, second, *_ = logistic(log)
    at = log.partitions[topics.OUTCOMES, 0][second.number].timestamp
    for moment, expected in ((at - 1, first), (at, second)):
        found = rebuilt(MemoryLog(log), Request(at=moment, name="logistic"))
        assert found.snapshot["sha256"] == expected.manifest["sha256"]


@pytest.mark.parametrize("request_", [Request(offset=3), Request(at=0), Request(name="nobody")])
def test_no_model_by_then_is_said(log: InProcessLog, request_: Request) -> None:
    with pytest.raises(NothingToRebuild, match="a version published by that point"):
        rebuilt(MemoryLog(log), request_)


def test_a_log_without_its_beginning_cannot_be_refolded(log: InProcessLog) -> None:
    with pytest.raises(NothingToRebuild, match="from offset 0, got 7"):
        rebuilt(Cut(log, {topics.OUTCOMES: 7}), Request())


def with_models(log: InProcessLog, change: Callable[[LogRecord], bytes | None]) -> InProcessLog:
    """The same log with other bytes on `fraud.models`."""
    other = InProcessLog(clock=lambda: 0)
    for (topic, partition), records in log.partitions.items():
        for record in records:
            value = change(record) if topic == topics.MODELS else record.value
            other.append(topic, record.key, value, partition=partition)
    return other


def test_a_published_version_that_differs_is_named(log: InProcessLog) -> None:
    first = logistic(log)[0]

    def forged(record: LogRecord) -> bytes | None:
        if record.offset not in first.parts.values():
            return record.value
        name, body = codec.decode(record.value or b"")
        return codec.encode(name, body | {"sha256": "0" * 64})

    found = rebuilt(MemoryLog(with_models(log, forged)), Request())
    assert not found.equals
    assert found.differing == [first.ref]


def test_what_a_lagging_learner_has_not_published_is_not_held_against_it(log: InProcessLog) -> None:
    *_, before, last = logistic(log)
    late = last.parts[0]
    lagging = with_models(log, lambda record: record.value if record.offset < late else b"")
    found = rebuilt(MemoryLog(lagging), Request())
    assert found.equals
    assert found.snapshot["sha256"] == before.manifest["sha256"]
    assert last.ref in found.unpublished


def test_a_version_that_the_log_does_not_make_is_missing(log: InProcessLog) -> None:
    first = logistic(log)[0]

    def renamed(record: LogRecord) -> bytes | None:
        if record.offset not in first.parts.values():
            return record.value
        name, body = codec.decode(record.value or b"")
        return codec.encode(name, body | {"name": "stranger"})

    found = rebuilt(MemoryLog(with_models(log, renamed)), Request())
    assert not found.equals
    assert found.missing == [f"stranger@{first.number}"]


def test_without_some_labels_it_is_the_model_of_a_world_without_them(
    log: InProcessLog, without_customers: InProcessLog
) -> None:
    """Features included: what those labels fed at terminals is derived again."""
    found = rebuilt(MemoryLog(log), Request(without=CUSTOMERS, name="logistic"))
    assert found.counts["left_out"] == sum(
        outcome["source"] == "CUSTOMER" for outcome in bodies(log, topics.OUTCOMES)
    )
    assert found.decisions_corrected
    hashes = [one.manifest["sha256"] for one in logistic(without_customers)]
    assert found.snapshot["sha256"] == hashes[-1]
    assert found.snapshot["sha256"] not in [one.manifest["sha256"] for one in logistic(log)]


def test_the_features_are_those_of_a_world_without_the_labels(
    log: InProcessLog, without_customers: InProcessLog
) -> None:
    request = Request(without=CUSTOMERS)
    features = corrected_features(MemoryLog(log), request, lambda *_: None)
    altered = Altered(CUSTOMERS, None, features)
    expected = {
        o["transaction_id"]: o["features"] for o in bodies(without_customers, topics.OUTCOMES)
    }
    changed = 0
    for offset, outcome in enumerate(bodies(log, topics.OUTCOMES)):
        told = altered(offset, outcome)
        if told is not None:
            assert told["features"] == expected[told["transaction_id"]]
            assert list(told["features"]) == list(FEATURES.names)
            changed += told["features"] != outcome["features"]
    assert changed > 0


def test_without_the_beginning_of_the_activity_features_stay_as_scored(log: InProcessLog) -> None:
    found = rebuilt(Cut(log, {topics.ACTIVITY: 1}), Request(without=CUSTOMERS, name="logistic"))
    assert found.decisions_corrected is None


def test_labels_that_nobody_wrote_leave_everything_as_it_was(
    log: InProcessLog, whole: Rebuilt
) -> None:
    found = rebuilt(MemoryLog(log), Request(without=LeftOut.parse(["card_id=nobody"])))
    assert found.snapshot["sha256"] == whole.snapshot["sha256"]


def test_final_labels_take_the_place_of_first_ones() -> None:
    def outcome(transaction: str, label: str, observed_at: int) -> dict[str, Any]:
        return {
            "card_id": "c", "transaction_id": transaction, "label": label, "weight": 1.0,
            "observed_at": observed_at, "outcome_id": f"{transaction}{label}", "source": "ISSUER",
            "label_id": f"{transaction}{label}", "presumed": False,
        }  # fmt: skip

    told = [
        outcome("a", "LEGITIMATE", 10), outcome("b", "FRAUD", 11), outcome("a", "FRAUD", 20),
        outcome("b", "LEGITIMATE", 90), outcome("c", "FRAUD", 91),
    ]  # fmt: skip
    final = FinalLabels(as_of=50)
    for offset, one in enumerate(told):
        final.note(offset, one)
    for _ in range(2):  # a function of the offset: a second reading gives the same
        found = [final.final(offset, one) for offset, one in enumerate(told)]
        assert [one and (one["transaction_id"], one["label"]) for one in found] == [
            ("a", "FRAUD"), ("b", "FRAUD"), None, None, None,
        ]  # fmt: skip


def test_final_labels_of_a_log_without_reversals_change_nothing(
    log: InProcessLog, whole: Rebuilt
) -> None:
    last = max(outcome["observed_at"] for outcome in bodies(log, topics.OUTCOMES))
    assert rebuilt(MemoryLog(log), Request(labels_as_of=last)).snapshot == whole.snapshot
    earlier = rebuilt(MemoryLog(log), Request(labels_as_of=last - 300 * 60_000, name="logistic"))
    assert earlier.counts["left_out"] > 50


def test_an_unknown_version_is_named_with_those_that_are(log: InProcessLog) -> None:
    versions = Versions(MemoryLog(log))
    assert versions.find("logistic") == logistic(log)[-1]
    assert versions.find(logistic(log)[0].ref) == logistic(log)[0]
    with pytest.raises(ModelUnknown, match=logistic(log)[0].ref):
        versions.find("logistic@7")
    with pytest.raises(ModelUnknown, match="logistic"):
        versions.find("nobody")


def test_progress_is_told(log: InProcessLog) -> None:
    told: list[tuple[str, int, int]] = []
    rebuilt(MemoryLog(log), Request(without=CUSTOMERS), lambda *one: told.append(one))
    assert {what for what, _, _ in told} == {"deriving features again", "folding"}
    assert all(0 < done <= total for _, done, total in told)
