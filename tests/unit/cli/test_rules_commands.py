"""`fraud rules` and `fraud whatif`: what they print, and what they do not accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.kafka.ports import free_port
from models.rules import baseline, compile_ruleset
from streams.cli import rules, rules_text, whatif_text
from streams.history.memory import MemoryLog
from streams.whatif.change import Change
from streams.whatif.limits import Limits
from streams.whatif.replay import Span
from streams.whatif.run import library, whatif
from tests.unit.cli.running import Fraud
from tests.unit.models.test_rules_life import rule, ruleset
from tests.unit.streams.test_rule_orders import MINE, Rules
from tests.unit.streams.whole_stream import run

WHY = ("--actor", "ana", "--reason", "why")


def test_a_file_is_linted_without_a_broker(fraud: Fraud, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(baseline().yaml)
    ran = fraud("rules", "lint", file, "--json")
    assert ran.code == 0
    assert ran.json["ruleset"] == "baseline@1"
    assert ran.json["rules"][-1]["mode"] == "shadow"
    assert "CARD_VELOCITY_1H" in fraud("rules", "lint", file).out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: mine\nversion: 1\nrules: [{code: A}]\n", "rules.yaml: rules[0].title: expected"),
        (b"\xff\xfe", "expected UTF-8 text"),
        (ruleset(rule("NIGHT", when={"feature": "card_cuont_1h", "ge": 1})).encode(),
         "rule NIGHT: when.feature: expected a feature"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_one_line(
    fraud: Fraud, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(content)
    for command in (("lint", file), ("apply", file, *WHY)):
        ran = fraud("rules", *command)
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert message in ran.err


def test_the_list_says_who_and_why() -> None:
    made = Rules()
    made.apply(MINE)
    activated = made.moded("NIGHT", "active")
    found = rules.listed(MemoryLog(made.log))
    assert found["in_force"] == "mine@3"
    assert [(one["version"], one["shadow"]) for one in found["versions"]] == [
        ("baseline@1", ["CARD_BACK_TO_BACK"]), ("mine@2", ["NIGHT", "HIGH"]), ("mine@3", ["HIGH"]),
    ]  # fmt: skip
    text = rules_text.table(found)
    assert "* mine@3" in text
    assert "ben: a week in shadow" in text
    assert "baseline@1  " in text
    assert "shipped" in text
    assert "in force: mine@3, in the place of mine@2" in rules_text.ordered(activated)
    changed = made.apply(ruleset(rule("NIGHT", 9), version=4))
    said = rules_text.ordered(changed)
    assert "changed: NIGHT" in said
    assert "removed: HIGH" in said
    assert "no longer acting until activated: NIGHT" in said


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    log = MemoryLog(run(1_500))
    high = compile_ruleset(ruleset(rule("HIGH", 15_000), version=7))
    limits = Limits(max_alerts_per_day=1, min_frauds_caught=0.0)
    return whatif(log, library(log), Change(rules=high), limits=limits, examples=2)


def test_a_diff_is_readable(found: dict[str, Any]) -> None:
    text = whatif_text.compared(found)
    assert text.startswith("rules mine@7, from the beginning to the end: 1,500 transactions on 2")
    assert "1,500 of 1,500 decisions come out again, 0 DIFFER" in text
    assert "alerts a day" in text
    assert "alerts by day\n  2023-11-14" in text
    assert "BROKEN max_alerts_per_day 1: found " in text
    assert "kept   min_frauds_caught 0: found " in text
    assert "APPROVE -> REVIEW" in text
    assert ": HIGH 1" in text


def test_a_baseline_that_differs_is_said_loudly(found: dict[str, Any]) -> None:
    baseline = {**found["baseline"], "differing": 1, "first_differing": "t7"}
    folded = {**found["folded"], "from_the_beginning": False}
    text = whatif_text.compared({**found, "baseline": baseline, "folded": folded})
    assert "NOT TO BE TRUSTED: t7 differs; the log has lost its beginning" in text


def test_a_span_is_event_time() -> None:
    from streams.cli.whatif import spanned  # noqa: PLC0415 - the package exports the command

    assert spanned("1970-01-01", "1970-01-02") == Span(0, 86_400_000)
    assert spanned(None, None) == Span()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("whatif",), "expected --rules, --activate, --threshold or --model"),
        (("whatif", "--threshold", "2"), "less than or equal to 1"),
        (("whatif", "--threshold", "0.2", "--from", "soon"), "--from: expected a date"),
        (("whatif", "--threshold", "0.2", "--from", "2018-05-02", "--to", "2018-05-01"),
         "expected --from before --to"),
        (("rules", "activate", *WHY), "Missing argument"),
        (("rules", "rollback", "--actor", "ana"), "Missing option"),
        (("rules", "rollback", "--actor", "ana", "--reason", " "), "expected why, got nothing"),
    ],
)  # fmt: skip
def test_usage_errors_say_what_is_expected(
    fraud: Fraud, arguments: tuple[str, ...], message: str
) -> None:
    ran = fraud(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [("rules", "list"), ("rules", "rollback", *WHY), ("rules", "shadow", "A", *WHY),
     ("rules", "activate", "A", *WHY), ("whatif", "--threshold", "0.2")],
)  # fmt: skip
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud(*arguments, "--bootstrap", nowhere, "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert nowhere in ran.err
