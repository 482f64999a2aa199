"""The control share: which declines are let through, what the record says, what they weigh."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.control_share import CODE, LEAST, MOST, ControlShare, estimate, on_record
from models.decision import Control, decide, is_control, own_weight
from models.evaluation import roc_auc
from models.features import FEATURES
from models.join import JoinState, outcome, remember
from models.learn import Learner
from models.learn_policy import LearnPolicy
from models.maturity import MaturityPolicy, presume
from models.outcome import transaction_key
from models.portfolio.logistic import Logistic
from models.rules import Hit, RuleError, compile_ruleset
from schemas.errors import InvalidField
from tests.unit.models.join_records import labelled
from tests.unit.models.learn_world import World, command
from tests.unit.models.learn_world import outcome as learned
from tests.unit.models.test_decision import MARKER, ROW, SRC, TRANSACTION, hit

SHARE = ControlShare(0.05, 3)
CONTROL = Control.of({**MARKER, "control_share": SHARE.record()})
DRAWN = next(f"t{n}" for n in range(10_000) if SHARE.draws(f"t{n}"))
OTHER = next(f"t{n}" for n in range(10_000) if not SHARE.draws(f"t{n}"))


def made(score: float | None, *hits: Hit, who: str = DRAWN, control: Control = CONTROL) -> Any:
    return decide(TRANSACTION | {"transaction_id": who}, ROW, score, hits, control, src=SRC)


def codes(decision: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in decision["reasons"]]


# -- who is let through ---------------------------------------------------------------------------


def test_a_share_of_the_ids_is_drawn_whatever_the_order() -> None:
    drawn = {n for n in range(20_000) if SHARE.draws(f"t{n}")}
    assert len(drawn) == pytest.approx(1_000, abs=4 * math.sqrt(1_000 * 0.95))
    assert drawn == {n for n in reversed(range(20_000)) if SHARE.draws(f"t{n}")}


def test_a_larger_share_keeps_those_of_the_smaller_and_another_seed_draws_others() -> None:
    ids = [f"t{n}" for n in range(5_000)]
    small, large, other = (
        {one for one in ids if share.draws(one)}
        for share in (SHARE, ControlShare(0.1, 3), ControlShare(0.05, 4))
    )
    assert small < large
    assert len(small & other) < len(small) / 4


@pytest.mark.parametrize("share", [-0.01, 0.001, 0.1001, 1.0, math.nan, math.inf])
def test_a_share_out_of_bounds_is_refused(share: float) -> None:
    with pytest.raises(InvalidField, match=r"0, or from 0\.01 to 0\.1"):
        ControlShare(share)
    with pytest.raises(InvalidField):
        Control.of({**MARKER, "control_share": {"share": share, "seed": 1}})


# -- the decision ---------------------------------------------------------------------------------


def test_what_the_model_alone_would_decline_goes_on_with_its_reason() -> None:
    found = made(0.9)
    assert (found["decision"], codes(found)) == ("APPROVE", ["MODEL_SCORE", CODE])
    assert "would be DECLINE" in found["reasons"][1]["text"]
    assert on_record(found) == SHARE
    assert (made(0.9, who=OTHER)["decision"], made(0.3)["decision"]) == ("DECLINE", "REVIEW")


@pytest.mark.parametrize(
    ("action", "decision"),
    [("NOTE", "APPROVE"), ("REVIEW", "REVIEW"), ("CHALLENGE", "DECLINE"), ("DECLINE", "DECLINE")],
)
def test_a_rule_is_somebodys_order(action: str, decision: str) -> None:
    found = made(0.9, hit(action), hit("DECLINE", shadow=True))
    assert found["decision"] == decision
    assert (CODE in codes(found)) is (action in ("NOTE", "REVIEW"))


def test_rules_alone_decline_everybody_they_name() -> None:
    alone = Control.of({**MARKER, "model": None, "control_share": SHARE.record()})
    assert made(None, hit("DECLINE"), control=alone)["decision"] == "DECLINE"


def test_off_nothing_is_another_record() -> None:
    off = Control.of({**MARKER, "control_share": None})
    assert made(0.9, control=off) == made(0.9, control=Control.of(MARKER))
    assert made(0.9, control=off)["decision"] == "DECLINE"


def test_no_rule_may_have_the_code() -> None:
    rules = f"""
name: t
version: 1
rules: [{{code: {CODE}, title: t, action: NOTE, text: t, when: {{field: amount_minor, ge: 1}}}}]
"""
    with pytest.raises(RuleError, match=CODE):
        compile_ruleset(rules)


shares = st.builds(ControlShare, st.floats(LEAST, MOST), st.integers(0, 2**31 - 1))


@given(share=shares)
def test_the_reason_holds_the_share_to_the_bit(share: ControlShare) -> None:
    assert on_record({"reasons": [{"code": "A", "text": "x"}, share.reason()]}) == share
    assert ControlShare.of(json.loads(json.dumps(share.record()))) == share


@given(
    share=shares, number=st.integers(0, 300), score=st.floats(0, 1), threshold=st.floats(1e-6, 1),
    action=st.sampled_from(["NOTE", "REVIEW", "CHALLENGE", "DECLINE"]),
)  # fmt: skip
def test_an_outcome_without_reasons_tells_what_was_let_through(
    share: ControlShare, number: int, score: float, threshold: float, action: str
) -> None:
    marker = {**MARKER, "threshold": threshold, "control_share": share.record()}
    found = made(score, hit(action), who=f"t{number}", control=Control.of(marker))
    assert is_control(found) is (on_record(found).share > 0)


# -- what it weighs -------------------------------------------------------------------------------


def decision() -> dict[str, Any]:
    return made(0.9) | {"feature_spec": FEATURES.spec_hash}


def said(label: str) -> dict[str, Any]:
    return labelled(1, label) | {"transaction_id": DRAWN}


@pytest.mark.parametrize("label", ["FRAUD", "LEGITIMATE"])
def test_an_outcome_stands_for_those_that_were_declined_beside_it(label: str) -> None:
    found = outcome(decision(), said(label))
    assert found["weight"] == 1 / 0.05
    assert own_weight(found) == 1.0
    assert own_weight(found | {"score": 0.3, "weight": 10.0}) == 10.0


def test_silence_makes_it_legitimate_and_none_is_thinned() -> None:
    policy, state = MaturityPolicy(keep=1e-9), JoinState()
    remember(state, decision(), 5)
    kind, found = presume(state, decision(), 5, policy)
    assert (kind, found is not None and found["weight"]) == ("PRESUMED", 20.0)


def test_a_declined_payment_is_never_presumed() -> None:
    state, one = JoinState(), made(0.9, who=OTHER)
    remember(state, one, 5)
    assert presume(state, one, 5, MaturityPolicy(keep=1.0)) == ("UNKNOWN", None)


def let_through(number: int, fraud: bool, **more: Any) -> dict[str, Any]:
    model = {"name": "logistic", "version": 1}
    return learned(number, fraud, score=0.99, model=model, weight=50.0, **more)


def test_it_is_measured_at_its_weight_and_learned_once() -> None:
    whole, once = (taught(weight) for weight in (50.0, 1.0))
    for name, one in whole.competitors.items():
        assert one.pack() == once.competitors[name].pack()
    key = transaction_key(let_through(501, False))
    assert (whole.memory.weight(key), once.memory.weight(key)) == (50.0, 1.0)


def taught(weight: float) -> Learner:
    """A model that knows something, a payment let through, and its reversal."""
    world = World(competitors=("logistic",), blended=()).teach(0, 500)
    for fraud in (False, True):
        body = let_through(501, fraud, outcome_id=f"o501-{fraud}") | {"weight": weight}
        world.add("outcome", body)
    return world.learner


def test_learned_fifty_times_as_heavily_one_payment_turns_a_model_around() -> None:
    rng, model = random.Random(1), Logistic(tuple(f"f{n}" for n in range(20)), 1)
    for row, fraud in (drawn(rng) for _ in range(4_000)):
        model.learn(row, fraud, 1.0)
    seen = [drawn(rng) for _ in range(1_000)]
    surest, before = max((row for row, _ in seen), key=model.score), model.pack()
    aucs = []
    for weight in (1.0, 50.0):
        model.unpack(before)
        model.learn(surest, False, weight)
        truth, scores = np.array([fraud for _, fraud in seen]), [model.score(r) for r, _ in seen]
        aucs.append(roc_auc(truth, np.array(scores), np.ones(len(seen))))
    once, whole = aucs
    assert once is not None
    assert whole is not None
    assert (once > 0.99, whole < 0.1) == (True, True)


def drawn(rng: random.Random) -> tuple[list[float | None], bool]:
    """Two in a hundred are frauds, apart from the others in ten features of twenty."""
    fraud = rng.random() < 0.02
    return [rng.gauss(1.5 if fraud and at < 10 else 0.0, 1.0) for at in range(20)], fraud


def test_an_estimate_is_unbiased_and_knows_its_error() -> None:
    found = estimate([20.0] * 3)
    assert found.total == 60.0
    assert found.error == pytest.approx(math.sqrt(3 * 0.95 / 0.05**2))
    assert estimate([]) == (0.0, 0.0)


# -- the policy -----------------------------------------------------------------------------------


def ordered(**settings: Any) -> dict[str, Any]:
    return command("POLICY", json.dumps({"set": settings, "reason": "we want to know"}))


def test_the_share_is_in_force_from_its_command_on_and_after_a_restart() -> None:
    world = World().teach(0, 10)
    assert world.learner.policy.control == ControlShare()
    (on,) = world.add("command", ordered(control_share=0.02, control_seed=7))
    assert on.marker is not None
    assert on.marker["control_share"] == {"share": 0.02, "seed": 7}
    assert on.marker["sequence"] == len(world.log) - 1
    assert "control_share is 0.02" in on.marker["reason"]
    again = Learner.unpack(world.learner.pack(), LearnPolicy())
    assert again.policy.control == ControlShare(0.02, 7)
    entry = world.learner.trail.take()[-1]
    assert entry["policy"] == {"control_share": "0.02", "control_seed": "7"}
    (off,) = world.add("command", ordered(control_share=0.0))
    assert off.marker is not None
    assert off.marker["control_share"] is None


@pytest.mark.parametrize("share", [0.2, 0.001, -0.1, "a tenth", True])
def test_a_policy_out_of_bounds_is_refused(share: Any) -> None:
    world = World()
    with pytest.raises(InvalidField, match=r"control_share.*expected .*0\.1"):
        world.add("command", ordered(control_share=share))
    assert world.learner.policy.control == ControlShare()
    assert world.learner.changes == {}
