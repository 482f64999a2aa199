"""Delays of labels, where the file ends before the last of them came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.profile.delays import Days, corrected, labelled_by, seen

delay_and_slack = st.tuples(st.integers(0, 30), st.integers(0, 40))


def naive_corrected(delays: Days, ages: Days) -> dict[float, float]:
    """The product-limit estimator, term by term as the book has it."""
    found = {}
    for value in sorted(set(delays.tolist())):
        share = 1.0
        for later in sorted({d for d in delays.tolist() if d > value}):
            here = sum(delays == later)
            comparable = sum((delays <= later) & (ages >= later))
            share *= 1 - here / comparable
        found[value] = share
    return found


@given(st.lists(delay_and_slack, min_size=1, max_size=40))
def test_corrected_is_the_estimator_term_by_term(pairs: list[tuple[int, int]]) -> None:
    delays = np.array([float(delay) for delay, _ in pairs])
    ages = delays + np.array([float(slack) for _, slack in pairs])
    found = corrected(delays, ages, at_risk=1)
    expected = naive_corrected(delays, ages)
    assert found.delays.tolist() == list(expected)
    assert found.shares == pytest.approx(list(expected.values()))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_nothing_changes_where_all_had_time(days: list[int]) -> None:
    delays = np.array(days, dtype=float)
    found = corrected(delays, np.full(len(delays), 31.0))
    assert found.delays.tolist() == seen(delays).delays.tolist()
    assert found.shares == pytest.approx(seen(delays).shares)


@given(st.lists(st.one_of(st.none(), delay_and_slack), min_size=1, max_size=40))
def test_labelled_by_is_a_count(pairs: list[tuple[int, int] | None]) -> None:
    delays = np.array([np.nan if pair is None else float(pair[0]) for pair in pairs])
    ages = np.array([20.0 if pair is None else float(sum(pair)) for pair in pairs])
    for day in (0.0, 3.0, 19.0, 60.0):
        old = ages >= day
        found = labelled_by(np.array([day]), delays, ages)[0]
        if old.any():
            assert found == pytest.approx((delays[old] <= day).mean())
        else:
            assert np.isnan(found)


def test_it_finds_the_quantile_that_the_end_of_the_file_hides() -> None:
    rng = np.random.default_rng(4)
    ages, delays = rng.uniform(0, 90, 40_000), rng.exponential(15, 40_000)
    came = delays <= ages
    true = float(np.quantile(rng.exponential(15, 400_000), 0.9))
    plain = seen(delays[came]).quantile(0.9)
    whole = corrected(delays[came], ages[came]).quantile(0.9)
    assert plain < 0.87 * true
    assert whole == pytest.approx(true, rel=0.05)


def test_no_labels_have_no_quantile() -> None:
    none = np.array([])
    assert np.isnan(seen(none).quantile(0.5))
    assert np.isnan(corrected(none, none).quantile(0.99))
    assert seen(none).within(5.0) == 0.0


def test_within_counts_up_to_and_with_the_day() -> None:
    found = seen(np.array([1.0, 2.0, 2.0, 5.0]))
    assert [found.within(day) for day in (0.5, 1.0, 2.0, 9.0)] == [0.0, 0.25, 0.75, 1.0]
