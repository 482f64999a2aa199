"""Searches in flat bytes against lists: ids of few different bytes, so that matches straddle."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from models.windows import ledger
from models.windows.layout import count_distinct, highest, is_last, last_of
from models.windows.ledger import RECORD, Seen
from models.windows.spec import LATENESS_MS
from models.windows.verdicts import Verdict, Verdicts

ID = st.sampled_from([b"\0" * 8, b"\0" * 7 + b"\1", b"\1" + b"\0" * 7, b"\0\1" * 4, b"\1\0" * 4])
IDS = st.lists(ID, max_size=12)


@given(IDS, ID)
def test_an_id_is_found_at_whole_places_alone(ids, other):
    others = bytearray(b"".join(ids))
    places = [at for at, one in enumerate(ids) if one == other]
    assert last_of(others, other) == (places[-1] if places else -1)
    for at, one in enumerate(ids):
        assert is_last(others, at) is (one not in ids[at + 1 :])
        assert count_distinct(others, at, len(ids)) == len(set(ids[at:]))


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(0, 12))
def test_the_highest_is_the_newest_of_the_largest(amounts, first):
    first = min(first, len(amounts))
    window = amounts[first:]
    wanted = max(
        (at for at, x in enumerate(amounts) if at >= first and x == max(window)), default=-1
    )
    assert highest(array("q", amounts), first, len(amounts)) == wanted


@given(st.lists(st.tuples(ID, ID, st.integers(0, 3 * LATENESS_MS)), max_size=20))
def test_a_ledger_knows_the_newest_record_of_an_id_within_the_lateness(records):
    shown, known, newest = bytearray(), {}, None
    for key, content, time in records:
        newest = time if newest is None else max(newest, time)
        ledger.add(shown, ledger.place(shown, key), (key, content, time), newest)
        known[key] = (content, time)
        for one, (held, at_time) in known.items():
            at = ledger.place(shown, one)
            live = at_time >= newest - LATENESS_MS
            seen = ledger.judge(shown, at, held, newest) if at >= 0 else Seen.NEW
            assert seen is (Seen.REPEAT if live else Seen.NEW)
    assert ledger.check(bytes(shown)) == shown
    assert len(shown) <= RECORD.size * len(known)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.integers(0, 2), st.sampled_from("xyz"), st.booleans(),
            st.integers(1, 9), st.integers(0, 5),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_verdicts_restored_from_their_bytes_go_on_the_same(items):
    kept, again, expiry = Verdicts(), Verdicts(), 0
    for transaction_id, observed_at, outcome_id, fraud, event_time, later in items:
        expiry = max(expiry, later)
        for verdicts in (kept, again):
            verdicts.apply(
                transaction_id, Verdict(observed_at, outcome_id, fraud, event_time), expiry
            )
        assert again.pack(expiry) == kept.pack(expiry)
        again = Verdicts.unpack(kept.pack(expiry))
        assert again.frauds == kept.frauds == sorted(kept.frauds)
