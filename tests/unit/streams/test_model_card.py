"""A model's card is the log's: word for word as committed, and every number as counted by hand.

Where a card is meant to read otherwise, this writes the committed one anew:

    PYTHONPATH=. python tests/unit/streams/test_model_card.py
"""

from __future__ import annotations

import re
import statistics
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contest.protection import PRESUMED
from models.provenance import PLATFORM
from schemas import topics
from streams.cli.card import written
from streams.governance.blocks import markdown, page
from streams.governance.card import card
from streams.governance.card_page import blocks
from streams.governance.card_words import limits
from streams.governance.measured import MEASURES, by_week, spread
from streams.governance.outcomes import LABELS, SOURCES, read_outcomes, standing
from streams.history.memory import MemoryLog
from streams.history.versions import ModelUnknown
from streams.in_process import InProcessLog
from streams.wire import codec
from tests.unit.streams.governed_stream import BEHIND, MANY, history, is_fraud, paid, told
from tests.unit.streams.learning_alone import outcome
from tests.unit.streams.whole_stream import bodies

GOLDEN = Path(__file__).parent / "golden" / "card.md"


@cache
def found() -> dict[str, Any]:
    return card(history(), "logistic")


def without_hashes(text: str) -> str:
    """Weights may differ in the last bit from one processor to another; measures do not show it."""
    return re.sub(r"\b[0-9a-f]{64}\b", "HASH", text).replace(PLATFORM, "PLATFORM")


def test_the_card_reads_as_committed() -> None:
    assert without_hashes(markdown(blocks(found()))) == GOLDEN.read_text(encoding="utf-8")


def test_the_data_is_what_the_version_had_read() -> None:
    data = found()["data"]
    read = [codec.decode(r.value or b"") for r in history().read(topics.OUTCOMES)]
    learned = [
        int(body["transaction_id"][1:])
        for name, body in read[: found()["version"] + 1]
        if name == "outcome"
    ]
    assert data["frauds"] == sum(map(is_fraud, learned))
    assert data["outcomes"] == len(learned)
    assert (data["first_transaction"], data["first_label"]) == ("2023-11-13", "2023-11-14")
    assert data["last_offset"] == found()["version"]
    theirs = {source: [n for n in learned if told(n)["source"] == source] for source in SOURCES}
    assert {one["source"]: one["labels"] for one in found()["labels"]} == {
        source: len(numbers) for source, numbers in theirs.items() if numbers
    }
    delays = {one["source"]: one["delay_days"]["half"] for one in found()["labels"]}
    assert delays == {"ANALYST": 1.0, "CUSTOMER": 2.0, "CHARGEBACK": 3.0}


def test_weeks_segments_and_spread_are_those_of_its_own_decisions() -> None:
    decided = [body for body in bodies(history()._log, topics.DECISIONS) if body["model"]]
    numbers = {int(body["transaction_id"][1:]) for body in decided} & set(range(MANY - BEHIND))
    weeks = found()["weeks"]
    assert sum(week["transactions"] for week in weeks) == len(numbers)
    assert sum(week["frauds"] for week in weeks) == sum(map(is_fraud, numbers))
    dollars = [n for n in numbers if paid(n)["currency"] == "USD"]
    shown = {(one["segment"], one["value"]): one["transactions"] for one in found()["segments"]}
    assert shown["currency", "USD"] == len(dollars)
    assert shown["channel", "pos"] == sum(paid(n)["channel"] == "pos" for n in numbers)
    values = [week["auc_roc"] for week in weeks if week["frauds"] >= 20]
    measured = found()["spread"]["auc_roc"]
    assert measured["mean"] == pytest.approx(statistics.mean(values))
    assert measured["sd"] == pytest.approx(statistics.stdev(values))


def test_a_threshold_is_judged_as_it_was_then() -> None:
    rows = read_outcomes(history()).of_model("logistic")
    over = [row for row in rows if row["scores"][0] >= row["threshold"]]
    week = by_week(rows, 0)[-1]
    frauds = sum(int(row["fraud"]) for row in over)
    assert week["precision"] * len(over) == pytest.approx(frauds)  # all alerts are of that week
    assert week["recall"] * week["frauds"] == pytest.approx(frauds)


def test_a_challenger_that_never_decided_says_so() -> None:
    names = {one["name"] for one in (codec.decode(r.value or b"")[1] for r in history().read(
        topics.MODELS)) if "payload" in one} - {"logistic"}  # fmt: skip
    shown = card(history(), min(names))
    assert (shown["weeks"], shown["segments"], shown["in_force"]) == ([], [], False)
    assert "It has never decided" in limits(shown)[0]
    text = markdown(blocks(shown))
    assert "At present logistic@" in text
    assert "As the learner measured it" in text


def test_what_nobody_vouches_for_is_a_limit() -> None:
    signal = {"detector": "ADWIN", "subject": "score", "state": "FIRED"}
    other = {
        **found(), "drift": [signal], "audit_whole": False, "river_version": "0.1", "platform": "",
        "feature_spec": "f00d", "excluded": ["labels of TC40 teach nothing"],
        "data": found()["data"] | {"presumed": 75, "presumed_weight": 10.0},
    }  # fmt: skip
    said = " ".join(limits(other))
    for words in (
        "10% of the outcomes it read were presumed", "labels of TC40", "score (ADWIN)",
        "specification f00d", "River 0.1 on a platform unknown", "audit trail is broken",
    ):  # fmt: skip
        assert words in said
    recovered = [signal, signal | {"state": "RECOVERED"}]
    assert "Drift" not in " ".join(limits({**found(), "drift": recovered}))


def test_the_page_is_whole_and_safe(tmp_path: Path) -> None:
    hostile = {**found(), "approvals": [
        {"number": 1, "at": "2023-11-13", "actor": "<script>", "kind": "PROMOTE", "what": "a|b",
         "result": "DONE"}
    ]}  # fmt: skip
    text = page("card", blocks(hostile))
    assert "<svg" in text
    assert "<script" not in text
    assert "http" not in text
    assert "| \\<script> | PROMOTE | DONE | a\\|b |" in markdown(blocks(hostile))
    files = written(tmp_path / "new", "card-x", found(), blocks(found()))
    assert [Path(file).suffix for file in files] == [".md", ".html", ".json"]
    assert all(Path(file).stat().st_size > 1_000 for file in files)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ModelUnknown, match="nobody"):
        card(history(), "nobody")


VERDICTS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(LABELS), st.sampled_from(SOURCES), st.integers(0, 2)
    ),
    max_size=12,
)


@given(VERDICTS)
def test_the_last_verdict_stands(verdicts: list[tuple[int, str, str, int]]) -> None:
    """Against the rule in plain Python."""
    log, stands = InProcessLog(clock=lambda: 0), dict[str, tuple[str, str]]()
    for number, label, source, day in verdicts:
        presumed = source == PRESUMED
        label = "LEGITIMATE" if presumed else label  # noqa: PLW2901 - as the join makes them
        body = outcome(number, label=label, presumed=presumed, observed_at=day,
                       source="ISSUER" if presumed else source)  # fmt: skip
        log.append(topics.OUTCOMES, b"", codec.encode("outcome", body))
        log.append(topics.OUTCOMES, b"", codec.encode("outcome", body))  # a join that died
        before = stands.get(body["transaction_id"])
        says_nothing = label == "INCONCLUSIVE" or presumed
        if before is None or before[0] == "INCONCLUSIVE" or not says_nothing:
            stands[body["transaction_id"]] = (label, source)
    found = standing(read_outcomes(MemoryLog(log)).rows)
    expected = sorted(one for one in stands.values() if one[0] != "INCONCLUSIVE")
    assert sorted((LABELS[r["label"]], SOURCES[r["source"]]) for r in found) == expected


def test_an_empty_spread_and_an_empty_log() -> None:
    assert spread([{"frauds": 3}]) == {}
    assert len(read_outcomes(MemoryLog(InProcessLog(clock=lambda: 0))).rows) == 0
    assert set(MEASURES) >= set(found()["spread"])
    assert np.isfinite([one["mean"] for one in found()["spread"].values()]).all()


if __name__ == "__main__":
    GOLDEN.write_text(without_hashes(markdown(blocks(found()))), encoding="utf-8")
