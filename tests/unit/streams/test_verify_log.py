"""`fraud verify` over a log in memory: what is as it was passes, whatever was changed is found."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from streams.history.memory import MemoryLog
from streams.in_process import InProcessLog
from streams.records import LogRecord
from streams.verify.log import NoBeginning, Request, Verified, verify
from streams.verify.recorded import Place, Recorded
from streams.verify.sealed import BROKEN, digest_of, source_of, stated
from streams.wire import codec
from tests.unit.streams.altered_log import MANY, copied, world


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return world()


def decided(log: InProcessLog) -> list[dict[str, Any]]:
    return [codec.decode(record.value or b"")[1] for record in log.read(topics.DECISIONS)]


def test_a_world_with_changes_and_late_events_verifies(log: InProcessLog) -> None:
    decisions = decided(log)
    models = {(one["model"]["name"], one["model"]["version"]) for one in decisions if one["model"]}
    assert len(models) >= 3
    assert {one["ruleset"]["name"] for one in decisions} == {"baseline", "stricter"}
    assert sum(one["late"] for one in decisions) > 3
    assert {one["channel"] for one in decisions} == {"ecommerce", None}
    assert verify(MemoryLog(log)) == Verified(checked=MANY)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_altered_byte_of_any_decision_is_found_and_named(
    log: InProcessLog, data: st.DataObject
) -> None:
    records = [r for r in log.read(topics.DECISIONS) if r.value]
    victim = data.draw(st.sampled_from(records))
    value = bytearray(victim.value or b"")
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    found = verify(copied(log, lambda kept: [swapped(one, victim, bytes(value)) for one in kept]))
    assert 1 <= found.mismatches <= 2, "where it says that it came from is two"
    assert found.first is not None
    true = source_of(victim.value or b"")
    place = Place(victim.partition, victim.offset)
    assert found.first.source == true or found.first.place == place


def swapped(one: LogRecord, victim: LogRecord, value: bytes) -> LogRecord:
    same = (one.partition, one.offset) == (victim.partition, victim.offset)
    return one._replace(value=value) if same else one


def test_a_change_is_named_with_both_sides(log: InProcessLog) -> None:
    def change(records: list[LogRecord]) -> list[LogRecord]:
        return [resealed(r, score=0.25) if r.partition == 2 and r.offset == 5 else r
                for r in records]  # fmt: skip

    found = verify(copied(log, change))
    assert found.mismatches == 1
    assert found.first is not None
    before = log.partitions[topics.DECISIONS, 2][5]
    assert found.first.kind == "differs"
    assert found.first.place == Place(2, 5)
    decision = codec.decode(before.value or b"")[1]
    assert found.first.transaction_id == decision["transaction_id"]
    assert found.first.fields.keys() == {"score", "fingerprint"}
    assert found.first.fields["score"] == {"recorded": 0.25, "derived": decision["score"]}
    text = str(found.first)
    assert f"recorded 0.25, derived {decision['score']!r}" in text


def resealed(record: LogRecord, **changes: Any) -> LogRecord:
    """A decision that says something else and has a fingerprint of its own."""
    body = codec.decode(record.value or b"")[1] | changes
    del body["fingerprint"]
    return record._replace(value=codec.encode_decision(body))


def test_a_broken_fingerprint_is_called_altered(log: InProcessLog) -> None:
    def change(records: list[LogRecord]) -> list[LogRecord]:
        value = records[0].value or b""
        return [records[0]._replace(value=value[:-1] + bytes([value[-1] ^ 1])), *records[1:]]

    found = verify(copied(log, change))
    assert found.mismatches == 4
    assert found.first is not None
    assert found.first.kind == "altered"
    assert found.first.fields.keys() == {"fingerprint"}


def test_a_missing_decision_is_a_mismatch_or_waits(log: InProcessLog) -> None:
    gone = source_of(log.partitions[topics.DECISIONS, 1][7].value or b"")
    assert gone is not None
    without = copied(log, lambda rs: [r for r in rs if (r.partition, r.offset) != (1, 7)])
    found = verify(without)
    assert (found.checked, found.mismatches) == (MANY, 1)
    assert found.first is not None
    assert (found.first.kind, found.first.source) == ("missing", gone)
    assert found.first.fields["score"].keys() == {"derived"}
    later = verify(without, decided=lambda p: gone.offset if p == gone.partition else None)
    assert (later.checked, later.mismatches, later.waiting) == (MANY - 1, 0, 1)
    settled = verify(without, decided=lambda p: gone.offset + 1 if p == gone.partition else None)
    assert settled == found


def test_a_decision_of_nothing_is_extra(log: InProcessLog) -> None:
    marker = next(
        r for r in log.partitions[topics.ACTIVITY, 0]
        if (r.value or b"").startswith(codec.header("control_marker"))
    )  # fmt: skip
    for offset in (marker.offset, 10**6):
        src = {"stage": "score", "partition": 0, "offset": offset}
        found = verify(copied(log, lambda rs, src=src: [*rs, resealed(rs[0], src=src)]
                              if rs[0].partition == 0 else rs))  # fmt: skip
        assert (found.checked, found.mismatches) == (MANY + 1, 1)
        assert found.first is not None
        assert found.first.kind == "extra"


def test_what_is_no_decision_is_unreadable(log: InProcessLog) -> None:
    found = verify(copied(log, lambda rs: [*rs, rs[0]._replace(value=b"no decision")]))
    assert found.mismatches == 4
    assert found.first is not None
    assert found.first.kind == "unreadable"
    assert found.first.place == Place(0, len(log.partitions[topics.DECISIONS, 0]))


def test_repeats_are_one_unless_they_differ(log: InProcessLog) -> None:
    assert verify(copied(log, lambda rs: [*rs, *rs])) == Verified(checked=MANY, repeats=MANY)
    found = verify(copied(log, lambda rs: [*rs, resealed(rs[3], amount_minor=1)]))
    assert (found.checked, found.mismatches) == (MANY, 4)
    assert found.first is not None
    assert found.first.fields["amount_minor"]["recorded"] == 1
    assert found.first.place is not None
    first = len(log.partitions[topics.DECISIONS, found.first.place.partition])
    assert found.first.place.offset == first, "the odd one is named, not the right one"


def test_a_range_compares_its_part_alone(log: InProcessLog) -> None:
    memory = MemoryLog(log)
    per_partition = Counter(
        (one["src"]["partition"], 20 <= one["src"]["offset"] < 60) for one in decided(log)
    )
    found = verify(memory, Request((20, None), (60, None)))
    assert found == Verified(checked=sum(per_partition[p, True] for p in range(4)))
    middle = log.partitions[topics.ACTIVITY, 0][50].timestamp
    early, late = (
        verify(memory, Request(None, (None, middle))),
        verify(memory, Request((None, middle))),
    )
    assert min(early.checked, late.checked) > 0
    assert early.checked + late.checked == MANY
    assert verify(memory, Request((60, None), (20, None))).checked == 0


def test_another_world_s_decisions_differ(log: InProcessLog) -> None:
    """Without one terminal's outcomes, features differ from there on: nothing else is looked at."""
    outcome = codec.header("terminal_outcome")
    other = copied(
        log, lambda rs: [r for r in rs if not (r.value or b"").startswith(outcome)], topics.ACTIVITY
    )
    assert verify(other).mismatches > 0


def test_without_its_beginning_a_log_proves_nothing(log: InProcessLog) -> None:
    class Shortened(MemoryLog):
        def begin(self, topic: str, partition: int = 0) -> int:
            return 5 if topic == topics.ACTIVITY else super().begin(topic, partition)

    with pytest.raises(NoBeginning, match=r"fraud.activity\[0\].*--verify"):
        verify(Shortened(log))


def test_progress_is_told(log: InProcessLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.verify.log.EVERY", 50)
    told: list[tuple[str, int, int]] = []
    verify(MemoryLog(log), told=lambda *what: told.append(what))
    assert {what for what, _, _ in told} == {"reading decisions", "deriving again"}
    assert all(done <= total for _, done, total in told)


def test_the_tail_says_what_the_decoder_says(log: InProcessLog) -> None:
    for record in log.read(topics.DECISIONS):
        value = record.value or b""
        src = codec.decode(value)[1]["src"]
        assert source_of(value) == (src["partition"], src["offset"])
        assert digest_of(value) == stated(value)


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
def test_any_source_is_read_from_the_tail(log: InProcessLog, partition: int, offset: int) -> None:
    src = {"stage": "score", "partition": partition, "offset": offset}
    value = resealed(log.partitions[topics.DECISIONS, 0][0], src=src).value or b""
    assert source_of(value) == (partition, offset)


@given(st.binary(max_size=120))
def test_foreign_bytes_come_from_nowhere_or_are_broken(value: bytes) -> None:
    assert source_of(value) is None or digest_of(value) == BROKEN


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([b"a", b"b", b"c"]))),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([b"a", b"b"])), unique_by=lambda x: x[0]),
)
def test_what_is_recorded_against_a_dictionary(
    added: list[tuple[int, bytes]], derived: list[tuple[int, bytes]]
) -> None:
    recorded, naive = Recorded(100, 106), {}
    for at, (offset, letter) in enumerate(added):
        places: dict[bytes, Place] = naive.setdefault(offset, {})
        assert recorded.add(100 + offset, letter * 16, Place(3, at)) is (letter not in places)
        places.setdefault(letter, Place(3, at))
    for offset, letter in derived:
        expected = naive.get(offset)
        odd = recorded.check(100 + offset, letter * 16)
        if expected is None:
            assert odd is None
        else:
            assert odd == [place for other, place in expected.items() if other != letter]
    left = {offset for offset, _ in recorded.unchecked()}
    assert left == {100 + o for o in naive.keys() - {offset for offset, _ in derived}}
