"""Rows come back as they were, and only the last are held."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.replay_rows import Rows

VALUES = st.none() | st.floats(allow_nan=False)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=30), st.integers(1, 20))
@settings(max_examples=50)
def test_the_last_rows_come_back(found: list[tuple[float | None, ...]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.replay_rows._CHUNK", 4)
        rows = Rows(3, limit)
        for row in found:
            rows.add(row)
        back = [rows.row(ordinal) for ordinal in range(len(found) + 3)]
    held = [ordinal for ordinal, row in enumerate(back) if row is not None]
    assert all(back[ordinal] == list(found[ordinal]) for ordinal in held)
    assert held == list(range(len(found) - len(held), len(found)))  # the last, without a gap
    assert min(limit, len(found)) <= len(held) <= limit + 2 * 4


def test_nan_comes_back_as_missing() -> None:
    rows = Rows(2)
    rows.add((math.nan, -0.0))
    found = rows.row(0)
    assert found is not None
    assert found[0] is None
    assert str(found[1]) == "-0.0"
