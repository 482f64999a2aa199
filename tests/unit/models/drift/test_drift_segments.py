"""A segment that drifts is named, and none for the whole, its size, its newness or a season."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from models.drift.collecting import SCORE, DecisionCollector
from models.drift.counts import DAY_MS, DayCounts
from models.drift.merging import Merger
from models.drift.policy import DriftPolicy
from models.drift.segments import KEPT
from tests.unit.models.drift.drift_world import POLICY, WATCHED_FROM, World, counts

ONSET, UNTIL = 30, 34
POS, ONLINE, PHONE, ABROAD = "channel=pos", "channel=ecommerce", "channel=moto", "country=PL"
USUAL = {
    POS: World(volume=2_400), ONLINE: World(volume=600, alerts=0.02, score=0.02),
    PHONE: World(volume=60), ABROAD: World(volume=400),
}  # fmt: skip
Changes = Mapping[int, Mapping[str, Mapping[str, Any]]]
Told = list[tuple[int, str, str]]


def day_of(day: int, worlds: Mapping[str, World], seed: int) -> tuple[DayCounts, list[Any]]:
    """The whole's counts and those of each segment; a segment is a world of its own."""
    found = {
        name: counts(day, one, seed * 100 + at) for at, (name, one) in enumerate(worlds.items())
    }
    parts = [(day, name, one.only((SCORE,))) for name, one in found.items()]
    whole, *others = found.values()
    for one in others:
        whole.merge(one)
    return whole, parts


def told(
    changes: Changes, *, until: int = UNTIL, seed: int = 0, policy: DriftPolicy = POLICY,
    usual: Mapping[str, World] = USUAL, restarts: bool = False,
) -> Told:  # fmt: skip
    """Day, subject and state of each edge of scores and alert rates."""
    merger, worlds, found = Merger(policy, partitions=1), dict(usual), []
    for day in range(until):
        for name, change in changes.get(day, {}).items():
            worlds[name] = replace(worlds.get(name, World(volume=400)), **change)
        if restarts:
            merger = Merger.unpack(merger.pack(), policy)
        whole, parts = day_of(day, worlds, seed)
        edges = merger.take(0, day + 1, [(day, whole)], parts)
        found += [(day, one.subject, state) for one, state in edges]
    return [one for one in found if one[1].split("/")[0] in ("score", "alert_rate")]


def fired(found: Told) -> set[str]:
    return {subject for _, subject, state in found if state == "FIRED"}


@pytest.mark.parametrize("seed", range(3))
def test_a_steady_world_is_silent_in_every_segment(seed: int) -> None:
    assert told({}, until=60, seed=seed) == []


@pytest.mark.parametrize(
    ("segment", "change", "subject"),
    [
        (ONLINE, {"alerts": 0.15}, f"alert_rate/{ONLINE}"),
        (ABROAD, {"alerts": 0.15}, f"alert_rate/{ABROAD}"),
        (ONLINE, {"score": 0.08}, f"score/{ONLINE}"),
        (ABROAD, {"score": 0.001}, f"score/{ABROAD}"),
    ],
)
def test_one_segment_that_drifts_alone_is_named_alone(
    segment: str, change: dict[str, float], subject: str
) -> None:
    found = told({ONSET: {segment: change}}, until=ONSET + 2)
    assert {one for one in fired(found) if "/" in one} == {subject}
    assert min(day for day, *_ in found) >= ONSET


@pytest.mark.parametrize("times", [0.1, 5.0])
def test_what_happens_everywhere_is_the_wholes_alone(times: float) -> None:
    everywhere = {
        name: {"alerts": one.alerts * times, "score": one.score * times}
        for name, one in USUAL.items()
    }
    assert fired(told({ONSET: everywhere})) == {"score", "alert_rate"}


def test_a_segment_that_stays_as_it_was_is_not_named_for_the_one_that_moves_the_whole() -> None:
    found = fired(told({ONSET: {POS: {"alerts": 0.1, "score": 0.08}}}))
    assert found == {"score", "alert_rate"}


def test_a_segment_of_too_few_is_not_watched() -> None:
    """Three in a hundred: what it does to the whole is the whole's to say."""
    found = told({ONSET: {PHONE: {"alerts": 0.9, "score": 0.9}}})
    assert fired(found) == {"score", "alert_rate"}


def test_a_segment_without_an_alert_so_far_is_not_drifting_with_its_first() -> None:
    quiet = USUAL | {ABROAD: World(volume=150, alerts=0.0)}
    assert told({ONSET: {ABROAD: {"alerts": 0.01}}}, usual=quiet, until=50) == []


def test_a_season_is_no_drift_of_a_segment() -> None:
    """More of everything, and scores that are made of counts follow, in one country the most."""
    more = {
        name: {"volume": int(one.volume * 1.6), "score": one.score * 1.3}
        for name, one in USUAL.items()
    }
    more[ABROAD] |= {"score": 0.08, "alerts": 0.2}
    back = {
        n: {"volume": one.volume, "score": one.score, "alerts": one.alerts}
        for n, one in USUAL.items()
    }
    found = told({ONSET: more, ONSET + 14: back}, until=50)
    assert not any("/" in subject for subject in fired(found))


def test_a_new_segment_has_no_usual_before_its_own_reference() -> None:
    changes: Changes = {
        20: {"country=DE": {"alerts": 0.02}, POS: {"volume": 2_000}},
        **{day: {"country=DE": {"alerts": 0.02 * (day % 4)}} for day in range(21, 36)},
        36: {"country=DE": {"alerts": 0.02}}, 58: {"country=DE": {"alerts": 0.3}},
    }  # fmt: skip
    found = [(day, state) for day, name, state in told(changes, until=60) if "/" in name]
    assert {state for _, state in found} == {"FIRED"}
    assert min(day for day, _ in found) >= 58 > 20 + WATCHED_FROM


def test_a_new_reference_of_the_whole_begins_every_segment_anew() -> None:
    """Else what the whole calls usual by now would be a change in every segment."""
    everywhere = {name: {"score": one.score * 5, "alerts": one.alerts * 5}
                  for name, one in USUAL.items()}  # fmt: skip
    found = told({ONSET: everywhere}, until=75)
    assert (52, "score", "RECOVERED") in [(day + 1, *rest) for day, *rest in found]
    assert not any("/" in subject for subject in fired(found))
    later = told({ONSET: everywhere, 72: {ABROAD: {"alerts": 0.5}}}, until=75)
    assert f"alert_rate/{ABROAD}" in fired(later)


def test_another_kind_of_model_ends_a_segments_signal_too() -> None:
    blend = {name: {"scorer": "blend", "score": one.score * 4} for name, one in USUAL.items()}
    found = told({ONSET: {ONLINE: {"alerts": 0.2}}, ONSET + 3: blend}, until=ONSET + 6)
    mine = [(day, state) for day, subject, state in found if subject == f"alert_rate/{ONLINE}"]
    assert mine[0][1] == "FIRED"
    assert (ONSET + 3, "RECOVERED") in mine
    assert [one for one in found if one[0] > ONSET + 3] == []


def test_the_largest_segments_are_watched_and_room_is_made_when_one_is_gone() -> None:
    policy = replace(POLICY, segment_most=1, most_days=28)
    abroad = fired(told({ONSET: {ABROAD: {"alerts": 0.2}}}, policy=policy))
    assert f"alert_rate/{ABROAD}" in abroad
    online = fired(told({ONSET: {ONLINE: {"alerts": 0.2}}}, policy=policy))
    assert f"alert_rate/{ONLINE}" not in online, "pos has the room"
    moved = {POS: {"volume": 50}, ABROAD: {"volume": 2_750}}
    gone: Changes = {5: moved, 70: {ONLINE: {"alerts": 0.2}}}
    assert f"alert_rate/{ONLINE}" in fired(told(gone, policy=policy, until=73))


def test_a_signal_of_a_segment_that_is_gone_recovers() -> None:
    changes: Changes = {ONSET: {ABROAD: {"alerts": 0.1}}, ONSET + 3: {ABROAD: {"volume": 1}}}
    policy = replace(POLICY, most_days=28)
    found = [one for one in told(changes, policy=policy, until=64) if one[1].endswith(ABROAD)]
    assert {state for _, _, state in found} == {"FIRED", "RECOVERED"}
    assert max(day for day, *_ in found) == ONSET + 2 + 28


def test_restarts_do_not_show() -> None:
    changes: Changes = {ONSET: {ONLINE: {"alerts": 0.1}}, ONSET + 3: {ONLINE: {"alerts": 0.02}}}
    plain = told(changes, until=40)
    assert fired(plain)
    assert told(changes, until=40, restarts=True) == plain


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_partitions_in_any_order_tell_the_same(order: tuple[int, int]) -> None:
    def run(order: tuple[int, int]) -> list[tuple[int, str, float, str]]:
        merger, found = Merger(POLICY, partitions=2), []
        for day in range(WATCHED_FROM + 8):
            loud = {ONLINE: World(volume=600, alerts=0.2 if day > WATCHED_FROM + 3 else 0.02)}
            for partition in order:
                whole, parts = day_of(day, USUAL | loud, seed=partition)
                edges = merger.take(partition, day + 1, [(day, whole)], parts)
                found += [(day, one.subject, one.statistic, state) for one, state in edges]
        return found

    assert any(subject == f"alert_rate/{ONLINE}" for _, subject, *_ in run((0, 1)))
    assert run(order) == run((0, 1))


def decision(number: int, **words: str | None) -> dict[str, Any]:
    return {
        "event_time": number, "features": {"amount": 1.0}, "score": 0.5, "model": None,
        "feature_spec": "f", "decision": "APPROVE", **words,
    }  # fmt: skip


def test_segments_of_a_day_are_bounded_the_first_are_kept_and_the_whole_counts_all() -> None:
    collector = DecisionCollector()
    for number in range(KEPT + 5):
        collector.add(decision(number, country=f"c{number}", channel="pos"))
        collector = DecisionCollector.unpack(collector.pack())
    collector.add(decision(KEPT + 5, country="c0"))
    closed = collector.add(decision(2 * DAY_MS))
    assert closed is not None
    found = {name: counts.size for _, name, counts in closed.segments}
    assert len(found) == KEPT + 1
    assert (found["channel=pos"], found["country=c0"]) == (KEPT + 5, 2)
    assert "country=c64" not in found
    assert closed.days[0][1].size == KEPT + 6


def test_a_word_that_is_missing_makes_no_segment() -> None:
    collector = DecisionCollector()
    collector.add(decision(0, channel=None, country="", mcc=None))
    collector.add(decision(1))
    closed = collector.add(decision(2 * DAY_MS))
    assert closed is not None
    assert closed.segments == ()
