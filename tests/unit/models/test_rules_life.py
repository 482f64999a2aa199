"""The life of a rule: shadow first, one mode at a time, a version each."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.learn import Learner
from models.learn_control import boot
from models.rules import baseline, compile_ruleset
from models.rules_life import acts, difference, next_version, shadow_first, with_modes
from models.rules_lint import RuleError
from schemas.errors import InvalidField
from tests.unit.models.learn_world import World, command

CODES = ("NIGHT", "ABROAD", "HIGH")


def rule(code: str, limit: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "title": code.lower(), "action": "REVIEW",
        "when": {"field": "amount_minor", "ge": limit}, "text": "{amount_minor:money}", **more,
    }  # fmt: skip


def ruleset(*rules: dict[str, Any], version: int = 1, name: str = "mine") -> str:
    document = {"name": name, "version": version, "rules": list(rules)}
    return "# by hand\n" + yaml.safe_dump(document, sort_keys=False)


def modes(source: str) -> dict[str, bool]:
    return {one.code: one.shadow for one in compile_ruleset(source).rules}


def test_new_and_changed_rules_go_to_shadow_first() -> None:
    old = ruleset(rule("NIGHT"), rule("ABROAD"))
    new = ruleset(rule("NIGHT", title="other words"), rule("ABROAD", 7), rule("HIGH"), version=2)
    text, codes = shadow_first(new, old)
    assert codes == ["ABROAD", "HIGH"]
    assert modes(text) == {"NIGHT": False, "ABROAD": True, "HIGH": True}
    assert difference(new, old)._asdict() == {
        "added": ["HIGH"], "changed": ["ABROAD"], "removed": [], "modes": [],
    }  # fmt: skip


def test_another_action_is_another_rule_and_shadow_does_not_end_by_itself() -> None:
    old = ruleset(rule("NIGHT"), rule("HIGH", mode="shadow"))
    new = ruleset(rule("NIGHT", action="DECLINE"), rule("HIGH"))
    assert shadow_first(new, old)[1] == ["NIGHT", "HIGH"]
    assert difference(new, old).modes == ["HIGH"]


def test_what_needs_no_change_stays_as_it_was_written() -> None:
    new = ruleset(rule("NIGHT"), rule("HIGH", mode="shadow"), version=2)
    assert shadow_first(new, ruleset(rule("NIGHT"))) == (new, [])


def test_the_shipped_rules_survive_another_mode() -> None:
    text = with_modes(baseline().yaml, {"CARD_BACK_TO_BACK": "active"}, 2, "by\nana")
    made = compile_ruleset(text)
    assert text.startswith("# by ana\n")
    assert (made.name, made.version) == ("baseline", 2)
    before = yaml.safe_load(baseline().yaml)["rules"]
    after = yaml.safe_load(text)["rules"]
    assert after[:-1] == before[:-1]
    assert after[-1] == before[-1] | {"mode": "active"}


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(RuleError, match="expected one of its rules: NIGHT, got 'DAY'"):
        with_modes(ruleset(rule("NIGHT")), {"DAY": "shadow"})


def test_a_rule_acts_if_it_is_active_and_no_note() -> None:
    source = ruleset(rule("NIGHT"), rule("HIGH", mode="shadow"), rule("ABROAD", action="NOTE"))
    assert [acts(source, code) for code in (*CODES, "DAY")] == [True, False, False, False]


FILES = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(1, 2), st.sampled_from(("active", "shadow"))),
    unique_by=lambda one: one[0],
).map(lambda rules: ruleset(*(rule(code, limit, mode=mode) for code, limit, mode in rules)))


@given(FILES, FILES)
def test_shadow_first_lets_nothing_new_act_and_is_done_once(new: str, old: str) -> None:
    text, codes = shadow_first(new, old)
    acting = {one.code for one in compile_ruleset(text).rules if not one.shadow}
    active_before = {one.code for one in compile_ruleset(old).rules if not one.shadow}
    assert acting <= active_before
    assert not acting & set(difference(new, old).changed)
    assert shadow_first(text, old) == (text, [])
    assert difference(text, new).modes == codes
    assert difference(text, text) == difference(new, new) == ([], [], [], [])


# -- through the learner ----------------------------------------------------------------------


def order(kind: str, **payload: Any) -> dict[str, Any]:
    return command(kind, json.dumps(payload))


def world() -> World:
    made = World()
    made.add("command", order("RULES_APPLY", yaml=ruleset(rule("NIGHT"), rule("HIGH"))))
    return made


def demote(code: str, at: str = "mine@1") -> dict[str, Any]:
    return order("RULES_DEMOTE", code=code, ruleset=at, reason="it fired on 30 %")


def test_who_and_why_are_in_the_marker() -> None:
    ((*_, marker),) = World().add(
        "command", order("RULES_APPLY", yaml=ruleset(), reason="nights are quiet")
    )
    assert marker is not None
    assert marker["reason"] == "rules applied by ana: nights are quiet"


def test_a_demoted_rule_is_in_shadow_in_the_next_version() -> None:
    made = world()
    ((kind, key, record, marker),) = made.add("command", demote("NIGHT"))
    assert (kind, key) == ("ruleset", "ruleset/mine@2")
    assert record is not None
    assert marker is not None
    assert marker["reason"] == "rule NIGHT demoted to shadow by ana: it fired on 30 %"
    assert marker["ruleset"] == {"name": "mine", "version": 2}
    assert modes(record["yaml"]) == {"NIGHT": True, "HIGH": False}
    assert record["yaml"].startswith("# mine@1, rule NIGHT demoted to shadow by ana: it fired on")


def test_only_the_first_demotion_counts_and_only_of_the_rules_in_force() -> None:
    made = world()
    assert made.add("command", demote("NIGHT"))
    assert made.add("command", demote("NIGHT")) == []
    assert made.add("command", demote("HIGH")) == []
    assert made.add("command", demote("NIGHT", "mine@2")) == []
    assert made.add("command", demote("DAY", "mine@2")) == []
    assert made.learner.ruleset == {"name": "mine", "version": 2}
    again = World(Learner.unpack(made.learner.pack()))
    ((_, key, _, _),) = again.add("command", demote("HIGH", "mine@2"))
    assert key == "ruleset/mine@3"


def test_a_note_is_never_demoted() -> None:
    made = World()
    ((_, key, _, _),) = [boot(Learner())]
    assert key == "ruleset/baseline@1"
    assert made.add("command", demote("INSUFFICIENT_HISTORY", "baseline@1")) == []


def test_an_order_for_other_rules_than_those_in_force_is_refused() -> None:
    made = world()
    late = order("RULES_APPLY", yaml=ruleset(version=5), in_force="baseline@1")
    with pytest.raises(InvalidField, match="expected the rules in force, mine@1"):
        made.add("command", late)
    assert made.learner.ruleset == {"name": "mine", "version": 1}
    made.add("command", order("RULES_APPLY", yaml=ruleset(version=5), in_force="mine@1"))
    assert made.learner.ruleset == {"name": "mine", "version": 5}


def test_a_used_version_says_which_is_free() -> None:
    made = world()
    made.add("command", demote("NIGHT"))
    with pytest.raises(RuleError, match="the next free one is 3"):
        made.add("command", order("RULES_APPLY", yaml=ruleset(version=2)))
    assert next_version("mine", made.learner.rulesets) == 3
