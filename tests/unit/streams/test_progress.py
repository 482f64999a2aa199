"""Progress: what waits and has not moved, against a recount of everything that was seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.progress import Place, Progress, Stand

A, B = Place("score", "fraud.activity", 0), Place("score", "fraud.activity", 1)
OTHER = Place("join", "fraud.labels", 0)
Look = dict[Place, Stand]

stands = st.builds(Stand, st.integers(0, 3), st.integers(0, 3))
looks = st.lists(st.dictionaries(st.sampled_from([A, B, OTHER]), stands), min_size=1, max_size=12)


def recount(history: list[Look], place: Place) -> float:
    """Seconds, a look a second: back to the first look of those that waited at this offset."""
    last = history[-1][place]
    if not last.lag and (len(history) < 2 or not waited(history[-2], place, last)):
        return 0.0
    still = 0
    for look in reversed(history[:-1]):
        if not waited(look, place, last):
            break
        still += 1
    return float(still)


def waited(look: Look, place: Place, last: Stand) -> bool:
    return place in look and look[place].lag > 0 and look[place].following == last.following


@given(looks)
def test_it_equals_a_recount(history: list[Look]) -> None:
    progress = Progress()
    for second, look in enumerate(history):
        progress.look(look, now=float(second))
    last = history[-1]
    assert progress.standing() == {place: recount(history, place) for place in last}
    for stage, seconds in progress.stalled().items():
        waiting = [p for p in last if p.stage == stage and last[p].lag]
        assert seconds == min((recount(history, p) for p in waiting), default=0.0)


def seen(*history: Look) -> Progress:
    progress = Progress()
    for number, look in enumerate(history):
        progress.look(look, now=number * 10.0)
    return progress


def test_what_moves_however_slowly_is_alive() -> None:
    assert seen({A: Stand(0, 99)}, {A: Stand(1, 99)}).stalled() == {"score": 0.0}


def test_idle_is_alive() -> None:
    assert seen({A: Stand(7, 7)}, {A: Stand(7, 7)}, {A: Stand(7, 7)}).stalled() == {"score": 0.0}


def test_one_partition_that_moves_is_enough_for_its_stage_and_for_no_other() -> None:
    progress = seen(
        {A: Stand(0, 9), B: Stand(0, 9), OTHER: Stand(0, 9)},
        {A: Stand(0, 9), B: Stand(5, 9), OTHER: Stand(0, 9)},
    )
    assert progress.stalled() == {"score": 0.0, "join": 10.0}
    assert progress.standing() == {A: 10.0, B: 0.0, OTHER: 10.0}


def test_a_partition_that_has_nothing_does_not_speak_for_one_that_stands() -> None:
    look = {A: Stand(0, 9), B: Stand(4, 4)}
    assert seen(look, look).stalled() == {"score": 10.0}


def test_what_was_taken_away_is_forgotten() -> None:
    assert seen({A: Stand(0, 9)}, {}, {A: Stand(0, 9)}).stalled() == {"score": 0.0}
