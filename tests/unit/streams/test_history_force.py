"""What is in force is what the highest sequence says, whatever a restarted learner repeats."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.history import force
from streams.history.memory import MemoryLog
from streams.in_process import InProcessLog, InProcessStage
from streams.task import META_KEY
from streams.wire import codec
from tests.unit.streams.labelled_stream import ticking
from tests.unit.streams.learning_alone import Learning


def marker(sequence: int, version: int | None) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "model": None if version is None else {"name": "logistic", "version": version},
        "ruleset": {"name": "baseline", "version": 1},
        "threshold": 0.5,
        "reason": "test",
    }


def log_of(*markers: dict[str, Any] | None, noise: int = 3) -> InProcessLog:
    log = ticking()
    for one in markers:
        for _ in range(noise):
            log.append(topics.ACTIVITY, b"", b"something else", partition=0)
        if one is not None:
            log.append(topics.ACTIVITY, b"", codec.encode("control_marker", one), partition=0)
    return log


@pytest.mark.parametrize("chunk", [1, 2, 5, 20_000])
def test_markers_come_newest_first_each_once(chunk: int) -> None:
    # The learner published 400, died before its barrier, announced 200 again, published 400 again.
    log = log_of(marker(-1, None), marker(200, 200), marker(400, 400), marker(200, 200),
                 marker(400, 400), None)  # fmt: skip
    found = [one["sequence"] for one in force.markers(MemoryLog(log), chunk=chunk)]
    assert sorted(found, reverse=True) == [400, 200, -1]
    if chunk > 8:
        assert found == [400, 200, -1]


def test_nothing_is_in_force_on_an_empty_log() -> None:
    assert force.in_force(MemoryLog(ticking())) is None


def test_where_retention_took_every_marker_the_learners_note_says_it() -> None:
    learning = Learning()
    ran = InProcessStage(learning.stages.stages[0].stage, learning.log)
    ran.run()
    assert ran.stage.changelog == force.NOTES
    cut = ran.tasks[0].cut()
    left = ticking()
    left.append(force.NOTES, META_KEY, b'{"stage": {}}')
    assert force.in_force(MemoryLog(left)) is None
    for key, value in (*cut.values.items(), (META_KEY, cut.meta)):
        left.append(force.NOTES, key, value)
    noted = force.in_force(MemoryLog(left))
    assert noted == force.in_force(MemoryLog(learning.log))
    assert noted is not None
    assert noted["model"] is not None


def test_the_version_before_is_another_model_than_the_present_one() -> None:
    held = marker(450, 200)
    log = MemoryLog(log_of(marker(-1, None), marker(200, 200), marker(400, 400), held,
                           marker(500, 200)))  # fmt: skip
    present = force.in_force(log)
    assert present is not None
    assert force.ref(present["model"]) == "logistic@200"
    older = force.before(log, present)
    assert older is not None
    assert older["sequence"] == 400
    assert force.before(MemoryLog(log_of(marker(-1, None), marker(200, 200))), held) is None
