"""The drift role over a log: one signal for four partitions, whatever is torn off or repeated."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np
import pytest

from models.drift.policy import DriftPolicy
from models.rule_policy import RatePolicy
from schemas import topics
from streams.agents.drift import stages
from streams.in_process import InProcess, InProcessLog, InProcessOutbox
from streams.metrics import METRICS
from streams.stage import Stage
from streams.task import META_KEY, Task
from streams.wire import codec
from tests.contract.contract_records import EXAMPLES
from tests.unit.streams.whole_stream import bodies

NOW = 1_900_000_000_000
DAY_MS = 86_400_000
POLICY = DriftPolicy(
    warm_up_days=1, reference_days=14, least=1_000, least_day=50, slack_days=1_000,
    actions=(("amount", "FREEZE"),),
)  # fmt: skip
DAYS, ONSET, BACK = 40, 20, 24
A_DAY = 160


@cache
def decisions() -> list[bytes]:
    """A decision every nine minutes; amounts are five times as large for four days."""
    rng, found = np.random.default_rng(1), []
    for number in range(DAYS * A_DAY):
        day = number // A_DAY
        amount = float(rng.lognormal(3.0, 0.5)) * (5.0 if ONSET <= day < BACK else 1.0)
        one: dict[str, Any] = EXAMPLES["decision"] | {
            "event_time": number * DAY_MS // A_DAY, "features": {"amount": amount},
            "score": 0.01, "decision": "APPROVE", "fingerprint": "",
            "country": ("FR", "DE", "PL", None)[number % 4],
            "src": {"stage": "score", "partition": 0, "offset": number},
        }  # fmt: skip
        found.append(codec.encode("decision", one))
    return found


def published() -> InProcessLog:
    log = InProcessLog(clock=lambda: NOW)
    for number, value in enumerate(decisions()):
        log.append(topics.DECISIONS, f"card-{number % 50}".encode(), value)
    return log


def run(log: InProcessLog) -> list[dict[str, Any]]:
    InProcess(stages(POLICY, RatePolicy()), log).run()
    return bodies(log, topics.DRIFT)


@cache
def expected() -> list[dict[str, Any]]:
    return run(published())


def test_four_partitions_make_one_signal() -> None:
    found = [(one["detector"], one["subject"], one["state"]) for one in expected()]
    assert found.count(("PSI_DAY", "amount", "FIRED")) == 1
    assert found.count(("PSI_DAY", "amount", "RECOVERED")) == 1
    assert {subject for _, subject, _ in found} == {"amount"}
    first = expected()[0]
    assert first["event_time"] == (ONSET + 1) * DAY_MS
    assert first["current"].endswith(f": {A_DAY} counted")


def test_signals_are_counted_by_what_they_say() -> None:
    """A recovery counted like a drift would page as one."""
    before = {state: counted("amount", state) for state in ("FIRED", "RECOVERED")}
    found = [one["state"] for one in run(published())]
    assert {*found} == {*before}
    for state, was in before.items():
        assert counted("amount", state) - was == found.count(state)


def counted(subject: str, state: str) -> float:
    labels = {"subject": subject, "state": state}
    return METRICS.registry.get_sample_value("fraud_drift_signals_total", labels) or 0.0


def test_a_signal_stops_learning_and_starts_it_again_where_the_policy_says_so() -> None:
    log = published()
    run(log)
    commands = bodies(log, topics.OUTCOMES)
    assert [one["kind"] for one in commands] == ["FREEZE", "RESUME"]
    assert commands[0]["command_id"] == f"drift-freeze-{expected()[0]['signal_id']}"
    assert "amount fired" in commands[0]["payload"]


class Torn:
    """Stages whose processes die at random, with the changelog half written."""

    def __init__(self, log: InProcessLog, seed: int) -> None:
        self.log, self.rng = log, random.Random(seed)

    def run(self, stage: Stage) -> None:
        (source,) = stage.sources
        for partition in range(stage.partitions):
            self._partition(stage, source, partition)

    def _partition(self, stage: Stage, source: str, partition: int) -> None:
        records = self.log.partitions[source, partition]
        changelog: dict[bytes, bytes] = {}
        committed = 0
        while committed < len(records):
            task = stage.task(partition, InProcessOutbox(self.log), lambda: NOW)
            task.restore(changelog)
            to_cut, beyond = self.rng.randint(1, 400), self.rng.randint(0, 200)
            self._fold(stage, task, records[committed : committed + to_cut])
            cut = task.cut()
            self._fold(stage, task, records[committed + to_cut : committed + to_cut + beyond])
            changelog |= cut.values
            if self.rng.random() < 0.7:  # else it died between the keys and the meta record
                changelog[META_KEY] = cut.meta
                committed += to_cut

    def _fold(self, stage: Stage, task: Task, records: Any) -> None:
        if records:
            stage.step(task, records)


@pytest.mark.parametrize("seed", range(3))
def test_crashes_change_no_signal(seed: int) -> None:
    """What was sent before a crash may be sent again: the same records, under the same ids."""
    log = published()
    torn = Torn(log, seed)
    for stage in stages(POLICY, RatePolicy()):
        torn.run(stage)
    plain = [{k: v for k, v in one.items() if k != "src"} for one in expected()]
    found = {one["signal_id"]: one for one in bodies(log, topics.DRIFT)}
    assert [{k: v for k, v in one.items() if k != "src"} for one in found.values()] == plain
    assert {one["kind"] for one in bodies(log, topics.OUTCOMES)} == {"FREEZE", "RESUME"}
    assert bodies(log, topics.DEAD_LETTERS) == []


def test_one_countrys_alerts_make_one_signal_of_that_country() -> None:
    """A quarter of all, from the twentieth day on; the whole's rate is off as well."""
    log, a_day = InProcessLog(clock=lambda: NOW), 480
    for number in range((ONSET + 4) * a_day):
        abroad, late = number % 4 == 0, number // a_day >= ONSET
        flagged = number % 5 < 2 if abroad and late else number % 101 == 0
        one: dict[str, Any] = EXAMPLES["decision"] | {
            "event_time": number * DAY_MS // a_day, "features": {"amount": 1.0}, "score": 0.01,
            "decision": "REVIEW" if flagged else "APPROVE", "fingerprint": "",
            "country": "PL" if abroad else "FR", "channel": None, "mcc": None,
            "src": {"stage": "score", "partition": 0, "offset": number},
        }  # fmt: skip
        log.append(topics.DECISIONS, f"card-{number % 50}".encode(), codec.encode("decision", one))
    found = [(one["subject"], one["state"]) for one in run(log) if "/" in one["subject"]]
    assert set(found) == {("alert_rate/country=PL", "FIRED")}
    assert bodies(log, topics.OUTCOMES) == bodies(log, topics.DEAD_LETTERS) == []


def test_counts_sent_twice_count_once() -> None:
    log = published()
    first, merge, *others = stages(POLICY, RatePolicy())
    InProcess([first], log).run()
    for record in list(log.partitions[topics.DRIFT_COUNTS, 0]):
        log.append(topics.DRIFT_COUNTS, record.key, record.value)
        log.append(topics.DRIFT_COUNTS, record.key, record.value)
    InProcess([merge, *others], log).run()
    assert len(bodies(log, topics.DRIFT)) == len(expected())


def test_what_is_no_event_is_a_dead_letter_and_the_rest_goes_on() -> None:
    log = published()
    log.append(topics.DECISIONS, b"card-1", b"garbage")
    log.append(topics.DRIFT_COUNTS, b"0", codec.encode("drift_counts", EXAMPLES["drift_counts"]))
    assert len(run(log)) == len(expected())
    assert {one["code"] for one in bodies(log, topics.DEAD_LETTERS)} == {
        "SCHEMA_INVALID", "PROCESSING_FAILED",
    }  # fmt: skip
