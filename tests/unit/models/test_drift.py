"""Drift: quiet on a steady world, awake on a changed one, the same after every restart."""

import random
from typing import Any

import pytest

from models.drift import DriftDetector, DriftPolicy, observe_decision, observe_outcome
from models.drift_buckets import HOUR_MS, Buckets
from models.windows.errors import StateFormatError

SRC = {"stage": "drift", "partition": 1, "offset": 3}


def values(hours: int, mean: float, seed: int, start: int = 0) -> list[tuple[int, float]]:
    """60 scores an hour around a mean that is a third higher at noon than at midnight."""
    rng = random.Random(seed)
    return [
        (
            (start + hour) * HOUR_MS + minute * 60_000,
            min(rng.expovariate(1 / (mean * (1 + 0.15 * ((hour % 24) in range(6, 18))))), 1.0),
        )
        for hour in range(hours)
        for minute in range(60)
    ]


def run(detector: DriftDetector, stream: list[tuple[int, float]]) -> list[dict[str, Any]]:
    return [signal for time, value in stream for signal in detector.observe(time, value, SRC)]


@pytest.mark.parametrize("seed", range(3))
def test_a_steady_world_is_quiet(seed: int) -> None:
    assert run(DriftDetector("score"), values(24 * 30, 0.01, seed)) == []


@pytest.mark.parametrize(("factor", "severity"), [(2.5, "HIGH"), (0.3, "HIGH"), (1.6, "MEDIUM")])
def test_a_changed_world_fires_once(factor: float, severity: str) -> None:
    stream = values(240, 0.01, 1) + values(240, 0.01 * factor, 2, start=240)
    (signal,) = run(DriftDetector("score"), stream)
    assert (signal["detector"], signal["subject"], signal["state"]) == ("ADWIN", "score", "FIRED")
    assert 240 * HOUR_MS < signal["event_time"] < 320 * HOUR_MS
    assert signal["statistic"] > 0
    assert signal["threshold"] > 0
    assert signal["severity"] in (severity, "MEDIUM")
    assert signal["src"] == SRC


def test_left_and_taken_up_is_the_same_as_never_left() -> None:
    stream = values(250, 0.01, 1) + values(150, 0.04, 2, start=250)
    policy = DriftPolicy(kept=160)  # so that the list is cut on the way
    steady, restarted = DriftDetector("score", policy), DriftDetector("score", policy)
    expected = run(steady, stream)
    found = []
    for number, (time, value) in enumerate(stream):
        found += restarted.observe(time, value, SRC)
        if number % 97 == 0:
            restarted = DriftDetector.unpack(restarted.pack(), policy)
    assert found == expected
    assert len(expected) == 1
    assert restarted.pack() == steady.pack()
    assert len(steady.means) <= 160


def test_buckets_merge_in_any_order() -> None:
    stream = values(5, 0.3, 4)
    shuffled = sorted(stream, key=lambda pair: (pair[0] // HOUR_MS, pair[1]))
    in_order, mixed = Buckets(), Buckets()
    assert [in_order.add(*pair) for pair in stream][-1] == [mixed.add(*p) for p in shuffled][-1]
    assert in_order.data() == mixed.data()


def test_a_small_hour_is_merged_and_a_late_value_is_counted() -> None:
    buckets = Buckets(least=3, patience_ms=0)
    for time in (0, 1, HOUR_MS):
        assert buckets.add(time, 0.5) == []
    (closed,) = buckets.add(2 * HOUR_MS, 0.5)
    assert (closed.mean, closed.size, closed.end) == (0.5, 3, 2 * HOUR_MS)
    assert buckets.add(5, 0.9) == []
    assert buckets.late == 1


def test_a_weight_counts_as_often_as_it_says() -> None:
    one, many = Buckets(least=2, patience_ms=0), Buckets(least=2, patience_ms=0)
    for _ in range(9):
        many.add(0, 0.0)
    many.add(0, 1.0)
    one.add(0, 0.0, 9.0)
    one.add(0, 1.0)
    assert one.add(HOUR_MS, 0.0)[0].mean == many.add(HOUR_MS, 0.0)[0].mean == 0.1


def test_another_kind_of_scorer_starts_anew() -> None:
    detector = DriftDetector("score")
    decision = {"model": None, "event_time": 0, "score": 0.5}
    for hour in range(100):
        decision = {"model": None, "event_time": hour * HOUR_MS, "score": 0.0}
        observe_decision(detector, decision, SRC)
    assert detector.buckets.closed_below > 90
    model = {"name": "logistic", "version": 7}
    observe_decision(detector, {**decision, "model": model}, SRC)
    assert (detector.scorer, detector.means, detector.buckets.closed_below) == ("logistic", [], 98)
    observe_decision(detector, {**decision, "model": {**model, "version": 8}}, SRC)
    assert sum(count for count, *_ in detector.buckets.open.values()) == 2


def test_the_label_rate_is_watched_at_the_time_of_the_label() -> None:
    detector, signals = DriftDetector("label_rate"), []
    rng = random.Random(6)
    for number in range(30_000):
        rate = 0.01 if number < 20_000 else 0.06
        label = "FRAUD" if rng.random() < rate else "LEGITIMATE"
        made = {"label": label, "observed_at": number * 60_000, "weight": 1.0}
        signals += observe_outcome(detector, made, SRC)
    assert len(signals) == 1
    assert signals[0]["event_time"] > 20_000 * 60_000
    assert observe_outcome(detector, {"label": "INCONCLUSIVE", "observed_at": 0}, SRC) == []


@pytest.mark.parametrize("data", [b"", b"\x09", DriftDetector("score").pack()[:-1]])
def test_unreadable_state_is_an_error(data: bytes) -> None:
    with pytest.raises(StateFormatError, match="drift state: expected"):
        DriftDetector.unpack(data)
