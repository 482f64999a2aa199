"""Point-in-time rows are those that the stream's own stages score, to the bit."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from models.features import FEATURES
from models.point_in_time import UNKNOWN, PointInTime
from tests.unit.models.replay_world import DAY, START, arrivals, label, transaction
from tests.unit.streams.whole_stream import decided

HOUR = 3_600_000
WITHOUT_MODEL = ("profile", "score", "join")  # features need none
Arrivals = list[tuple[str, int, dict[str, Any]]]


def folded(found: Arrivals) -> tuple[PointInTime, dict[str, list[float | None]]]:
    """The fold after everything, and the first row of each transaction."""
    fold, rows = PointInTime(), {}
    for event, at, record in found:
        if event == "label":
            fold.label(record, at)
            continue
        row = fold.transaction(record, at)
        if row is not None:
            rows[record["transaction_id"]] = list(row)
    return fold, rows


def bits(row: list[float | None]) -> list[bytes | None]:
    return [None if value is None else struct.pack("<d", value) for value in row]


def untidy(many: int, seed: int) -> Arrivals:
    """As live: late and repeated transactions, conflicts, labels that turn or repeat."""
    rng, found = random.Random(seed), arrivals(many, seed=seed, delay=30 * HOUR)
    for event, at, record in list(found):
        chance = rng.random()
        if event == "transaction" and chance < 0.05:
            late = record | {"transaction_id": record["transaction_id"] + "late",
                             "event_time": at - rng.randrange(40 * HOUR)}  # fmt: skip
            again = record | {"amount_minor": record["amount_minor"] + (chance < 0.02)}
            found += [("transaction", at, late), ("transaction", at + HOUR, again)]
        if event == "label" and chance < 0.1:
            turned = "FRAUD" if record["label"] == "LEGITIMATE" else "LEGITIMATE"
            when = at + rng.randrange(5 * HOUR)
            more = {"label": turned, "observed_at": when, "label_id": record["label_id"] + "turned"}
            found += [("label", when, record | more), ("label", at, record)]
    return sorted(found, key=lambda arrival: (arrival[1], arrival[0] == "transaction"))


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_the_features_of_the_streams_decisions(seed: int) -> None:
    found = untidy(300, seed)
    fold, rows = folded(found)
    decisions = {
        decision["transaction_id"]: decision for decision in decided(found, *WITHOUT_MODEL)
    }
    assert rows.keys() == decisions.keys()
    assert fold.counts["repeats"] > 2
    assert fold.counts["CONFLICTING_DUPLICATE"] > 2
    for identity, row in rows.items():
        features = decisions[identity]["features"]
        assert tuple(features) == FEATURES.names
        assert bits(row) == bits(list(features.values())), identity


def test_truth_is_the_label_that_stands() -> None:
    found = untidy(200, 7)
    fold, rows = folded(found)
    last: dict[str, dict[str, Any]] = {}
    for event, _, record in found:
        if event == "label":
            known = last.get(record["transaction_id"])
            if known is None or record["observed_at"] > known["observed_at"]:
                last[record["transaction_id"]] = record
    for ordinal, identity in enumerate(rows):
        if identity in last:
            assert fold.truth[ordinal] == (last[identity]["label"] == "FRAUD")
            assert fold.observed_at[ordinal] == last[identity]["observed_at"]
        else:
            assert (fold.truth[ordinal], fold.observed_at[ordinal]) == (UNKNOWN, 0)


@pytest.mark.parametrize(("late", "known"), [(0, 1.0), (1, 0.0)])
def test_a_label_one_millisecond_late_is_in_no_row(late: int, known: float) -> None:
    first = transaction(0, START)
    second = transaction(3, START + DAY)  # the same terminal
    told = START + DAY + late
    found: Arrivals = [
        ("transaction", START, first), ("label", told, label(first, "FRAUD", told)),
        ("transaction", START + DAY, second),
    ]  # fmt: skip
    found.sort(key=lambda arrival: (arrival[1], arrival[0] == "transaction"))
    fold, rows = folded(found)
    assert rows["t3"][FEATURES.names.index("terminal_known_frauds_3d")] == known
    assert list(fold.truth) == [1, UNKNOWN]


def test_a_label_waits_for_its_transaction() -> None:
    event = transaction(0, START)
    fold = PointInTime()
    fold.label(label(event, "FRAUD", START), START)
    fold.transaction(event, START)
    assert list(fold.truth) == [1]
    fold.label(label(event, "INCONCLUSIVE", START + 5), START + 5)
    assert list(fold.truth) == [1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event_time": START + DAY}, "FUTURE"),
        ({"event_time": START - 3 * DAY}, "TOO_LATE"),
        ({"currency": "QQQ"}, "UNKNOWN_CURRENCY"),
        ({"card_id": "4111111111111111"}, "PAN_DETECTED"),
    ],
)
def test_what_the_stream_refuses_has_no_row(changes: dict[str, Any], code: str) -> None:
    fold = PointInTime()
    assert fold.transaction(transaction(0, START, **changes), START) is None
    assert fold.counts[code] == 1
    assert len(fold.truth) == 0
