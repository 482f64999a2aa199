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
    st.tuples(
        st.integers(0, 4 * DAY_MS), st.none() | st.floats(-10, 1e4), st.booleans(),
        st.sampled_from(["pos", "ecommerce", None]), st.sampled_from(["FR", "PL", None]),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


Drawn = tuple[int, float | None, bool, str | None, str | None]


def decision(
    time: int, amount: float | None, alerted: bool, channel: str | None = None,
    country: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "channel": channel, "country": country, "mcc": "5411" if channel else None,
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


def packed(sent: list[Closed]) -> list[tuple[int, list[tuple[int, str, bytes]]]]:
    return [(one.below, [(*key, counts.pack()) for *key, counts in parts(one)]) for one in sent]


def parts(closed: Closed) -> list[tuple[int, str, DayCounts]]:
    """The days of all and those of the segments."""
    return [(day, "", counts) for day, counts in closed.days] + list(closed.segments)


def naive_segments(found: list[dict[str, Any]]) -> Counter[tuple[int, str]]:
    """Decisions by day and segment, by the definition."""
    held: Counter[tuple[int, str]] = Counter()
    for one in found:
        words = (("channel", one["channel"]), ("country", one["country"]),
                 ("mcc_group", one["mcc"] and one["mcc"][:2]))  # fmt: skip
        held.update((one["event_time"] // DAY_MS, f"{k}={word}") for k, word in words if word)
    return held


@settings(deadline=None, max_examples=60)
@given(DECISIONS, st.sets(st.integers(0, 60)))
def test_batches_and_restarts_do_not_show(drawn: list[Drawn], breaks: set[int]) -> None:
    found = [decision(*one) for one in sorted(drawn, key=lambda one: one[0] // (DAY_MS // 2))]
    assert packed(collect(found, breaks)) == packed(collect(found, set()))


@settings(deadline=None, max_examples=60)
@given(DECISIONS, st.lists(st.integers(0, 2), min_size=60, max_size=60), st.randoms())
def test_partitions_in_any_order_make_one_day(
    drawn: list[Drawn], places: list[int], rng: random.Random
) -> None:
    found = [decision(*one) for one in sorted(drawn, key=lambda one: one[0])]
    end = [decision(20 * DAY_MS, 0.0, False)]
    sent = []
    for partition in range(3):
        mine = [one for one, at in zip(found, places, strict=False) if at == partition]
        sent += [part for closed in collect(mine + end, set()) for part in parts(closed)]
    rng.shuffle(sent)
    merged: dict[tuple[int, str], DayCounts] = {}
    for day, segment, counts in sent:
        if (day, segment) in merged:
            merged[day, segment].merge(counts)
        else:
            merged[day, segment] = counts
    whole = {(day, segment): counts for closed in collect(found + end, set())
             for day, segment, counts in parts(closed)}  # fmt: skip
    assert {key: one.pack() for key, one in merged.items()} == {
        key: one.pack() for key, one in whole.items()
    }
    sizes = {key: counts.size for key, counts in merged.items() if key[1]}
    assert sizes == naive_segments(found)


@given(st.lists(st.tuples(st.integers(0, 23), st.floats(0, 1), st.floats(0.1, 20)), max_size=40))
def test_weighted_sums_are_the_naive_ones(values: list[tuple[int, float, float]]) -> None:
    day, naive = DayCounts((), ("rate",)), Counter[int]()
    for hour, value, weight in values:
        day.tally(hour, weight, [value])
        naive[hour] += round(value * weight * 1_000_000)
    assert day.sums[:, 1].tolist() == [naive[hour] for hour in range(24)]
