"""Whatever is done to a recorded chain is found: altered, dropped, inserted, swapped, rewritten."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.audit.chain import Chain, Head, digest, verify

WORDS = st.text("abc é\u2028", max_size=5)
CONTENTS = st.lists(
    st.fixed_dictionaries({"what": WORDS, "threshold": st.floats(0, 1), "model": st.none()}),
    min_size=2, max_size=9,
)  # fmt: skip
Entries = list[dict[str, Any]]


def chained(contents: Entries) -> Entries:
    chain = Chain()
    return [chain.append(one) for one in contents]


def head(entries: Entries) -> Head:
    return Head(entries[-1]["number"], entries[-1]["hash"])


def rewritten(entries: Entries) -> Entries:
    """All links made anew, as somebody would who can write the whole topic."""
    link = ("number", "previous", "hash")
    return chained([{k: v for k, v in one.items() if k not in link} for one in entries])


@given(CONTENTS)
def test_what_was_recorded_is_whole(contents: Entries) -> None:
    entries = chained(contents)
    assert verify(entries, head(entries)) == []
    assert verify(entries, head(entries[:1])) == []
    assert rewritten(entries) == entries


@given(CONTENTS, st.data())
def test_a_learner_that_died_may_repeat_itself(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    end = data.draw(st.integers(1, len(entries)))
    start = data.draw(st.integers(0, end - 1))
    assert verify(entries[:end] + entries[start:], head(entries)) == []


@given(CONTENTS, st.data())
def test_an_altered_entry_is_named(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    at = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(sorted(set(entries[at]) - {"number"})))
    entries[at] = entries[at] | {name: "another"}
    found = verify(entries)
    assert (found[0].number, found[0].kind) == (at, "ALTERED")
    assert f"entry {at} was altered" in found[0].text


@given(CONTENTS, st.data())
def test_an_altered_entry_with_a_hash_to_match_breaks_the_link(
    contents: Entries, data: st.DataObject
) -> None:
    entries = chained(contents)
    noted = head(entries)
    at = data.draw(st.integers(0, len(entries) - 1))
    forged = entries[at] | {"what": "nobody did anything"}
    entries[at] = forged | {"hash": digest(forged)}
    found = verify(entries, noted)
    assert found[0].number == min(at + 1, len(entries) - 1)
    assert found[0].kind == "REPLACED"


@given(CONTENTS, st.data())
def test_a_dropped_entry_is_named(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    noted = head(entries)
    at = data.draw(st.integers(0, len(entries) - 1))
    del entries[at]
    found = verify(entries, noted)
    assert (found[0].number, found[0].kind) == (at, "MISSING")
    tail = at == len(contents) - 1
    assert (verify(entries) == []) == tail  # only a noted head tells that the end is gone


@given(CONTENTS, st.data())
def test_an_inserted_entry_is_named(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    at = data.draw(st.integers(1, len(entries)))
    number = data.draw(st.integers(0, len(entries) - 1))
    link = {"number": number, "what": "nothing", "previous": entries[at - 1]["hash"]}
    forged = {**entries[0], **link}
    entries.insert(at, forged | {"hash": digest(forged)})
    found = verify(entries)
    assert found
    assert found[0].number <= max(number, at)


@given(CONTENTS, st.data())
def test_swapped_entries_are_named(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    one, other = sorted(data.draw(st.permutations(range(len(entries))))[:2])
    entries[one], entries[other] = entries[other], entries[one]
    found = verify(entries)
    assert (found[0].number, found[0].kind) == (one, "MISSING")
    assert one in {fault.number for fault in found if fault.kind == "MOVED"}


@given(CONTENTS, st.data())
def test_a_chain_written_anew_has_another_head(contents: Entries, data: st.DataObject) -> None:
    entries = chained(contents)
    at = data.draw(st.integers(0, len(entries) - 1))
    forged = [*entries]
    forged[at] = forged[at] | {"what": entries[at]["what"] + "!"}
    forged = rewritten(forged)
    assert verify(forged) == []
    (found,) = verify(forged, head(entries))
    assert (found.number, found.kind) == (len(entries) - 1, "REPLACED")


@given(CONTENTS)
def test_a_chain_goes_on_from_its_data(contents: Entries) -> None:
    chain = Chain()
    first = [chain.append(one) for one in contents[:1]]
    again = Chain(*chain.data())
    assert first + [again.append(one) for one in contents[1:]] == chained(contents)
