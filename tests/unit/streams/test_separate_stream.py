"""A model learned in two is switched on by the log, decides, and is made again by its readers."""

from __future__ import annotations

import math

import pytest

from schemas import topics
from streams.explain.explanation import explain
from streams.governance.card import card
from streams.history.left_out import LeftOut
from streams.history.memory import MemoryLog
from streams.history.rebuild import Request
from streams.history.versions import Versions
from streams.in_process import InProcessLog
from streams.verify.log import verify
from tests.unit.streams.labelled_stream import rebuilt, run
from tests.unit.streams.whole_stream import bodies

NAME, MANY, PROMOTED = "separate:logistic", 780, 660
ORDERS = {
    120: [("POLICY", {"set": {"separate": ["logistic"]}})],
    PROMOTED: [("PROMOTE", {"name": NAME})],
}


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return run(MANY, chunk=60, orders=ORDERS)


def test_it_decides_and_gives_its_reasons(log: InProcessLog) -> None:
    found = {one["transaction_id"]: one for one in bodies(log, topics.DECISIONS)}
    assert found[f"t{PROMOTED - 1}"]["model"]["name"] == "logistic"
    assert {found[f"t{n}"]["model"]["name"] for n in range(PROMOTED, MANY)} == {NAME}
    told = explain(MemoryLog(log), f"t{MANY - 1}")["model_parts"]
    assert told["contributions"]
    odds = [told["members"][name]["log_odds"] for name in ("slow", "fast")]
    assert told["score"] == pytest.approx(sum(1 / (1 + math.exp(-one)) for one in odds) / 2)


def test_half_of_it_learned_what_analysts_said(log: InProcessLog) -> None:
    last = [one for one in bodies(log, topics.MODELS) if one.get("name") == NAME][-1]
    assert (last["kind"], last["payload"].count(b'"kind":"river.logistic_pipeline"')) == (
        "river.mean", 2,
    )  # fmt: skip


def test_decisions_and_versions_are_made_again(log: InProcessLog) -> None:
    found = verify(MemoryLog(log))
    assert (found.checked, found.mismatches) == (MANY, 0)
    again = rebuilt(MemoryLog(log), Request(name=NAME))
    assert again.equals
    assert again.snapshot["sha256"] == Versions(MemoryLog(log)).of(NAME)[-1].manifest["sha256"]


def test_without_analysts_labels_it_is_the_plain_model(log: InProcessLog) -> None:
    without = LeftOut.parse(["source=ANALYST"])
    found = rebuilt(MemoryLog(log), Request(name=NAME, without=without)).snapshot
    assert found["kind"] == "river.mean"
    assert found["payload"].count(b'"kind":"river.logistic_pipeline"') == 1


def test_its_card_can_be_written(log: InProcessLog) -> None:
    version = Versions(MemoryLog(log)).of(NAME)[-1].number
    assert card(MemoryLog(log), f"{NAME}@{version}")
