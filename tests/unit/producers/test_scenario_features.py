"""What a scenario says it moves, moves: what it changes stands out in the stream's own features.

Not how a detector sees it, but that there is something to see within two days.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from models.features import FEATURES
from models.point_in_time import PointInTime
from producers.scenarios import SCENARIOS
from producers.scenarios.tables import Tables
from tests.unit.producers.scenario_worlds import DAY_MS, ONSET, drifted

TRUTH = ("transaction_id", "changed", "fraud")
FIRST = ONSET - 10 * DAY_MS
TWO_DAYS = [
    (name, subject)
    for name, scenario in SCENARIOS.items()
    for subject in scenario.subjects
    if subject in FEATURES.names and scenario.within_days == 2
]


@cache
def rows(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the two days after the onset: whether a row is changed, a fraud, and its features."""
    fold, found, made = PointInTime(), [], drifted(name)
    truth = {row[0]: row[1:] for row in made.truth.select(TRUTH).iter_rows()}
    for record in _records(made):
        row = fold.transaction(record, at=int(record["event_time"]))
        if record["event_time"] >= ONSET and row is not None:
            values = [np.nan if value is None else value for value in row]
            found.append([*truth[record["transaction_id"]], *values])
    every = np.array(found, dtype=float)
    return every[:, 0] > 0, every[:, 1] > 0, every[:, 2:]


def _records(made: Tables) -> list[dict[str, Any]]:
    times = made.transactions["event_time"]
    chosen = made.transactions.filter(times.is_between(FIRST, ONSET + 2 * DAY_MS, closed="left"))
    return [{**record, "attributes": {}} for record in chosen.iter_rows(named=True)]


def test_there_are_worlds_whose_features_move() -> None:
    assert {name for name, _ in TWO_DAYS} == {
        "card-testing", "account-takeover", "bust-out", "evader", "new-country",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "subject"), TWO_DAYS)
def test_what_is_changed_stands_out_in_the_subject(name: str, subject: str) -> None:
    changed, fraud, values = rows(name)
    of_subject = values[:, FEATURES.names.index(subject)]
    rare = np.nanquantile(of_subject[~changed & ~fraud], 0.98)
    assert np.mean(of_subject[changed] > rare) > 0.2
