"""Left at any day and taken up, the drift agent is the same; what it cannot read it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.drift.collecting import ArrivalCollector, DecisionCollector
from models.drift.consequences import Consequences
from models.drift.counts import OTHER, WORDS_KEPT, DayCounts
from models.drift.merging import Merger
from models.drift.outcomes import OutcomeWatch
from models.drift.policy import DriftPolicy
from models.windows.errors import StateFormatError
from tests.unit.models.drift.drift_world import POLICY, days

CHANGES = {30: {"amount": 2.0, "alerts": 0.06}, 34: {"alerts": 0.01}, 45: {"scorer": "blend"}}


def test_a_merger_left_and_taken_up_each_day_says_the_same() -> None:
    steady = restarted = Merger(POLICY, partitions=1)
    expected, found = [], []
    for day, one in days(CHANGES):
        expected += steady.take(0, day + 1, [(day, DayCounts.unpack(one.pack()))])
        restarted = Merger.unpack(restarted.pack() if day else Merger(POLICY, 1).pack(), POLICY)
        found += restarted.take(0, day + 1, [(day, one)])
    assert found == expected
    assert len(expected) > 6
    assert restarted.pack() == steady.pack()
    assert len(steady.pack()) < 200_000


CHANCE = np.random.default_rng(3).random(24_000)


def outcome(number: int, rate: float, **changes: Any) -> dict[str, Any]:
    """600 outcomes a day, a score that is right on average until the rate changes."""
    fraud = CHANCE[number] < rate
    return {
        "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": number * 144_000,
        "score": 0.02, "model": {"name": "logistic", "version": 1}, "weight": 1.0,
        "threshold": 0.5, "decision": "APPROVE",
    } | changes  # fmt: skip


def outcome_edges(onset: int, rate: float) -> list[tuple[str, str, int]]:
    watch, found = OutcomeWatch(DriftPolicy(warm_up_days=1, least_day=100)), []
    for number in range(600 * 40):
        usual = 0.02 if number < 600 * onset else rate
        edges = watch.add(outcome(number, usual))
        found += [(one.subject, state, number // 600) for one, state in edges]
        if number % 8_000 == 0:
            watch = OutcomeWatch.unpack(watch.pack(), watch.group.watched.policy)
    return found


def test_one_of_the_control_share_counts_for_itself() -> None:
    packed = []
    for score, weight in ((0.99, 50.0), (0.99, 1.0), (0.4, 50.0), (0.4, 1.0)):
        watch = OutcomeWatch()
        watch.add(outcome(1, 1.0, score=score, weight=weight))
        packed.append(watch.pack())
    assert packed[0] == packed[1]
    assert packed[2] != packed[3]


def test_outcomes_that_stay_as_they_were_are_silent() -> None:
    assert outcome_edges(30, 0.02) == []


def test_outcomes_that_change_name_rate_error_and_calibration() -> None:
    found = outcome_edges(30, 0.12)
    assert {subject for subject, *_ in found} == {"label_rate", "log_loss", "calibration"}
    assert min(day for *_, day in found) >= 30
    assert min(day for *_, day in found) <= 32


def test_an_outcome_counts_by_its_weight_and_late_ones_not() -> None:
    watch = OutcomeWatch()
    watch.add(outcome(0, 0.0, weight=10.0))
    assert watch.days[0].size == 10
    watch.add(outcome(0, 0.0, observed_at=3 * 86_400_000))
    watch.add(outcome(0, 0.0))
    assert watch.late == 1


def test_an_attribute_that_appears_was_missing_and_one_that_dies_is() -> None:
    collector = ArrivalCollector()
    for hour, risk in enumerate([{}, {"risk": 0.5}, {}]):
        sale = {"event_time": hour, "currency": "EUR", "attributes": risk}
        collector.add({"transaction": sale})
        collector = ArrivalCollector.unpack(collector.pack())
    day = collector.days[0]
    assert day.names[-1] == "attribute_risk"
    assert day.cells[-1].sum() == 3
    assert day.cells[-1, 0] == 2


@pytest.mark.parametrize(
    ("risk", "subject"),
    [(None, "attribute_risk"), (25.0, "attribute_risk"), (0.2, "attribute_risk")],
)
def test_a_vendor_that_dies_is_named(risk: float | None, subject: str) -> None:
    collector, merger, fired = ArrivalCollector(), Merger(POLICY, partitions=1), []
    rng = np.random.default_rng(5)
    for number in range(200 * 33):
        value = float(rng.beta(2, 8)) if number < 200 * 30 else risk
        sale = {
            "event_time": number * 432_000, "currency": "EUR", "country": "FR",
            "attributes": {} if value is None else {"risk": value},
        }  # fmt: skip
        closed = collector.add({"transaction": sale})
        if closed is not None:
            fired += merger.take(0, closed.below, closed.days)
    assert {one.subject for one, _ in fired} == {subject}
    assert {one.time // 86_400_000 for one, _ in fired if one.detector == "PSI_DAY"} == {31}


def test_words_are_bounded() -> None:
    day = DayCounts(())
    for number in range(WORDS_KEPT + 3):
        day.say("country", {f"{number}": 1})
    assert len(day.words["country"]) == WORDS_KEPT + 1
    assert day.words["country"][OTHER] == 3


def signal(name: str, state: str, offset: int, subject: str = "label_rate") -> dict[str, Any]:
    return {
        "signal_id": name, "detector": name[0], "subject": subject, "state": state,
        "statistic": 2.0, "threshold": 1.0, "event_time": 7,
        "src": {"stage": "drift-outcomes", "partition": 0, "offset": offset},
    }  # fmt: skip


def test_two_signals_freeze_once_and_the_last_resumes() -> None:
    policy = DriftPolicy(actions=(("label_rate", "FREEZE"), ("score", "CHALLENGE")))
    act, kinds = Consequences(policy), []
    fold = [
        signal("a1", "FIRED", 5), signal("b1", "FIRED", 5), signal("a1", "FIRED", 5),
        signal("a2", "RECOVERED", 8), signal("c1", "FIRED", 8, "amount"), signal("a1", "FIRED", 5),
        signal("b2", "RECOVERED", 9), signal("d1", "FIRED", 10, "score"),
    ]  # fmt: skip
    for one in fold:
        act = Consequences.unpack(act.pack(), policy)
        command = act.command(one)
        kinds.append(None if command is None else (command["kind"], command["command_id"]))
    assert kinds == [
        ("FREEZE", "drift-freeze-a1"), None, None, None, None, None,
        ("RESUME", "drift-resume-b2"), ("PROMOTE", "drift-promote-d1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "unpack",
    [
        DayCounts.unpack, DecisionCollector.unpack, ArrivalCollector.unpack, Merger.unpack,
        OutcomeWatch.unpack, Consequences.unpack,
    ],
)  # fmt: skip
@pytest.mark.parametrize("data", [b"", b"\x09", b"\x63" * 99])
def test_unreadable_state_is_an_error(unpack: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(StateFormatError, match="state: expected version"):
        unpack(data)


def test_cut_off_state_is_an_error() -> None:
    whole = next(days())[1].pack()
    with pytest.raises(StateFormatError, match="bytes or more"):
        DayCounts.unpack(whole[:-1])
