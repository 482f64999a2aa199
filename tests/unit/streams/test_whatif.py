"""A change over a recorded stream: the baseline is the record, the diff is a naive one's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from models.alerts import AlertState, alert
from models.decision import DecisionPolicy, decline_threshold
from models.rules import RuleError, baseline, compile_ruleset
from models.rules_life import with_modes
from schemas import topics
from streams.history.memory import MemoryLog
from streams.history.versions import ModelUnknown
from streams.in_process import InProcess, InProcessLog
from streams.whatif.change import Change
from streams.whatif.limits import Limits
from streams.whatif.replay import HORIZON_MS, Replay, Span
from streams.whatif.run import NothingThere, library, whatif, with_model
from streams.wire import codec
from tests.unit.models.test_rules_life import rule, ruleset
from tests.unit.streams.whole_stream import MINUTE, START, bodies, label, publish, run, stages
from tests.unit.streams.whole_stream import transaction as made

MANY = 2_600
DAY = 86_400_000
HIGH = ruleset(rule("HIGH", 15_000), version=7)
WHOLE = Span()


@pytest.fixture(scope="module")
def log() -> InProcessLog:
    return run(MANY)


def asked(log: InProcessLog, change: Change, span: Span = WHOLE, **more: Any) -> dict[str, Any]:
    memory = MemoryLog(log)
    return whatif(memory, library(memory), change, span=span, **more)


def sizes(log: InProcessLog) -> dict[Any, int]:
    return {place: len(records) for place, records in log.partitions.items() if records}


def flagged(found: Iterator[dict[str, Any]]) -> set[str]:
    return {one["transaction_id"] for one in found if one["decision"] != "APPROVE"}


def test_no_change_is_no_difference_and_equals_the_record(log: InProcessLog) -> None:
    before = sizes(log)
    found = asked(log, Change())
    assert found["baseline"] == {
        "decisions": MANY, "equal": MANY, "differing": 0, "unrecorded": 0, "first_differing": None,
    }  # fmt: skip
    assert found["before"] == found["after"]
    assert found["newly_flagged"]["count"] == found["no_longer_flagged"]["count"] == 0
    assert found["flagged_otherwise"] == 0
    assert found["ok"] is True
    assert found["folded"]["decided_twice"] == MANY
    assert found["folded"]["from_the_beginning"] is True
    assert sizes(log) == before, "something was written"
    recorded = bodies(log, topics.DECISIONS)
    assert {one["country"] for one in recorded} == {"FR", None}
    assert found["before"]["flagged"] == len(flagged(iter(recorded)))
    assert found["before"]["cards"] == len(
        {one["card_id"] for one in recorded if one["decision"] != "APPROVE"}
    )


def naive(decision: dict[str, Any], threshold: float | None) -> bool:
    """Whether it would be flagged by its score alone and a threshold of HIGH's amount."""
    by_model = decision["model"] is not None and decision["score"] >= (
        decision["threshold"] if threshold is None else threshold
    )
    return bool(by_model or decision["amount_minor"] >= 15_000)


@pytest.mark.parametrize("threshold", [None, 0.05, 0.9])
def test_other_rules_and_thresholds_are_those_of_a_naive_count(
    log: InProcessLog, threshold: float | None
) -> None:
    change = Change(rules=compile_ruleset(HIGH), threshold=threshold)
    found = asked(log, change, examples=10**6)
    recorded = bodies(log, topics.DECISIONS)
    frauds = {f"t{n - 500}" for n in range(500, MANY) if n % 25 == 0}
    labelled = {f"t{n - 500}" for n in range(500, MANY)}
    was, now = flagged(iter(recorded)), {
        one["transaction_id"] for one in recorded if naive(one, threshold)
    }  # fmt: skip
    newly = {one["transaction_id"] for one in found["newly_flagged"]["examples"]}
    gone = {one["transaction_id"] for one in found["no_longer_flagged"]["examples"]}
    assert (newly, gone) == (now - was, was - now)
    after = found["after"]
    assert (after["flagged"], after["frauds_caught"]) == (len(now), len(now & frauds))
    assert after["false_positives"] == len((now & labelled) - frauds)
    amounts = {one["transaction_id"]: one["amount_minor"] for one in recorded}
    assert after["value_caught"] == {"EUR": sum(amounts[one] for one in now & frauds)}
    assert found["value_known"] == {"EUR": sum(amounts[one] for one in frauds & set(amounts))}
    assert found["newly_flagged"]["frauds"] == len((now - was) & frauds)


def test_alerts_are_those_of_the_alert_stage(log: InProcessLog) -> None:
    found = asked(log, Change())
    states: dict[str, AlertState] = {}
    by_time = sorted(bodies(log, topics.DECISIONS), key=lambda one: one["event_time"])
    raised = [alert(states.setdefault(d["card_id"], AlertState()), d) for d in by_time]
    assert found["before"]["alerts"] == sum(one is not None for one in raised)
    assert found["days"] == len(found["by_day"]) == len({d["event_time"] // DAY for d in by_time})
    total = sum(day["alerts_after"] for day in found["by_day"])
    assert total == found["after"]["alerts"] == round(
        found["after"]["alerts_per_day"] * found["days"]
    )  # fmt: skip


def test_a_model_takes_the_place_of_every_other_with_its_threshold(log: InProcessLog) -> None:
    memory = MemoryLog(log)
    published, change = library(memory), Change(rules=compile_ruleset(ruleset()))
    with_model(change, memory, published, "logistic")
    found = asked(log, change, examples=10**6)
    name, version = found["change"]["model"].split("@")
    scorer, threshold = published.scorer((name, int(version))), found["change"]["threshold"]
    assert threshold == published.snapshot((name, int(version)))["threshold"]
    recorded = bodies(log, topics.DECISIONS)
    scores = scorer.score_many([[*one["features"].values()] for one in recorded])
    assert found["after"]["flagged"] == sum(score >= threshold for score in scores) > 0
    by_id = {one["transaction_id"]: score for one, score in zip(recorded, scores, strict=True)}
    for one in found["newly_flagged"]["examples"] + found["no_longer_flagged"]["examples"]:
        assert one["score_after"] == by_id[one["transaction_id"]]
    with pytest.raises(ModelUnknown):
        with_model(change, memory, published, "logistic@7")


def test_declines_follow_the_threshold(log: InProcessLog) -> None:
    bound = decline_threshold(0.05, DecisionPolicy())
    found = asked(log, Change(rules=compile_ruleset(ruleset()), threshold=0.05))
    recorded = bodies(log, topics.DECISIONS)
    declined = sum(d["model"] is not None and d["score"] >= bound for d in recorded)
    assert found["after"]["actions"].get("DECLINE", 0) == declined


def test_a_rule_in_shadow_is_asked_about_as_if_it_were_active(log: InProcessLog) -> None:
    found = asked(log, Change(activate=("CARD_BACK_TO_BACK",)))
    active = with_modes(baseline().yaml, {"CARD_BACK_TO_BACK": "active"})
    assert found["after"] == asked(log, Change(rules=compile_ruleset(active)))["after"]
    with pytest.raises(RuleError, match="NOBODY"):
        asked(log, Change(activate=("NOBODY",)))


def test_a_span_is_decided_with_the_windows_of_before(log: InProcessLog) -> None:
    span = Span(START + 1_000 * MINUTE, START + 2_000 * MINUTE)
    found = asked(log, Change(rules=compile_ruleset(HIGH)), span)
    assert found["transactions"] == found["baseline"]["equal"] == 1_000
    assert found["baseline"]["differing"] == 0
    assert found["folded"]["decided_twice"] == 1_000
    assert found["folded"]["folded_only"] == MANY - 1_000
    recorded = [
        d for d in bodies(log, topics.DECISIONS) if span.holds(d["event_time"])
    ]  # fmt: skip
    assert found["after"]["flagged"] == sum(naive(one, None) for one in recorded)
    with pytest.raises(NothingThere):
        asked(log, Change(), Span(0, 5))


def test_what_is_older_than_the_windows_is_not_folded() -> None:
    log = InProcessLog(clock=lambda: 1_900_000_000_000)
    everything = InProcess(stages(log), log)
    everything.run()
    gap = HORIZON_MS // MINUTE
    for first in (0, gap - 30, gap + 40):
        records = [made(number) for number in range(first, first + 60)]
        publish(log, topics.TRANSACTIONS, "transaction", records)
        everything.run()
        told = [
            label(one, "FRAUD" if n % 7 == 0 else "LEGITIMATE") for n, one in enumerate(records)
        ]
        publish(log, topics.LABELS, "label", told)
        everything.run()
    span = Span(START + (gap + 40) * MINUTE)
    found = asked(log, Change(), span)
    assert found["folded"]["older_than_windows"] == 41
    assert found["folded"]["folded_only"] == 79
    assert found["baseline"]["equal"] == found["transactions"] == 60


def test_a_record_that_was_altered_is_found(log: InProcessLog) -> None:
    copy = InProcessLog(clock=log.clock)
    copy.partitions.update({place: list(records) for place, records in log.partitions.items()})
    records = copy.partitions[topics.DECISIONS, 2]
    altered = {**codec.decode(records[5].value or b"")[1], "amount_minor": 1}
    del altered["fingerprint"]
    records[5] = records[5]._replace(value=codec.encode_decision(altered))
    del records[9]
    found = asked(copy, Change())
    assert found["baseline"]["equal"] == MANY - 2
    assert found["baseline"]["differing"] == found["baseline"]["unrecorded"] == 1
    assert found["baseline"]["first_differing"] == altered["transaction_id"]
    assert found["ok"] is False


def test_the_bits_do_not_depend_on_how_many_are_scored_together(
    log: InProcessLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = log.partitions[topics.ACTIVITY, 1]
    published = library(MemoryLog(log))
    whole = list(Replay(1, published, Change(threshold=0.2), WHOLE).pairs(records))
    monkeypatch.setattr("streams.agents.score.TOGETHER", 7)
    again = list(Replay(1, published, Change(threshold=0.2), WHOLE).pairs(records))
    assert [one.fingerprint for one in whole] == [one.fingerprint for one in again]
    assert [one.after["score"] for one in whole] == [one.after["score"] for one in again]


def test_examples_are_the_frauds_and_then_the_largest(log: InProcessLog) -> None:
    every = asked(log, Change(rules=compile_ruleset(HIGH)), examples=10**6)
    few = asked(log, Change(rules=compile_ruleset(HIGH)), examples=3)
    assert few["newly_flagged"]["examples"] == every["newly_flagged"]["examples"][:3]
    first = few["newly_flagged"]["examples"][0]
    assert first["truth"] == "FRAUD"
    assert first["reasons"][0]["code"] == "HIGH"
    assert (first["before"], first["after"]) == ("APPROVE", "REVIEW")
    none = asked(log, Change(rules=compile_ruleset(HIGH)), examples=0)
    assert none["newly_flagged"]["examples"] == []


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (Limits(max_alerts_per_day=10**6, max_false_positives=10**6), [True, True]),
        (Limits(max_alerts_per_day=1), [False]),
        (Limits(max_false_positives=3), [False]),
        (Limits(max_newly_flagged=0), [False]),
        (Limits(max_cards=30, min_frauds_caught=0.99), [True, False]),
        (Limits(), []),
    ],
)
def test_limits_are_kept_or_broken(log: InProcessLog, limits: Limits, kept: list[bool]) -> None:
    found = asked(log, Change(rules=compile_ruleset(HIGH)), limits=limits)
    assert [one["kept"] for one in found["limits"]] == kept
    assert found["ok"] is all(kept)


def test_a_share_of_no_known_fraud_keeps_no_limit() -> None:
    found = {"frauds_known": 0, "after": {"frauds_caught": 0}}
    assert Limits(min_frauds_caught=0.0).judged(found)[0]["kept"] is False
