"""Freezing: silent through the Handbook's months, loud where a source turns, or labels flood."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from models.contest.protection import PRESUMED, ProtectionPolicy, Watch
from producers.handbook import DAY_MS, generate
from producers.handbook_world import WorldSpec

POLICY = ProtectionPolicy()
SOURCES = ("ANALYST", "CHARGEBACK", "CUSTOMER")


@cache
def months(days: int = 120, customers: int = 1_000) -> tuple[list[int], list[bool]]:
    """Days and verdicts of a fifth of the Handbook's world, in order: slow scenarios set in from
    the first day and reach their level after a month."""
    world = generate(WorldSpec(days=days, seed=0, customers=customers, terminals=2_000))
    return [int(time) for time in world.event_time], [bool(one) for one in world.scenario]


def first_freeze(
    watch: Watch, times: list[int], verdicts: list[bool], sources: list[str],
    contradicts: list[bool] | None = None,
) -> tuple[int, str] | None:  # fmt: skip
    """(number of the outcome, reason) where learning would stop first."""
    contradicts = contradicts or [False] * len(times)
    for number, (time, fraud, source, against) in enumerate(
        zip(times, verdicts, sources, contradicts, strict=True)
    ):
        if reason := watch.note(time, source, fraud=fraud, contradicts=against):
            return number, reason
    return None


def mixed(many: int) -> list[str]:
    random = np.random.default_rng(3)
    return [str(one) for one in random.choice(SOURCES, many, p=(0.2, 0.3, 0.5))]


@pytest.mark.parametrize("customers", [200, 1_000])
def test_no_freeze_in_the_handbooks_months(customers: int) -> None:
    times, verdicts = months(120, customers)
    for sources in (["ISSUER"] * len(times), mixed(len(times))):
        assert first_freeze(Watch(POLICY), times, verdicts, sources) is None


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_a_poisoned_source_freezes_within_its_first_day(share: float) -> None:
    times, verdicts = months()
    sources, random = mixed(len(times)), np.random.default_rng(1)
    begin = times[0] + 60 * DAY_MS
    poisoned = [
        not fraud if time >= begin and source == "ANALYST" and random.random() < share else fraud
        for time, fraud, source in zip(times, verdicts, sources, strict=True)
    ]
    found = first_freeze(Watch(POLICY), times, poisoned, sources)
    assert found is not None
    number, reason = found
    assert begin <= times[number] < begin + 2 * DAY_MS
    assert "the label rate" in reason


def test_a_source_that_floods_freezes() -> None:
    times, verdicts = months()
    begin = times[0] + 60 * DAY_MS
    sources = [
        "ISSUER" if time >= begin and at % 2 else source
        for at, (time, source) in enumerate(zip(times, mixed(len(times)), strict=True))
    ]
    found = first_freeze(Watch(POLICY), times, verdicts, sources)
    assert found is not None
    assert times[found[0]] < begin + DAY_MS
    assert "ISSUER's share of the labels" in found[1]


def test_labels_that_contradict_freeze() -> None:
    times, verdicts = months()
    begin = times[0] + 60 * DAY_MS
    against = [time >= begin and at % 20 == 0 for at, time in enumerate(times)]
    found = first_freeze(Watch(POLICY), times, verdicts, mixed(len(times)), against)
    assert found is not None
    assert times[found[0]] < begin + DAY_MS
    assert "disagreement of labels" in found[1]


def test_maturity_setting_in_is_no_reason() -> None:
    """Only frauds are labelled; silence counts as legitimate after sixty days."""
    times, verdicts = months()
    frauds = [(time, True, "CHARGEBACK") for time, fraud in zip(times, verdicts, strict=True)
              if fraud]  # fmt: skip
    silent = [(time + 60 * DAY_MS, False, PRESUMED)
              for time, fraud in zip(times, verdicts, strict=True) if not fraud]  # fmt: skip
    both = sorted([*frauds, *silent])
    columns: list[list] = [list(column) for column in zip(*both, strict=True)]  # type: ignore[type-arg]  # three types
    assert first_freeze(Watch(POLICY), *columns) is None


def test_it_can_be_left_to_people() -> None:
    watch = Watch(ProtectionPolicy(automatic=False))
    times = [number * 60_000 for number in range(10_000)]
    verdicts = [number > 8_000 for number in range(10_000)]
    assert first_freeze(watch, times, verdicts, ["ISSUER"] * 10_000) is None


def test_left_and_taken_up_is_the_same_as_never_left() -> None:
    times, verdicts = months(70)
    sources = mixed(len(times))
    once, half, again = Watch(POLICY), Watch(POLICY), Watch(POLICY)
    middle = len(times) // 2
    first_freeze(once, times, verdicts, sources)
    first_freeze(half, times[:middle], verdicts[:middle], sources[:middle])
    again.restore(half.data())
    first_freeze(again, times[middle:], verdicts[middle:], sources[middle:])
    assert again.data() == once.data()
