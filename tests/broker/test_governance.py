"""Governance on a real broker: a learner is told things and dies; its trail stays whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.broker import Broker
from models.audit.chain import Head, digest
from schemas import topics
from streams.wire import codec
from tests.broker.running import bodies, produce, until, worker
from tests.unit.cli.running import Fraud
from tests.unit.streams.governed_stream import lived

TWO = "approve=PROMOTE"


def recorded(topic: str, schema: str) -> list[tuple[bytes | None, bytes]]:
    """The records of a schema of the small governed world."""
    header = codec.header(schema)
    found = [(record.key, record.value or b"") for record in lived().read(topic)]
    return [one for one in found if one[1].startswith(header)]


class Governed:
    """The command line against one broker, in this process."""

    def __init__(self, fraud: Fraud, bootstrap: str) -> None:
        self.fraud, self.bootstrap = fraud, bootstrap

    def __call__(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        ran = self.fraud(*arguments, "--bootstrap", self.bootstrap, "--json")
        assert ran.code == code, ran.err
        return ran.json if ran.out else {"err": ran.err}


def learned(bootstrap: str, many: int) -> None:
    """Wait until the learner has published after so many outcomes."""
    until(
        lambda: any(one.get("version") == many - 1 for one in bodies(bootstrap, topics.MODELS)),
        90, f"nothing published after {many} outcomes",
    )  # fmt: skip


def two_people_promote(govern: Governed) -> None:
    set_ = govern("policy", "set", TWO, "publish_every=500", "--actor", "ana", "--reason", "agreed")
    assert set_["waits"] is False
    order = govern("models", "promote", "logistic@499", "--actor", "ana")
    assert (order["waits"], order["in_force"]) == (True, "logistic@499")
    (waits,) = govern("approve")["waiting"]
    refused = govern("approve", waits["command_id"], "--actor", "Ana", code=1)
    assert "somebody else than ana" in refused["err"]
    approved = govern("approve", waits["command_id"], "--actor", "ben")
    assert approved["reason"] == "promoted logistic@499 by ana; approved by ben"
    assert govern("approve") == {"waiting": []}


def learning_stops_and_goes_on(govern: Governed) -> None:
    by = ("--actor", "ana", "--reason", "a broken import")
    refused = govern("learning", "resume", *by, code=1)
    assert "a FREEZE before it" in refused["err"]
    frozen = govern("learning", "freeze", *by)
    assert frozen["reason"] == "learning frozen by ana: a broken import"
    out = govern("learning", "exclude", "customer", *by)
    assert out["reason"] == "labels of CUSTOMER excluded from learning by ana: a broken import"
    back = govern("learning", "resume", "--drop", *by)
    assert back["reason"].startswith("learning resumed, without what queued, by ana")
    again = govern("learning", "exclude", "customer", "--undo", *by)
    assert again["reason"].startswith("labels of CUSTOMER taken back into learning by ana")
    anew = govern("learning", "rebuild", *by)
    assert anew["reason"].startswith("models rebuilt by ana: a broken import; ")
    assert anew["in_force"] == "logistic@499"  # two people hold it


def test_what_a_learner_was_told_is_on_record(
    new_kafka: Callable[[], Broker], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bootstrap = new_kafka().bootstrap
    govern = Governed(Fraud(capfd), bootstrap)
    produce(bootstrap, topics.DECISIONS, recorded(topics.DECISIONS, "decision"))
    produce(bootstrap, topics.OUTCOMES, recorded(topics.OUTCOMES, "outcome")[:600])
    with worker("learn", bootstrap, tmp_path) as first:
        learned(bootstrap, 500)
        two_people_promote(govern)
        first.kill()
    with worker("learn", bootstrap, tmp_path):
        settings = govern("policy", "set", "publish_every=100", "--actor", "ana")
        assert settings["waits"] is True  # the second learner goes by what the first was told
        papers_are_written(govern, tmp_path / "papers")
        learning_stops_and_goes_on(govern)
        noted = govern("audit", "--deep", "--refold")
    told = [(one["kind"], one["result"], one["actor"]) for one in noted["entries"]]
    assert told == [
        ("BOOT", "DONE", "policy"), ("PUBLISH", "DONE", "policy"), ("POLICY", "DONE", "ana"),
        ("PROMOTE", "WAITING", "ana"), ("APPROVE", "REFUSED", "Ana"), ("APPROVE", "DONE", "ben"),
        ("POLICY", "WAITING", "ana"), ("RESUME", "REFUSED", "ana"), ("FREEZE", "DONE", "ana"),
        ("EXCLUDE", "DONE", "ana"), ("RESUME", "DONE", "ana"), ("EXCLUDE", "DONE", "ana"),
        ("REBUILD", "DONE", "ana"),
    ]  # fmt: skip
    assert noted["whole"] is True
    forged(bootstrap)
    found = govern("audit", "--check", noted["head"], code=1)
    assert [fault["kind"] for fault in found["faults"]] == ["INSERTED"]


def papers_are_written(govern: Governed, out: Path) -> None:
    card = govern("card", "logistic", "--out", out)
    assert (card["model"], card["in_force"]) == ("logistic@499", True)
    assert card["approvals"][-1]["what"].endswith("approved by ben")
    report = govern("report", "--week", "2023-11-22", "--out", out)
    assert report["weeks"][-1]["stopped"]["minor_units"].keys() == {"EUR", "USD"}
    assert sorted(path.name for path in out.iterdir()) == [
        "card-logistic-499.html", "card-logistic-499.json", "card-logistic-499.md",
        "report-2023-W47.html", "report-2023-W47.json", "report-2023-W47.md",
    ]  # fmt: skip


def forged(bootstrap: str) -> None:
    """Somebody else writes an entry in another's name, with a hash to match."""
    last = bodies(bootstrap, topics.AUDIT)[-2]
    entry = last | {"actor": "zoe", "what": "approved by zoe"}
    entry["hash"] = digest(entry)
    assert Head(entry["number"], entry["hash"]) != Head(last["number"], last["hash"])
    produce(bootstrap, topics.AUDIT, [(b"", codec.encode("audit_entry", entry))])
