"""The kill switch through every stage: who reads what is in force reads that no model is."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.cli import models, models_order, models_text
from streams.demo.tally import Tally
from streams.explain.explanation import explain
from streams.governance.card import card
from streams.governance.card_words import purpose
from streams.history.force import in_force
from streams.history.memory import MemoryLog
from streams.history.rebuild import Request
from streams.in_process import InProcessLog
from streams.metrics import METRICS
from streams.verify.log import verify
from streams.whatif.change import Change
from streams.whatif.replay import Span
from streams.whatif.run import library, whatif
from tests.unit.streams.labelled_stream import rebuilt, run
from tests.unit.streams.whole_stream import bodies

OFF, ON, MANY = 360, 480, 600
"""Transactions at which the rules alone, and then a model again, are put in force."""


def lived(many: int) -> InProcessLog:
    """Models, then rules alone for a while, then a model again."""
    promoted = {
        at: [("PROMOTE", {"name": name})] for at, name in ((OFF, "rules"), (ON, "logistic"))
    }
    return run(many, chunk=60, orders=promoted)


@pytest.fixture(scope="module")
def off() -> InProcessLog:
    """The log while rules alone decide."""
    return lived(ON)


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return lived(MANY)


def number(decision: dict[str, Any]) -> int:
    return int(decision["transaction_id"][1:])


def test_decisions_name_no_model_until_one_is_promoted(log: InProcessLog) -> None:
    found = {number(one): one for one in bodies(log, topics.DECISIONS)}
    assert len(found) == MANY
    assert all(found[n]["model"] is None for n in range(OFF, ON))
    assert all(found[n]["model"] is not None for n in (*range(OFF - 60, OFF), *range(ON, MANY)))
    published = [n for n, v in versions(log) if n == "logistic" and OFF <= v < ON]
    assert published, "learning went on"


def versions(log: InProcessLog) -> list[tuple[str, int]]:
    records = bodies(log, topics.MODELS)
    return [(one["name"], one["version"]) for one in records if "payload" in one]


def test_every_decision_is_verified(log: InProcessLog) -> None:
    found = verify(MemoryLog(log))
    assert (found.checked, found.mismatches) == (MANY, 0)


def test_the_log_is_refolded_to_the_same_versions(log: InProcessLog) -> None:
    assert rebuilt(MemoryLog(log), Request()).equals


def test_while_off_everybody_says_that_rules_alone_decide(off: InProcessLog) -> None:
    log = MemoryLog(off)
    found = models.listed(log, None)
    assert (found["in_force"], found["champion"]) == (None, None)
    assert not any(one["in_force"] or one["champion"] for one in found["versions"])
    assert models_text.table(found).splitlines()[0] == (
        "in force: rules alone (rules alone put in force by ana)"
    )
    written = card(log, "logistic")
    assert (written["decides"], written["in_force"]) == (None, False)
    assert "At present rules alone decide;" in " ".join(purpose(written))
    assert METRICS.registry.get_sample_value("fraud_model_champion", {"name": "logistic"}) == 0.0
    assert METRICS.registry.get_sample_value("fraud_model_version", {"name": "logistic"}) is None


def test_while_off_a_decision_is_explained_by_rules(off: InProcessLog) -> None:
    found = explain(MemoryLog(off), f"t{OFF + 5}")
    assert found["model_parts"] is None


def test_while_off_a_rollback_goes_to_the_last_model(off: InProcessLog) -> None:
    name, _, version = models_order.previous(MemoryLog(off)).partition("@")
    assert name == "logistic"
    assert int(version) < sequence_off(off)


def sequence_off(log: InProcessLog) -> int:
    marker = in_force(MemoryLog(log))
    assert marker is not None
    return int(marker["sequence"])


def test_while_off_a_rebuild_is_of_the_model_that_would_decide(off: InProcessLog) -> None:
    found = rebuilt(MemoryLog(off), Request())
    assert found.equals
    assert found.snapshot["name"] == "logistic"


def test_a_change_is_asked_about_over_it(log: InProcessLog) -> None:
    memory = MemoryLog(log)
    found = whatif(memory, library(memory), Change(), span=Span())
    assert found["baseline"]["differing"] == 0


def test_the_demo_shows_that_no_model_decides() -> None:
    tally = Tally(clock=lambda: 0.0)
    for number_, model in enumerate(({"name": "logistic", "version": 7}, None)):
        tally.published(f"t{number_}")
        tally._decision({"transaction_id": f"t{number_}", "model": model}, b"")
    assert tally.champion is None
