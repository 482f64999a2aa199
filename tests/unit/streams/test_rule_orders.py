"""The life of a rule by its orders, over an in-process stream: apply, activate, roll back."""

from __future__ import annotations

import pytest

from models.rules import baseline
from schemas import topics
from streams.history.memory import MemoryLog
from streams.history.orders import OrderRefused
from streams.history.rule_orders import NothingToChange, RuleOrder, VersionUsed
from streams.history.rule_versions import NoRulesInForce, RulesUnknown, RuleVersions
from streams.in_process import InProcess, InProcessLog
from tests.unit.models.test_rules_life import rule, ruleset
from tests.unit.streams.labelled_stream import small_stages, ticking
from tests.unit.streams.learning_alone import send
from tests.unit.streams.whole_stream import bodies

MINE = ruleset(rule("NIGHT"), rule("HIGH", 5), version=2)


class Rules:
    """Orders over a log with a learner."""

    def __init__(self) -> None:
        self.log = ticking()
        every = [stage for stage in small_stages(self.log) if stage.name == "learn"]
        self.stages = InProcess(every, self.log)
        self.stages.run()

    def order(self, actor: str = "ana", reason: str = "why") -> RuleOrder:
        return RuleOrder(MemoryLog(self.log), send(self.log), actor, reason, 5.0)

    def pause(self) -> None:
        self.stages.run()

    def apply(self, text: str, *, active: bool = False) -> dict[str, object]:
        order = self.order()
        return order.run(order.shadowed(text, active=active), self.pause)

    def moded(self, code: str, mode: str) -> dict[str, object]:
        order = self.order("ben", "a week in shadow")
        return order.run(order.moded([code], mode), self.pause)

    def versions(self) -> RuleVersions:
        return RuleVersions(MemoryLog(self.log))


@pytest.fixture
def rules() -> Rules:
    return Rules()


def test_the_life_of_a_rule(rules: Rules) -> None:
    applied = rules.apply(MINE)
    assert (applied["before"], applied["in_force"]) == ("baseline@1", "mine@2")
    assert (applied["added"], applied["shadow"]) == (["NIGHT", "HIGH"], ["NIGHT", "HIGH"])
    assert applied["reason"] == "rules applied by ana: why"
    activated = rules.moded("NIGHT", "active")
    assert (activated["in_force"], activated["modes"]) == ("mine@3", ["NIGHT"])
    assert activated["shadow"] == []
    changed = rules.apply(ruleset(rule("NIGHT", 9), rule("HIGH", 5), version=4))
    assert (changed["changed"], changed["no_longer_acting"]) == (["NIGHT"], ["NIGHT"])
    order = rules.order()
    back = order.run(order.earlier(None), rules.pause)
    assert (back["before"], back["in_force"]) == ("mine@4", "mine@3")
    assert back["modes"] == []
    order = rules.order()
    assert order.run(order.earlier("baseline@1"), rules.pause)["in_force"] == "baseline@1"
    assert rules.versions().current().yaml == baseline().yaml
    assert rules.versions().refs() == ["baseline@1", "mine@2", "mine@3", "mine@4"]


def test_who_and_why_are_found_again(rules: Rules) -> None:
    rules.apply(MINE)
    rules.moded("NIGHT", "active")
    found = rules.versions().authors()
    assert found["baseline@1"] == ("", "")
    assert found["mine@2"] == ("ana", "why")
    assert found["mine@3"] == ("ben", "a week in shadow")
    order = rules.order("eve", "again")
    order.run(order.earlier("mine@2"), rules.pause)
    order = rules.order("eve", "again")
    order.run(order.earlier("baseline@1"), rules.pause)
    found = rules.versions().authors()
    assert found["mine@2"] == ("ana", "why"), "the first one made it"
    assert found["baseline@1"] == ("", ""), "who puts the shipped rules back did not make them"


def test_a_version_is_never_overwritten(rules: Rules) -> None:
    rules.apply(MINE)
    before = len(rules.log.read(topics.OUTCOMES))
    with pytest.raises(VersionUsed, match="Number the file 3; or put mine@2 back"):
        rules.apply(ruleset(rule("OTHER"), version=2))
    with pytest.raises(VersionUsed):
        rules.apply(MINE, active=True)
    assert len(rules.log.read(topics.OUTCOMES)) == before, "a refused order was sent"
    assert rules.apply(MINE)["in_force"] == "mine@2", "the same again is no other"


def test_active_rules_act_at_once(rules: Rules) -> None:
    assert rules.apply(MINE, active=True)["shadow"] == []
    (made,) = [b for b in bodies(rules.log, topics.MODELS) if b.get("name") == "mine"]
    assert made["yaml"] == MINE, "what needs no change is published as it was written"


def test_rules_that_were_changed_meanwhile_are_not_replaced(rules: Rules) -> None:
    late = rules.order()
    rules.apply(MINE)
    with pytest.raises(OrderRefused, match="expected the rules in force, mine@2"):
        late.run(ruleset(version=9), rules.pause)
    assert rules.versions().current().ref == "mine@2"


def test_what_is_so_already_is_not_ordered(rules: Rules) -> None:
    rules.apply(MINE)
    with pytest.raises(NothingToChange, match="NIGHT, in shadow already"):
        rules.order().moded(["NIGHT"], "shadow")
    with pytest.raises(RulesUnknown, match="mine@2"):
        rules.order().earlier("mine@7")


def test_without_a_learner_there_are_no_rules() -> None:
    log = InProcessLog(clock=lambda: 0)
    with pytest.raises(NoRulesInForce, match="fraud worker learn"):
        RuleVersions(MemoryLog(log)).current()


def test_without_other_rules_there_is_nothing_to_go_back_to(rules: Rules) -> None:
    with pytest.raises(RulesUnknown, match="other rules before baseline@1"):
        rules.order().earlier(None)
