"""Counts of drift: any order, any batches, any partitions, any restart give the same day."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.collecting import Closed, DecisionCollector
from models.drift.counts import DAY_MS, DayCounts
from models.drift.psi import BINS, bin_table, binned, psi
from models.drift.sketch import CODES, codes, value_of

FLOATS = st.floats(allow_nan=True, allow_infinity=False, width=64)


def naive_code(value: float) -> int:
    """The code by the definition: eight equal steps to an octave, from 2^-20 to 2^43."""
    if math.isnan(value):
        return 0
    if value == 0:
        return 512
    mantissa, exponent = math.frexp(abs(value))  # in [0.5, 1)
    size = (exponent - 1 + 20) * 8 + int((mantissa * 2 - 1) * 8) + 1
    size = min(max(size, 1), 510)
    return 512 + size if value > 0 else 512 - size


@given(st.lists(FLOATS, min_size=1, max_size=50))
def test_codes_are_those_of_the_definition(values: list[float]) -> None:
    assert codes(np.array(values)).tolist() == [naive_code(value) for value in values]


@given(st.integers(2, CODES - 2))
def test_a_codes_value_has_that_code(code: int) -> None:
    assert codes(np.array([value_of(code)])).tolist() == [code]


def naive_psi(now: list[float], reference: list[float]) -> float:
    used = [n + r > 0 for n, r in zip(now, reference, strict=True)]
    if not sum(now) or not sum(reference):
        return 0.0
    held = [r + 0.5 for r, one in zip(reference, used, strict=True) if one]
    q = [r / sum(held) for r in held]
    drawn = [n for n, one in zip(now, used, strict=True) if one]
    p = [(n + len(q) * share) / (sum(drawn) + len(q)) for n, share in zip(drawn, q, strict=True)]
    return math.fsum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))


BINNED = st.lists(st.integers(0, 5_000), min_size=BINS, max_size=BINS)


@given(BINNED, BINNED)
def test_psi_is_the_naive_one_and_never_negative(now: list[int], reference: list[int]) -> None:
    found = psi(np.array([now]), np.array([reference]))[0]
    assert math.isclose(found, naive_psi(now, reference), rel_tol=1e-9, abs_tol=1e-12)
    assert found >= -1e-12


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=300), st.booleans())
def test_bins_keep_every_count_and_part_no_equal_values(values: list[float], words: bool) -> None:
    cells = np.bincount(codes(np.array(values)), minlength=CODES)[None, :]
    table = bin_table(cells, [words])
    assert binned(cells, table).sum() == len(values)
    assert 0 <= table.min() <= table.max() < BINS
    if not words:
        assert (np.diff(table[0, 1:]) >= 0).all()


DECISIONS = st.lists(
    st.tuples(st.integers(0, 4 * DAY_MS), st.none() | st.floats(-10, 1e4), st.booleans()),
    min_size=1, max_size=60,
)  # fmt: skip


def decision(time: int, amount: float | None, alerted: bool) -> dict[str, Any]:
    return {
        "event_time": time, "features": {"amount": amount, "weekend": 1.0}, "score": 0.25,
        "model": {"name": "logistic"} if alerted else None, "feature_spec": "f",
        "decision": "REVIEW" if alerted else "APPROVE",
    }  # fmt: skip


def collect(found: list[dict[str, Any]], breaks: set[int]) -> list[Closed]:
    """What a partition sends, restarted before the decisions of `breaks`."""
    collector, sent = DecisionCollector(), []
    for number, one in enumerate(found):
        if number in breaks:
            collector = DecisionCollector.unpack(collector.pack())
        closed = collector.add(one)
        if closed is not None:
            sent.append(closed)
    return sent


def packed(sent: list[Closed]) -> list[tuple[int, list[tuple[int, bytes]]]]:
    return [(one.below, [(day, counts.pack()) for day, counts in one.days]) for one in sent]


@settings(deadline=None, max_examples=60)
@given(DECISIONS, st.sets(st.integers(0, 60)))
def test_batches_and_restarts_do_not_show(
    drawn: list[tuple[int, float | None, bool]], breaks: set[int]
) -> None:
    found = [decision(*one) for one in sorted(drawn, key=lambda one: one[0] // (DAY_MS // 2))]
    assert packed(collect(found, breaks)) == packed(collect(found, set()))


@settings(deadline=None, max_examples=60)
@given(DECISIONS, st.lists(st.integers(0, 2), min_size=60, max_size=60), st.randoms())
def test_partitions_in_any_order_make_one_day(
    drawn: list[tuple[int, float | None, bool]], places: list[int], rng: random.Random
) -> None:
    found = [decision(*one) for one in sorted(drawn, key=lambda one: one[0])]
    end = [decision(20 * DAY_MS, 0.0, False)]
    parts = []
    for partition in range(3):
        mine = [one for one, at in zip(found, places, strict=False) if at == partition]
        parts += [pair for closed in collect(mine + end, set()) for pair in closed.days]
    rng.shuffle(parts)
    merged: dict[int, DayCounts] = {}
    for day, counts in parts:
        if day in merged:
            merged[day].merge(counts)
        else:
            merged[day] = counts
    whole = {day: counts for closed in collect(found + end, set()) for day, counts in closed.days}
    assert {day: one.pack() for day, one in merged.items()} == {
        day: one.pack() for day, one in whole.items()
    }


@given(st.lists(st.tuples(st.integers(0, 23), st.floats(0, 1), st.floats(0.1, 20)), max_size=40))
def test_weighted_sums_are_the_naive_ones(values: list[tuple[int, float, float]]) -> None:
    day, naive = DayCounts((), ("rate",)), Counter[int]()
    for hour, value, weight in values:
        day.tally(hour, weight, [value])
        naive[hour] += round(value * weight * 1_000_000)
    assert day.sums[:, 1].tolist() == [naive[hour] for hour in range(24)]
