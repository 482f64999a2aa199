"""A source is excluded and unlearned in the middle of a stream; every reader of the log agrees."""

from __future__ import annotations

import pytest

from schemas import topics
from streams.governance.card import card
from streams.history.memory import MemoryLog
from streams.history.rebuild import Request
from streams.in_process import InProcessLog
from streams.verify.log import verify
from streams.wire import codec
from tests.unit.streams.labelled_stream import rebuilt, run
from tests.unit.streams.whole_stream import bodies

MANY, AT = 540, 360
ORDERS = (("EXCLUDE", {"source": "CUSTOMER"}), ("REBUILD", {"reason": "customer is out"}))


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return run(MANY, chunk=60, orders={AT: ORDERS})


def learned_anew(log: InProcessLog) -> int:
    """The version that was learned anew: the offset of the command."""
    names = [codec.decode(one.value or b"")[0] for one in log.read(topics.OUTCOMES)]
    return len(names) - 1 - names[::-1].index("command")


def test_the_clean_model_decides_at_once(log: InProcessLog) -> None:
    found = {one["transaction_id"]: one for one in bodies(log, topics.DECISIONS)}
    assert found[f"t{AT}"]["model"] == {"name": "logistic", "version": learned_anew(log)}
    assert found[f"t{AT - 1}"]["model"]["version"] < learned_anew(log)
    snapshot = next(
        one for one in bodies(log, topics.MODELS) if one.get("offset") == learned_anew(log)
    )
    assert snapshot["metrics"]["excluded"] > 0
    assert snapshot["metrics"]["rebuilds"] == 1.0


def test_decisions_and_versions_are_made_again(log: InProcessLog) -> None:
    found = verify(MemoryLog(log))
    assert (found.checked, found.mismatches) == (MANY, 0)
    assert rebuilt(MemoryLog(log), Request()).equals


def test_the_card_says_so(log: InProcessLog) -> None:
    told = card(MemoryLog(log), f"logistic@{learned_anew(log)}")
    assert any("learned anew" in one["what"] for one in told["approvals"])
