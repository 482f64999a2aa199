"""Silent on a steady world, awake on a changed one, and it says which number changed."""

from dataclasses import replace

import pytest

from models.drift.means import MeanWatch
from models.drift.merging import Merger
from models.drift.policy import DriftPolicy, DriftPolicyInvalid
from tests.unit.models.drift.drift_world import (
    DAYS,
    POLICY,
    WATCHED_FROM,
    days,
    told,
    watched,
)

ONSET = 30


def subjects(found: list[tuple[int, str, str, str]], within: int = 2) -> set[str]:
    return {one for day, _, one, state in found if state == "FIRED" and day < ONSET + within}


@pytest.mark.parametrize("seed", range(4))
def test_a_steady_world_is_silent_weekends_and_nights_included(seed: int) -> None:
    assert told(watched(seed=seed)) == []


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"amount": 2.0}, "amount"),
        ({"missing": 0.6}, "amount"),
        ({"count": 30.0}, "card_count_7d"),
        ({"alerts": 0.05}, "alert_rate"),
        ({"score": 0.05}, "score"),
        ({"score": 0.002}, "score"),
    ],
)
def test_a_change_is_signalled_within_two_days_by_its_name(
    change: dict[str, float], subject: str
) -> None:
    found = told(watched({ONSET: change}, until=ONSET + 3))
    assert subjects(found) == {subject}
    assert all(day >= ONSET for day, *_ in found)


def test_a_signal_says_what_was_compared() -> None:
    (_, (reading, state)), *_ = watched({ONSET: {"amount": 2.0}}, until=ONSET + 1)
    assert (reading.detector, reading.subject, state) == ("PSI_DAY", "amount", "FIRED")
    assert reading.statistic > reading.threshold > 0.02
    assert reading.reference == "features@1 (1970-01-03 to 1970-01-16), its Saturdays"
    assert reading.current == "1970-01-31: 2000 counted"
    assert reading.time == (ONSET + 1) * 86_400_000


def test_what_passes_recovers_once() -> None:
    found = told(watched({ONSET: {"amount": 2.0}, ONSET + 4: {"amount": 1.0}}, until=ONSET + 20))
    for detector in ("PSI_DAY", "PSI_WEEK"):
        states = [(day, state) for day, one, _, state in found if one == detector]
        assert [state for _, state in states] == ["FIRED", "RECOVERED"]
        assert states[1][0] >= ONSET + 4 + POLICY.calm_days - 1


def test_what_stays_becomes_the_reference() -> None:
    found = watched({ONSET: {"amount": 2.0}})
    states = [(detector, state) for _, detector, _, state in told(found)]
    assert states.count(("PSI_DAY", "FIRED")) == states.count(("PSI_DAY", "RECOVERED")) == 1
    last = found[-1]
    # A week that the signal stood, then whole weeks that are gathered.
    assert last[0] == ONSET + POLICY.renew_days + POLICY.reference_days
    assert last[1][0].reference.startswith("features@2")


def test_a_mean_that_comes_back_recovers_and_is_watched_again() -> None:
    changes = {30: {"alerts": 0.06}, 34: {"alerts": 0.01}, 50: {"alerts": 0.06}}
    found = [one for one in told(watched(changes)) if one[1] == "PAGE_HINKLEY"]
    assert [state for *_, state in found] == ["FIRED", "RECOVERED", "FIRED"]
    assert [day for day, *_ in found][1:] == [36, found[2][0]]
    assert found[2][0] <= 51


def test_a_season_is_no_drift() -> None:
    """More of everything for two weeks; a count of seven days follows for seven days."""
    season = {day: {"count": 20.0 + 12.0 * min(day - ONSET + 1, 7) / 7} for day in range(30, 44)}
    season |= {day: {"count": 32.0 - 12.0 * min(day - 43, 7) / 7} for day in range(44, 51)}
    season[ONSET] |= {"volume": 3_200, "amount": 1.05}
    season[ONSET + 14] |= {"volume": 2_000, "amount": 1.0}
    assert told(watched(season)) == []


def test_a_volume_that_stays_becomes_the_reference() -> None:
    """Else what it explains would be explained for ever."""
    merger = Merger(POLICY, partitions=1)
    ramp = {day: {"count": 20.0 + 12.0 * min(day - 20 + 1, 7) / 7} for day in range(20, 28)}
    ramp[20] |= {"volume": 3_200}
    edges = [
        edge
        for day, one in days(ramp | {72: {"count": 50.0}}, until=74)
        for edge in merger.take(0, day + 1, [(day, one)])
    ]
    reference = merger.groups["features"].watched.reference
    assert reference is not None
    assert reference.name.startswith("features@2 (1970-02-18")  # four weeks after day 20
    assert {(one.subject, state) for one, state in edges} == {("card_count_7d", "FIRED")}


def test_the_same_counts_without_the_volume_are_drift() -> None:
    assert subjects(told(watched({ONSET: {"count": 32.0}}, until=ONSET + 2))) == {"card_count_7d"}


def test_another_kind_of_model_begins_a_new_reference() -> None:
    """Its scores have another scale; the features go on."""
    change = {ONSET: {"score": 0.05, "scorer": "blend"}, 50: {"score": 0.2}}
    found = told(watched(change))
    assert found
    assert {one for _, _, one, _ in found} == {"score"}
    assert min(day for day, *_ in found) == 50


def test_nothing_is_said_before_a_reference_is_whole_weeks_old() -> None:
    found = told(watched({8: {"amount": 3.0}}, until=WATCHED_FROM))
    assert found == []


def test_a_reference_waits_for_enough() -> None:
    merger = Merger(DriftPolicy(warm_up_days=0, reference_days=14, least=50_000), partitions=1)
    for day, one in days(until=40):
        merger.take(0, day + 1, [(day, one)])
    reference = merger.groups["features"].watched.reference
    assert reference is not None
    assert reference.name == "features@1 (1970-01-01 to 1970-01-28)"  # 2,000 a day


@pytest.mark.parametrize("length", [7, 20, 0])
def test_a_reference_of_part_weeks_is_refused(length: int) -> None:
    with pytest.raises(DriftPolicyInvalid, match="reference_days: expected whole weeks"):
        DriftPolicy(reference_days=length)


def test_every_partition_is_awaited_and_one_that_is_silent_is_not() -> None:
    merger = Merger(replace(POLICY, slack_days=1), partitions=2)
    for day, one in days({30: {"amount": 2.0}}, until=DAYS):
        assert merger.take(0, day + 1, [(day, one)]) == [] or day > 30
        assert merger.closed_below == day  # a day later, for the other one's sake
    assert merger.late == 0
    late = next(days())[1]
    assert merger.take(1, 1, [(0, late)]) == []
    assert merger.late == late.size


def test_adwin_sees_what_is_too_small_for_a_day() -> None:
    watch = MeanWatch("score", DriftPolicy(limit=1e9))
    steady = [watch.day([0.5, -0.5] * 12, "", day) for day in range(20)]
    moved = [watch.day([1.6, 0.6] * 12, "", day) for day in range(20)]
    assert not [one for day in steady for one in day if one.statistic >= one.threshold]
    fired = [one.detector for day in moved for one in day if one.statistic >= one.threshold]
    assert set(fired) == {"ADWIN"}
