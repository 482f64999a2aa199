"""The join's task: what silence becomes, what a late label does to it, what is given up."""

from __future__ import annotations

from typing import Any

import pytest

from models.maturity import DAY_MS, MaturityPolicy, source
from schemas import topics
from schemas.codec import decode
from streams.metrics import METRICS
from tests.properties.join_run import BASE, HOUR, JoinRun, decision

POLICY = MaturityPolicy(sources=(source("CHARGEBACK", 1, 2),), keep=1.0)
LATER = 2 * 24 + 1


def label(number: int, verdict: str = "FRAUD", hour: int = LATER, **more: Any) -> dict[str, Any]:
    return {
        "label_id": f"l{number}{verdict}{hour}", "transaction_id": f"t{number}",
        "card_id": f"c{number % 3}", "terminal_id": None, "label": verdict, "source": "CHARGEBACK",
        "reason_code": None, "event_time": BASE, "observed_at": BASE + hour * HOUR,
        "supersedes": None,
    } | more  # fmt: skip


@pytest.fixture
def run() -> JoinRun:
    return JoinRun(POLICY)


def publish(run: JoinRun, *records: dict[str, Any]) -> None:
    for record in records:
        topic = topics.LABELS if "label_id" in record else topics.DECISIONS
        run.logs.publish(topic, record)


def heard(run: JoinRun) -> list[tuple[str, str, bool]]:
    return [
        (made["transaction_id"], made["label"], made["presumed"])
        for made in run.outputs.bodies(topics.OUTCOMES)
    ]


def counted(metric: str, **labels: str) -> float:
    return METRICS.registry.get_sample_value(metric, labels) or 0.0


def test_silence_is_presumed_at_maturity_and_not_before(run: JoinRun) -> None:
    publish(run, decision(0, 0, "APPROVE"), decision(1, 0, "DECLINE"), decision(2, 47, "APPROVE"))
    run.drain()
    assert heard(run) == []
    unknown = counted("fraud_outcomes_total", label="UNKNOWN")
    publish(run, decision(3, 48, "APPROVE"))
    run.drain()
    assert heard(run) == [("t0", "LEGITIMATE", True)]
    assert counted("fraud_outcomes_total", label="UNKNOWN") == unknown + 1
    publish(run, decision(4, 100, "APPROVE"))
    run.drain()
    assert heard(run)[1:] == [("t2", "LEGITIMATE", True), ("t3", "LEGITIMATE", True)]


def test_what_was_not_at_hand_matures_though_nothing_more_arrives(run: JoinRun) -> None:
    run.logs.at_hand = 0
    publish(run, decision(0, 0, "APPROVE"), decision(1, LATER, "APPROVE"))
    run.drain()
    assert heard(run) == []
    run.idle()
    assert heard(run) == [], "still not fetched"
    run.logs.at_hand = 2
    run.idle()
    run.idle()
    assert heard(run) == [("t0", "LEGITIMATE", True)]


def test_a_later_chargeback_reverses_a_presumption(run: JoinRun) -> None:
    publish(run, decision(0, 0, "APPROVE"), decision(1, LATER, "APPROVE"))
    run.drain()
    publish(run, label(0, hour=LATER + 5))
    run.drain()
    assert heard(run) == [("t0", "LEGITIMATE", True), ("t0", "FRAUD", False)]
    (notice,) = run.outputs.bodies(topics.ACTIVITY)
    assert notice["label"] == "FRAUD"
    publish(run, label(0, "LEGITIMATE", supersedes=f"l0FRAUD{LATER + 5}"))
    run.drain()
    assert heard(run)[2:] == [("t0", "LEGITIMATE", False)]
    assert [n["label"] for n in run.outputs.bodies(topics.ACTIVITY)] == ["FRAUD", "LEGITIMATE"]


@pytest.mark.parametrize(("keep", "corrects"), [(1.0, 1.0), (0.8, 1.25), (0.4, 0.0)])
def test_a_reversal_says_at_which_weight_it_was_presumed(keep: float, corrects: float) -> None:
    """Not at all, where others stood for it."""
    run = JoinRun(MaturityPolicy(sources=POLICY.sources, keep=keep))
    publish(run, decision(0, 0, "APPROVE"), decision(1, LATER, "APPROVE"))
    run.drain()
    assert len(heard(run)) == (corrects > 0)
    publish(run, label(0, hour=LATER + 5), label(0, "LEGITIMATE", LATER + 6))
    run.drain()
    found = [made["corrects"] for made in run.outputs.bodies(topics.OUTCOMES)]
    assert found[-2:] == [corrects, 1.0]


def test_a_label_that_confirms_a_presumption_makes_no_outcome(run: JoinRun) -> None:
    publish(run, decision(0, 0, "APPROVE"), decision(1, LATER, "APPROVE"))
    run.drain()
    before = counted("fraud_labels_total", result="CONFIRMED")
    publish(run, label(0, "LEGITIMATE"))
    run.drain()
    assert heard(run) == [("t0", "LEGITIMATE", True)]
    assert counted("fraud_labels_total", result="CONFIRMED") == before + 1


def test_a_declined_one_is_heard_of_where_somebody_speaks(run: JoinRun) -> None:
    publish(run, decision(0, 0, "DECLINE"), decision(1, LATER, "APPROVE"))
    run.drain()
    assert heard(run) == []
    publish(run, label(0, "LEGITIMATE"))
    run.drain()
    assert heard(run) == [("t0", "LEGITIMATE", False)]


def test_labels_that_lie_in_the_log_are_folded_first(run: JoinRun) -> None:
    """A worker that catches up reads all decisions before it reads a label."""
    publish(run, decision(0, 0, "APPROVE"), label(0, hour=3), decision(1, LATER, "APPROVE"))
    assert run.read(topics.DECISIONS, 10)
    assert heard(run) == []
    run.drain()
    assert heard(run) == [("t0", "FRAUD", False)]


def test_what_was_not_read_yet_is_not_passed() -> None:
    run = JoinRun(MaturityPolicy(sources=(source("ANALYST", 0, 0),), keep=1.0))
    publish(run, *(decision(n, 0, "APPROVE") for n in range(4)))
    for read in range(1, 5):
        run.read(topics.DECISIONS, 1)
        assert [made[0] for made in heard(run)] == [f"t{n}" for n in range(read)]


def test_one_ahead_of_its_time_holds_back_no_longer_than_that(run: JoinRun) -> None:
    publish(run, decision(0, LATER, "APPROVE"), decision(1, 0, "APPROVE"))
    publish(run, decision(2, 2 * LATER - 2, "APPROVE"))
    run.drain()
    assert heard(run) == []
    publish(run, decision(3, 2 * LATER, "APPROVE"))
    run.drain()
    assert [made[0] for made in heard(run)] == ["t0", "t1"]


def test_what_is_no_decision_is_passed_by(run: JoinRun) -> None:
    publish(run, decision(0, 0, "APPROVE"))
    first = run.logs.records[topics.DECISIONS][0]
    run.logs.records[topics.DECISIONS].append(first._replace(offset=1, value=b"noise"))
    publish(run, decision(1, 1, "APPROVE"), decision(2, 9 * LATER, "APPROVE"))
    run.drain()
    assert [made[0] for made in heard(run)] == ["t0", "t1"]
    (letter,) = run.outputs.bodies(topics.DEAD_LETTERS)
    assert letter["code"] == "SCHEMA_INVALID"


def test_a_restart_presumes_nothing_again(run: JoinRun) -> None:
    publish(run, *(decision(n, n, "APPROVE") for n in range(30)), decision(30, 60, "APPROVE"))
    run.drain()
    run.barrier()
    run.start()
    publish(run, decision(31, 90, "APPROVE"))
    run.drain()
    assert [made[0] for made in heard(run)] == [f"t{n}" for n in range(30)]


def test_a_label_whose_transaction_never_comes_is_given_up_as_it_was(run: JoinRun) -> None:
    orphan = label(7, hour=0)
    expired = counted("fraud_labels_total", result="EXPIRED")
    publish(run, orphan, decision(0, 13 * 24, "APPROVE"))
    run.drain()
    assert not run.outputs.bodies(topics.DEAD_LETTERS)
    run.barrier()
    run.start()
    publish(run, *(decision(n, 14 * 24 + 1, "APPROVE") for n in (1, 2)))
    run.drain()
    (letter,) = run.outputs.bodies(topics.DEAD_LETTERS)
    assert (letter["code"], letter["topic"], letter["offset"]) == ("ORPHAN_LABEL", topics.LABELS, 0)
    assert decode(letter["original"]) == ("label", orphan)
    assert counted("fraud_labels_total", result="EXPIRED") == expired + 1


def test_an_idle_card_is_forgotten_in_the_end(run: JoinRun) -> None:
    publish(run, decision(0, 0, "APPROVE"))
    publish(run, *(decision(n, (n + 1) * 24, "APPROVE", card="busy") for n in range(1, 130)))
    run.drain()
    assert not run.task.entries[b"c0"].state.pointers
    busy = run.task.entries[b"busy"].state.pointers
    assert len(busy) // 12 == POLICY.retention_ms // DAY_MS + 1
