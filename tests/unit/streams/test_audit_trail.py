"""The audit trail of a log in this process: every command and every change, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.audit.chain import Head, digest
from schemas import topics
from streams.cli.audit import audited
from streams.governance.audit import Recorded, concerning, text
from streams.governance.audit_refold import beside_a_refold
from streams.history.memory import MemoryLog
from streams.history.orders import OrderRefused
from streams.wire import codec
from tests.unit.streams.labelled_stream import new_learner
from tests.unit.streams.learning_alone import Learning

RULES = "name: mine\nversion: 3\nrules: []\n"


def lived() -> Learning:
    """A learner that published, was told things, and refused some."""
    learning = Learning()
    learning.order("logistic", learning.versions()[0].number)
    with pytest.raises(OrderRefused):
        learning.order("logistic", 7)
    learning.send("RULES_APPLY", "ben", yaml=RULES)
    learning.send("FREEZE", "ben", reason="odd labels, card 4111 1111 1111 1111")
    learning.send("EXCLUDE", "ben", source="CUSTOMER")
    learning.send("RESUME", "ben")
    return learning


@pytest.fixture
def learning() -> Learning:
    return lived()


def at(learning: Learning) -> MemoryLog:
    return MemoryLog(learning.log)


def test_every_change_has_its_entry_with_who_and_why(learning: Learning) -> None:
    found = audited(at(learning), deep=True)
    assert (found["whole"], found["faults"]) == (True, [])
    entries = found["entries"]
    assert [one["number"] for one in entries] == [*range(len(entries))]
    assert entries[0]["kind"] == "BOOT"
    told = [(one["kind"], one["result"], one["actor"]) for one in entries if one["command_id"]]
    assert told == [
        ("PROMOTE", "DONE", "ana"), ("PROMOTE", "REFUSED", "ana"), ("RULES_APPLY", "DONE", "ben"),
        ("FREEZE", "DONE", "ben"), ("EXCLUDE", "DONE", "ben"), ("RESUME", "DONE", "ben"),
    ]  # fmt: skip
    promoted, refused, ruled = [one for one in entries if one["command_id"]][:3]
    assert "the test says so" in promoted["what"]
    assert "expected a version of logistic" in refused["what"]
    assert promoted["model"] == refused["model"]
    assert ruled["ruleset"] == "mine@3"
    assert ruled["published"].keys() == {"ruleset/mine@3"}
    assert not any("4111 1111" in one["what"] for one in entries)
    cadence = [one for one in entries if one["kind"] == "PUBLISH"]
    assert cadence
    assert {one["actor"] for one in cadence} == {"policy"}
    assert found["results"] == {
        "DONE": len(entries) - 1, "WAITING": 0, "REFUSED": 1, "EXPIRED": 0
    }  # fmt: skip


def test_the_text_ends_with_the_head(learning: Learning) -> None:
    found = audited(at(learning))
    lines = text(found, last=2).splitlines()
    assert len(lines) == 4
    assert lines[2] == f"head {found['head']}"
    assert "by ben" in lines[1]
    assert audited(at(learning), found["head"])["whole"] is True
    empty = audited(at(Learning(count=0)))
    assert [one["kind"] for one in empty["entries"]] == ["BOOT"]


def test_a_head_stays_in_a_chain_that_grows(learning: Learning) -> None:
    noted = audited(at(learning))["head"]
    learning.order("logistic", None)
    found = audited(at(learning), noted, deep=True)
    assert found["whole"] is True
    assert Head.parse(found["head"]).number == Head.parse(noted).number + 1


def replace(learning: Learning, topic: str, place: int, value: bytes | None) -> None:
    """Change one record where it lies."""
    records = learning.log.partitions[topic, 0]
    records[place] = records[place]._replace(value=value)


def altered(learning: Learning, **changes: Any) -> None:
    records = learning.log.partitions[topics.AUDIT, 0]
    body = codec.decode(records[3].value or b"")[1]
    replace(learning, topics.AUDIT, 3, codec.encode("audit_entry", body | changes))


def dropped_end(learning: Learning) -> None:
    learning.log.partitions[topics.AUDIT, 0].pop()


def other_command(learning: Learning) -> None:
    """The command's record is changed, the trail is not."""
    records = learning.log.partitions[topics.OUTCOMES, 0]
    place = next(r.offset for r in records if codec.decode(r.value or b"")[0] == "command")
    body = codec.decode(records[place].value or b"")[1] | {"actor": "zoe"}
    replace(learning, topics.OUTCOMES, place, codec.encode("command", body))


def other_model(learning: Learning) -> None:
    records = learning.log.partitions[topics.MODELS, 0]
    place = next(r.offset for r in records if codec.decode(r.value or b"")[0] == "model_snapshot")
    body = codec.decode(records[place].value or b"")[1]
    forged = body | {"payload": body["payload"].replace(b"0x1", b"0x2", 1)}
    replace(learning, topics.MODELS, place, codec.encode("model_snapshot", forged))


def other_rules(learning: Learning) -> None:
    records = learning.log.partitions[topics.MODELS, 0]
    body = codec.decode(records[0].value or b"")[1]
    replace(learning, topics.MODELS, 0, codec.encode("ruleset", body | {"yaml": RULES}))


def unread(learning: Learning) -> None:
    replace(learning, topics.AUDIT, 2, b"garbage")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda one: altered(one, actor="zoe"), "entry 3 was altered"),
        (lambda one: altered(one, number=9_999), "entry 9999 was altered"),
        (dropped_end, "are missing at the end"),
        (unread, "is no entry"),
        (other_command, "is not what entry"),
        (other_model, "payload with sha256"),
        (other_rules, "ruleset/baseline@1 on fraud.models is not what entry 0 says"),
    ],
)
def test_damage_is_found_and_named(damage: Callable[[Learning], None], said: str) -> None:
    learning = lived()
    noted = audited(at(learning))["head"]
    damage(learning)
    found = audited(at(learning), noted, deep=True)
    assert found["whole"] is False
    assert any(said in fault["text"] for fault in found["faults"]), found["faults"]
    assert "BROKEN: " in text(found)


def test_a_command_without_its_entry_is_found(learning: Learning) -> None:
    """The learner's own words are dropped, and the chain is written anew by somebody else."""
    from models.audit.chain import Chain  # noqa: PLC0415 - the forger's tool

    kept = [one for one in Recorded(at(learning)).once if one["kind"] != "FREEZE"]
    link, chain = ("number", "previous", "hash"), Chain()
    forged = [chain.append({k: v for k, v in e.items() if k not in link}) for e in kept]
    learning.log.partitions[topics.AUDIT, 0].clear()
    for one in forged:
        learning.log.append(topics.AUDIT, b"", codec.encode("audit_entry", one))
    assert audited(at(learning))["whole"] is True
    (fault,) = audited(at(learning), deep=True)["faults"]
    assert (fault["kind"], fault["text"].split(" at ")[0]) == (
        "MISSING", "command FREEZE-ben of ben"
    )  # fmt: skip


def again(learning: Learning) -> list[str]:
    """What the learner's own fold finds, by a learner as it began."""
    entries = Recorded(at(learning)).once
    return [fault.text for fault in beside_a_refold(at(learning), entries, new_learner=new_learner)]


def test_the_trail_can_be_made_again_from_the_log(learning: Learning) -> None:
    assert again(learning) == []
    records = learning.log.partitions[topics.AUDIT, 0]
    body = codec.decode(records[2].value or b"")[1] | {"threshold": 0.25, "what": "nothing"}
    forged = codec.encode("audit_entry", body | {"hash": digest(body)})
    records[2] = records[2]._replace(value=forged)
    assert again(learning) == ["the log makes entry 2 with another what, threshold"]
    last = codec.decode(records[-1].value or b"")[1]
    dropped_end(learning)
    assert f"the log makes entry {last['number']}" not in " ".join(again(learning))
    extra = last | {"number": last["number"] + 1, "offset": last["offset"] + 1}
    learning.log.append(topics.AUDIT, b"", codec.encode("audit_entry", extra))
    assert again(learning)[1:] == [
        f"the log makes entry {last['number']}, which is not recorded",
        f"the log does not make entry {last['number'] + 1}",
    ]


def test_what_concerns_a_model_leaves_its_cadence_out(learning: Learning) -> None:
    entries = Recorded(at(learning)).once
    found = concerning(entries, "logistic")
    kinds = [one["kind"] for one in found]
    assert kinds[:2] == ["PUBLISH", "PROMOTE"]  # the first version took over from the rules
    assert kinds.count("PUBLISH") == 1
    assert concerning(entries, "nobody") == []
