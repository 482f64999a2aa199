"""A world in which declines remove labels: nothing that was stopped is ever counted clean."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from models.maturity import DAY_MS, SOURCES, MaturityPolicy
from schemas import topics
from tests.properties.join_run import BASE, JoinRun, decision

MANY = 6_000
DAYS = 100
KEEP = 0.25


@dataclass
class World:
    """Who is a fraudster, what was decided, and what the bank hears of it, in the order of time."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    frauds: set[str] = field(default_factory=set)
    labels: list[dict[str, Any]] = field(default_factory=list)


def draw(seed: int) -> World:
    """2 % fraud; a score that knows some of it; a source and its delay drawn for each fraud."""
    rng, world = random.Random(seed), World()
    for number in range(MANY):
        fraud = rng.random() < 0.02
        score = min(1.0, rng.random() * 0.5 + fraud * rng.random())
        action = "DECLINE" if score > 0.7 else "REVIEW" if score > 0.48 else "APPROVE"
        time = BASE + number * DAYS * DAY_MS // MANY
        made = decision(number, 0, action) | {"event_time": time, "score": score}
        world.decisions.append(made)
        if fraud:
            world.frauds.add(made["transaction_id"])
            if action != "DECLINE":
                world.labels.append(reported(made, rng))
    return world


def reported(made: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    source = rng.choice(SOURCES)
    late = source.delay_ms * 2 * rng.random()
    return {
        "label_id": f"l-{made['transaction_id']}", "transaction_id": made["transaction_id"],
        "card_id": made["card_id"], "terminal_id": None, "label": "FRAUD", "source": source.name,
        "reason_code": None, "event_time": made["event_time"], "supersedes": None,
        "observed_at": made["event_time"] + round(late),
    }  # fmt: skip


def joined(world: World) -> JoinRun:
    """Everything as it would have arrived, day by day."""
    run = JoinRun(MaturityPolicy(keep=KEEP))
    arrivals = [(made["event_time"], topics.DECISIONS, made) for made in world.decisions]
    arrivals += [(label["observed_at"], topics.LABELS, label) for label in world.labels]
    for number, (_, topic, record) in enumerate(sorted(arrivals, key=lambda it: it[:2])):
        run.logs.publish(topic, record)
        if number % 50 == 0:
            run.drain()
    run.logs.publish(topics.DECISIONS, decision(MANY, 24 * (DAYS + 61), "APPROVE", card="last"))
    for _ in range(5):  # the cursor passes a bounded number a batch
        run.drain()
        run.logs.publish(topics.LABELS, {**world.labels[0], "label": "INCONCLUSIVE"})
    return run


@pytest.fixture(scope="module", params=[1, 2])
def closed(request: pytest.FixtureRequest) -> tuple[World, list[dict[str, Any]]]:
    world = draw(request.param)
    return world, joined(world).outputs.bodies(topics.OUTCOMES)


def test_what_was_declined_has_no_outcome(closed: tuple[World, list[dict[str, Any]]]) -> None:
    world, outcomes = closed
    declined = {d["transaction_id"] for d in world.decisions if d["decision"] == "DECLINE"}
    assert len(declined & world.frauds) > 20, "the world declines nobody worth declining"
    assert not declined & {made["transaction_id"] for made in outcomes}


def test_frauds_are_learned_as_frauds_alone(closed: tuple[World, list[dict[str, Any]]]) -> None:
    world, outcomes = closed
    clean = {made["transaction_id"] for made in outcomes if made["label"] == "LEGITIMATE"}
    assert not clean & world.frauds, "nobody reports after the maturity in this world"
    frauds = {made["transaction_id"] for made in outcomes if made["label"] == "FRAUD"}
    assert frauds == {label["transaction_id"] for label in world.labels}


def test_weights_give_the_rate_among_those_let_through(
    closed: tuple[World, list[dict[str, Any]]],
) -> None:
    world, outcomes = closed
    through = [d for d in world.decisions if d["decision"] != "DECLINE"]
    legitimate = sum(made["weight"] for made in outcomes if made["label"] == "LEGITIMATE")
    expected = sum(d["transaction_id"] not in world.frauds for d in through)
    assert legitimate == pytest.approx(expected, rel=0.06)
    assert {made["weight"] for made in outcomes if made["presumed"]} == {1 / KEEP}
