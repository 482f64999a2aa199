"""score: adds the terminal's windows, runs rules and model, decides. Keyed by terminal.

The fold over a partition of ``fraud.activity``: activities, outcomes that change a terminal's
known frauds, and control markers, each in its recorded order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from models.decision import BOOT_SEQUENCE, Control, decide
from models.features import FEATURES
from models.rules import Hit, Ruleset, baseline
from models.scorer import ModelScorer
from models.terminal import apply_outcome, observe
from models.vector import assemble
from schemas import topics
from schemas.errors import InvalidField, SchemaInvalid
from streams.metrics import METRICS
from streams.metrics_shown import versions_shown
from streams.published import Published
from streams.records import Record, header
from streams.task import Task
from streams.wire import codec

MARKER_PREFIX = codec.header("control_marker")
# Rows scored together: vectorised models want many, but 500 rows of 48 values leave the cache.
TOGETHER = 64
SHADOW = "shadow"
"""Header of a decision: codes of the rules that fired in shadow, joined by commas."""
BEFORE_ANY_MARKER = BOOT_SEQUENCE - 1


class Scored(NamedTuple):
    """An activity with its full row, waiting for the batch's scores."""

    record: Record
    activity: dict[str, Any]
    row: list[float | None]
    incomplete: bool


class InForce:
    """The control in force in one partition, with what it names made ready."""

    def __init__(self, control: Control, ruleset: Ruleset, scorer: ModelScorer | None) -> None:
        self.control = control
        self.ruleset = ruleset
        self.scorer = scorer
        self.encode_decision = codec.decision_encoder(control.common())

    @classmethod
    def of(cls, marker: dict[str, Any], published: Published) -> InForce:
        """What ``marker`` puts in force; VersionMissing where it was not published."""
        model, rules = marker["model"], marker["ruleset"]
        scorer = None if model is None else published.scorer((model["name"], model["version"]))
        return cls(Control.of(marker), published.ruleset((rules["name"], rules["version"])), scorer)


@cache
def boot() -> InForce:
    """What is in force before the first marker: the shipped rules alone, by logic version."""
    rules = baseline()
    marker = {
        "sequence": BEFORE_ANY_MARKER,
        "model": None,
        "ruleset": {"name": rules.name, "version": rules.version},
        "threshold": 1.0,
        "reason": "before the first marker",
    }
    return InForce(Control.of(marker), rules, None)


def split_at_markers(records: Sequence[Record]) -> list[Sequence[Record]]:
    """Cut a batch before and after each control marker: nothing is scored across a change."""
    parts: list[Sequence[Record]] = []
    start = 0
    for at, record in enumerate(records):
        if (record.value or b"").startswith(MARKER_PREFIX):
            parts += [records[start:at], records[at : at + 1]]
            start = at + 1
    parts.append(records[start:])
    return [part for part in parts if part]


def make_step(published: Published) -> Callable[[Task, Sequence[Record]], None]:
    """The step of this stage, scoring with what ``published`` holds."""

    def step(task: Task, records: Sequence[Record]) -> None:
        """Fold a part of a batch of ``fraud.activity``."""
        scored: list[Scored] = []
        for record in task.fresh(records):
            try:
                fold(task, published, record, scored)
            except Exception as error:
                task.reject(record, error)
        if scored:
            decide_all(task, in_force(task, published), scored)
        task.count_outliers()

    return step


def fold(task: Task, published: Published, record: Record, scored: list[Scored]) -> None:
    """Take one record into the task's state; an activity joins ``scored``."""
    name, body = codec.decode(record.value or b"")
    if name == "activity":
        add_activity(task, record, body, scored)
    elif name == "terminal_outcome":
        add_outcome(task, record, body)
    elif name == "control_marker":
        apply_marker(task, published, body)
    else:
        raise SchemaInvalid(f"expected activity, outcome or marker, came a {name}")


def add_activity(
    task: Task, record: Record, activity: dict[str, Any], scored: list[Scored]
) -> None:
    """Add a transaction to its terminal and complete its row."""
    if task.is_repeat(activity["src"]):
        return
    if activity["feature_spec"] != FEATURES.spec_hash:
        raise InvalidField(
            "activity.feature_spec", expected=FEATURES.spec_hash, came=activity["feature_spec"],
            todo="Drain fraud.activity before workers with other features start.",
        )  # fmt: skip
    key = record.key or b""
    entry = task.entry(key)
    if task.is_applied(entry, record):
        return
    transaction = activity["transaction"]
    incomplete = entry.state.incomplete(transaction["event_time"])
    terminal_features = observe(entry.state, transaction, task.outliers)
    task.touch(key, entry, record)
    row = assemble(transaction, activity["card_features"], terminal_features)
    scored.append(Scored(record, activity, row, incomplete))


def add_outcome(task: Task, record: Record, outcome: dict[str, Any]) -> None:
    """Correct what is known of a terminal's frauds."""
    key = record.key or b""
    entry = task.entry(key)
    if not task.is_applied(entry, record):
        apply_outcome(entry.state, outcome)
        task.touch(key, entry, record)


def apply_marker(task: Task, published: Published, marker: dict[str, Any]) -> None:
    """Put another model, ruleset or threshold in force, if the marker's sequence is higher.

    All of it or nothing: made ready first, noted then. A marker whose snapshot cannot be scored
    with is a dead letter, and what was in force stays so, here, after a restart and in every refold
    of the log. Going on by the rules alone would be the worker's own choice, and waiting would stop
    the customers for what no retry mends; the learner has probed what it publishes.
    """
    if is_newer(marker, task.meta.get("marker")):
        task.live = InForce.of(marker, published)
        task.meta["marker"] = marker
        versions_shown(marker)


def is_newer(marker: dict[str, Any], than: dict[str, Any] | None) -> bool:
    """As `Control.accepts`, of what need not be made ready for it."""
    before = BEFORE_ANY_MARKER if than is None else than["sequence"]
    return bool(marker["sequence"] > before)


def in_force(task: Task, published: Published) -> InForce:
    """What is in force in the task, made ready again after a restore."""
    if task.live is None:
        marker = task.meta.get("marker")
        task.live = boot() if marker is None else InForce.of(marker, published)
        if marker is not None:
            versions_shown(marker)
    live: InForce = task.live
    return live


def decide_all(task: Task, live: InForce, scored: Sequence[Scored]) -> None:
    """Score the rows together, then decide and send each; a row's bits do not know its batch."""
    scores: Sequence[float | None] = [None] * len(scored)
    if live.scorer is not None:
        scores = live.scorer.score_many([item.row for item in scored])
    now = task.clock()
    for item, score in zip(scored, scores, strict=True):
        try:
            hits = live.ruleset.evaluate(item.row, item.activity["transaction"])
            decision = decision_of(live, item, score, hits)
            send(task, item, decision, live.encode_decision(decision), now=now, hits=hits)
        except Exception as error:
            task.reject(item.record, error)


def decision_of(
    live: InForce, item: Scored, score: float | None, hits: Sequence[Hit]
) -> dict[str, Any]:
    """The decision record of one scored activity, a pure function of the log."""
    src = {"stage": "score", "partition": item.record.partition, "offset": item.record.offset}
    return decide(
        item.activity["transaction"],
        item.row,
        score,
        hits,
        live.control,
        src=src,
        scorer=live.scorer,
        incomplete=item.incomplete,
        late=item.activity["late"],
    )


def send(
    task: Task,
    item: Scored,
    decision: dict[str, Any],
    value: bytes,
    *,
    now: int,
    hits: Sequence[Hit],
) -> None:
    """Send a decision, keyed by card.

    The wall clock is a header, never in the bytes; so are the rules that fired in shadow, which
    must not change what was decided, and which `streams.agents.rule_watch` counts.
    """
    outcome = decision["decision"]
    headers = [("decided_at", now.to_bytes(8, "big")), ("decision", outcome.encode())]
    if hits:
        count_hits(task, hits)
        shadow = ",".join(hit.code for hit in hits if hit.shadow)
        headers += [(SHADOW, shadow.encode())] if shadow else []
    task.emit(topics.DECISIONS, decision["card_id"].encode(), value, headers=headers)
    task.decided[outcome] = task.decided.get(outcome, 0) + 1
    appended = header(item.record, "appended")
    if appended is not None:
        METRICS.latency.observe((now - int.from_bytes(appended, "big")) / 1000)


def count_hits(task: Task, hits: Sequence[Hit]) -> None:
    """Count the rules that fired, by code and whether they acted, until the batch is done."""
    for hit in hits:
        key = (hit.code, "shadow" if hit.shadow else "active")
        task.hits[key] = task.hits.get(key, 0) + 1
