"""The schedule: no drift whatever the waits do, catching up after a stall."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.pacing import Pacer


class Time:
    """A clock that moves by waiting, and by what happens in between."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.now, self.oversleep, self.waited = 100.0, oversleep, 0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited += 1
        self.now += seconds + self.oversleep


def paced(time: Time, **pace: float) -> Callable[[int, int], None]:
    return Pacer(clock=time.clock, wait=time.wait, **pace).hold


@given(st.floats(0, 0.02), st.integers(2, 300), st.floats(0, 0.05))
def test_a_rate_does_not_drift(oversleep: float, records: int, busy: float) -> None:
    time, rate = Time(oversleep), 10.0  # one record in 0.1 s, more than it is busy
    hold = paced(time, rate=rate)
    for sent in range(records):
        hold(sent, 0)
        late = time.now - (100.0 + sent / rate)
        assert -0.0005 <= late <= oversleep + 1e-9
        time.now += busy


def test_a_stalled_stream_catches_up_without_waiting() -> None:
    time = Time()
    hold = paced(time, rate=10)
    hold(0, 0)
    time.now += 5
    for sent in range(1, 51):
        hold(sent, 0)
    assert time.waited == 0
    hold(60, 0)
    assert time.now == pytest.approx(106)


def test_speedup_follows_the_arrivals() -> None:
    time = Time()
    hold = paced(time, speedup=60)
    for sent, at in enumerate([1_000_000, 1_060_000, 1_060_000, 1_240_000]):
        hold(sent, at)
    assert time.now == pytest.approx(104)


def test_a_resumed_stream_starts_its_schedule_anew() -> None:
    time = Time()
    hold = paced(time, rate=10)
    hold(1_000_000, 0)
    assert time.now == 100.0
    hold(1_000_005, 0)
    assert time.now == pytest.approx(100.5)


def test_a_wait_may_return_early() -> None:
    time = Time()
    hold = Pacer(rate=1, clock=time.clock, wait=lambda left: time.wait(min(left, 0.1))).hold
    hold(0, 0)
    hold(1, 0)
    assert time.now >= 100.9995


def test_without_a_schedule_nothing_waits() -> None:
    time = Time()
    hold = paced(time)
    for sent in range(10):
        hold(sent, sent * 86_400_000)
    assert time.waited == 0


@pytest.mark.parametrize(
    "pace", [{"rate": 0}, {"speedup": -1}, {"rate": float("nan")}, {"rate": 1, "speedup": 1}]
)
def test_a_schedule_that_is_none_is_refused(pace: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"rate|speedup"):
        Pacer(**pace)
