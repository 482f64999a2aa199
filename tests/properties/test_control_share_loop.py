"""A closed loop: declines remove their own labels, and the control share alone gives them back.

Scores, decisions, the join and the presumption are the stream's own; only who is a fraudster is
made up. The model is wrong in a way that no label of what it lets through can show: half of those
that it is surest of are honest.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from models.control_share import ControlShare, Estimate, estimate
from models.decision import Control, decide, is_control
from models.features import FEATURES
from models.join import JoinState, match, outcome, remember
from models.maturity import MaturityPolicy, presume

MANY = 4_000
POLICY = MaturityPolicy(keep=0.1)
ROW = [1.0] * len(FEATURES.names)
MARKER = {
    "sequence": 1, "model": {"name": "logistic", "version": 1}, "threshold": 0.3,
    "ruleset": {"name": "baseline", "version": 1}, "reason": "test",
}  # fmt: skip


class Loop(NamedTuple):
    """What was decided, what became known of it, and the truth that nobody sees."""

    decisions: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    frauds: set[str]


def lived(seed: int, share: ControlShare) -> Loop:
    """A tenth gets a score beyond the decline threshold, and half of them are frauds."""
    rng = random.Random(seed)
    control = Control.of(MARKER | {"control_share": share.record()})
    found = Loop([], [], set())
    for number in range(MANY):
        risky, who = rng.random() < 0.1, f"{seed}-{number}"
        score = rng.uniform(0.92, 1.0) if risky else rng.uniform(0.0, 0.6)
        if rng.random() < (0.5 if risky else 0.01):
            found.frauds.add(who)
        made = decide(paid(who), ROW, score, [], control, src={"stage": "score"})
        found.decisions.append(made)
        found.outcomes.extend(known(made, who in found.frauds))
    return found


def paid(who: str) -> dict[str, Any]:
    return {"transaction_id": who, "card_id": f"c{who}", "terminal_id": "m", "event_time": 0,
            "amount_minor": 100, "currency": "EUR"}  # fmt: skip


def known(decision: dict[str, Any], fraud: bool) -> Sequence[dict[str, Any]]:
    """A fraud is charged back if the payment went on; of the others silence is judged."""
    state = JoinState()
    remember(state, decision, 7)
    if fraud and decision["decision"] in POLICY.let_through:
        label = {"label_id": "l", "label": "FRAUD", "source": "CHARGEBACK", "observed_at": 9,
                 "transaction_id": decision["transaction_id"], "supersedes": None}  # fmt: skip
        assert match(state, label).kind == "MATCHED"
        return [outcome(decision, label)]
    presumed = presume(state, decision, 7, POLICY).outcome
    return [] if presumed is None else [presumed]


def false_declines(loop: Loop) -> int:
    """Honest payments that the model would decline, let through or not."""
    risky = {one["transaction_id"] for one in loop.decisions if one["score"] > 0.9}
    return len(risky - loop.frauds)


def estimated(loop: Loop) -> Estimate:
    """The same, from what is known."""
    honest = [one for one in loop.outcomes if is_control(one) and one["label"] == "LEGITIMATE"]
    return estimate(one["weight"] for one in honest)


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_the_control_share_estimates_the_false_declines(share: float) -> None:
    apart = []
    for seed in range(30):
        loop = lived(seed, ControlShare(share, seed))
        found, truth = estimated(loop), false_declines(loop)
        apart.append((found.total - truth) / found.error)
    assert abs(statistics.mean(apart)) < 3 / 30**0.5, "biased"
    assert 0.6 < statistics.stdev(apart) < 1.5, "its error is not what it says"
    assert sum(abs(one) < 2 for one in apart) >= 26


def test_without_it_the_log_says_that_nobody_honest_was_declined() -> None:
    loop = lived(1, ControlShare())
    assert false_declines(loop) > 150
    assert estimated(loop).total == 0.0
    declined = {one["transaction_id"] for one in loop.decisions if one["decision"] == "DECLINE"}
    assert not declined & {one["transaction_id"] for one in loop.outcomes}


def rate(outcomes: list[dict[str, Any]]) -> float:
    """The share of frauds, by weight."""
    frauds = sum(one["weight"] for one in outcomes if one["label"] == "FRAUD")
    return float(frauds / sum(one["weight"] for one in outcomes))


def test_the_weighted_outcomes_have_the_fraud_rate_of_all_payments() -> None:
    """About 6 %; without the declines about 1 %, whatever the labels of the others say."""
    naive = [rate(lived(seed, ControlShare()).outcomes) for seed in range(12)]
    loops = [lived(seed, ControlShare(0.1, seed)) for seed in range(12)]
    truth = statistics.mean(len(one.frauds) / MANY for one in loops)
    assert statistics.mean(map(rate, (one.outcomes for one in loops))) == pytest.approx(
        truth, rel=0.15
    )
    assert max(naive) < truth / 3


def test_presumption_never_touches_what_was_declined() -> None:
    for seed in range(5):
        loop = lived(seed, ControlShare(0.1, seed))
        declined = {d["transaction_id"] for d in loop.decisions if d["decision"] == "DECLINE"}
        assert len(declined) > 300
        assert not declined & {one["transaction_id"] for one in loop.outcomes}
