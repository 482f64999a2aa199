"""`fraud verify`: what it prints, and what it does not accept."""

from __future__ import annotations

import pytest

from infra.kafka.ports import free_port
from schemas import topics
from streams.cli import verify as command
from streams.history.memory import MemoryLog
from streams.in_process import InProcessLog
from streams.verify.log import verify
from tests.unit.cli.running import Fraud
from tests.unit.streams.altered_log import MANY, copied, world
from tests.unit.streams.labelled_stream import new_learner, ticking


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return world()


def test_a_report_has_the_first_difference_and_its_sides(log: InProcessLog) -> None:
    good = verify(MemoryLog(log))
    found = command.report(good, 2.0)
    assert (found["checked"], found["mismatches"], found["first"]) == (MANY, 0, None)
    assert found["decisions_per_second"] == MANY / 2
    assert command.text(found, good) == f"{MANY} decisions checked in 2.0 s (240/s): 0 mismatches"
    bad = verify(copied(log, lambda records: records[1:] * 2), decided=lambda _: 10**6)
    found = command.report(bad, 0.0)
    assert found["mismatches"] == 4
    assert found["repeats"] == MANY - 4
    assert found["first"]["kind"] == "missing"
    assert found["first"]["activity"].keys() == {"partition", "offset"}
    text = command.text(found | {"models": {"equal": 3, "differing": ["a@1"], "missing": []}}, bad)
    assert "records repeat a decision" in text
    assert "3 model versions equal, NOT a@1" in text
    assert "first: missing (the log gives a decision that is not on record): transaction " in text


def test_what_waits_is_said(log: InProcessLog) -> None:
    found = verify(copied(log, lambda _: []), decided=lambda _: 0)
    assert (found.checked, found.mismatches, found.waiting) == (0, 0, MANY)
    assert f"{MANY} are not decided yet" in command.text(command.report(found, 1.0), found)


def test_models_that_were_never_published_have_nothing_to_equal() -> None:
    assert command.rederived_models(MemoryLog(ticking()))["equals"] is True


def test_models_come_out_again_of_the_same_outcomes_alone(log: InProcessLog) -> None:
    found = command.rederived_models(MemoryLog(log), new_learner=new_learner)
    assert found["equals"] is True
    assert found["equal"] >= 3
    shorter = copied(log, lambda records: records[1:], topics.OUTCOMES)
    found = command.rederived_models(shorter, new_learner=new_learner)
    assert found["equals"] is False
    assert found["differing"] or found["missing"]


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_point_is_an_offset_or_a_time(fraud: Fraud, option: str) -> None:
    ran = fraud("verify", option, "soon")
    assert (ran.code, ran.out) == (2, "")
    assert f"{option}: expected an offset" in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize("words", [("verify",), ("explain", "4711")])
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud(*words, "--bootstrap", nowhere, "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert nowhere in ran.err
