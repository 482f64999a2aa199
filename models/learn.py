"""The learner: a fold over `fraud.outcomes` in which several models compete, and one decides.

Each outcome is first noted with the score that every competitor had in force when the transaction
was decided (a score computed now would have seen later labels, and flatter): the champion's is on
record, the challengers' come from the versions published by then. Then all learn it. A repeat of
(transaction, verdict) is skipped; the same transaction with the other verdict is learned once as
its new class, with a weight that outweighs the mistake, and its metrics entry is corrected. All
state is data: `pack` and `unpack` go on bit for bit, in any process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models import learn_opening, learn_state
from models.audit.chain import Chain
from models.contest.competitor import Lesson
from models.contest.entering import enter
from models.contest.opening import Opening
from models.contest.probe import Probe, SnapshotRefused
from models.contest.protection import Watch
from models.contest.standings import measures
from models.decision import own_weight
from models.features import FEATURES
from models.learn_memory import Memory, seen
from models.learn_policy import LearnPolicy, clean_weight, due, due_late
from models.outcome import is_presumed, source_of, transaction_key
from models.portfolio.interface import PayloadError
from models.portfolio.state import dump, load
from models.windows.errors import StateFormatError

_VERSION = 4
_COUNTS = (
    "learned", "frauds", "repeats", "corrected", "left_out", "excluded", "freezes", "queued",
    "dropped", "rebuilds", "refused",
)  # fmt: skip
Scores = Mapping[str, float]
Shadow = Callable[[Mapping[str, Any]], Scores]
"""The scores of an outcome's challengers at its decision, by name; see `models.shadows`."""


def unscored(_outcome: Mapping[str, Any]) -> Scores:
    """No challenger had a score."""
    return {}


class Learner:
    """Champion and challengers. `learn` each outcome in order, `publish` when it is due.

    Attributes:
        champion: the name of the competitor that decides.
        held: a version of it that a person put in force, to stay until told otherwise.
        rules_alone: whether a person took every model out of force, until told otherwise.
        frozen: why, since which offset and by whom nothing is learned; None while learning.
        excluded: sources whose labels teach nothing.
        trail: the end of the audit trail's hash chain (`models.audit`).
        pending: commands that wait for a second approver, by id (`models.approval`).
        rebuilt_at: learned outcomes when everything was learned anew (`models.learn_rebuild`).
        dropped: spans of offsets, the end excluded, that queued and were not to be learned.
        changes: settings of the policy that a command has changed (`models.policy_changes`).
        ruleset, rules_yaml: the rules in force, by name and version, and as they were written.
        watermark: the latest time at which an outcome was observed, ms.
        silence_ms: the longest that a presumption took, from the transaction on.
        refused: what the last publication left out, and why.

    >>> learner = Learner(names=("amount",), feature_spec="f00d")
    >>> learner.champion, learner.model
    ('logistic', None)
    """

    def __init__(
        self,
        names: Sequence[str] = FEATURES.names,
        feature_spec: str = FEATURES.spec_hash,
        policy: LearnPolicy | None = None,
    ) -> None:
        self.policy = self.defaults = policy or LearnPolicy()
        self.feature_spec = feature_spec
        self.names = tuple(names)
        self.competitors = enter(names, self.policy)
        self.memory = Memory(self.policy.remembered, len(self.competitors))
        self.watch = Watch(self.policy.protection)
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.refused: list[str] = []
        self.champion = self.policy.champion
        self.in_force: tuple[int, float] | None = None
        self.held: int | None = None
        self.rules_alone = False
        self.frozen: dict[str, Any] | None = None
        self.excluded: list[str] = []
        self.promoted_at: int | None = None
        self.watermark = 0
        self.trail = Chain()
        self.pending: dict[str, dict[str, Any]] = {}
        self.changes: dict[str, Any] = {}
        self.trained_from: int | None = None
        self.rebuilt_at = 0
        self.dropped: list[list[int]] = []
        self.ruleset: dict[str, Any] = {}
        self.rulesets: dict[str, str] = {}
        self.rules_yaml = ""
        self.opening = Opening()
        self.silence_ms = 0
        self.ahead: dict[str, dict[str, tuple[int, float]]] = {}  # see `models.shadows`

    # -- learning -----------------------------------------------------------------------------

    def teaches(self, outcome: Mapping[str, Any]) -> bool:
        """Whether an outcome is of a kind and a source that is learned from."""
        if outcome["label"] == "INCONCLUSIVE":
            return False
        if self.excluded and source_of(outcome) in self.excluded:
            self.counts["excluded"] += 1
            return False
        return True

    def learn(self, outcome: Mapping[str, Any], offset: int = 0, shadow: Shadow = unscored) -> bool:
        """Learn one outcome; False where it teaches nothing (repeat, inconclusive, left out)."""
        if not self.teaches(outcome):
            return False
        if is_presumed(outcome):
            self.silence_ms = max(self.silence_ms, outcome["observed_at"] - outcome["event_time"])
        fraud, key = outcome["label"] == "FRAUD", transaction_key(outcome)
        known = self.memory.verdict(key)
        if known is fraud or (known is not None and is_presumed(outcome)):  # a label is the truth
            self.counts["repeats"] += 1
            return False
        thin = 1.0 if fraud else clean_weight(key, self.policy.keep_clean)
        weight = outcome["weight"] * thin
        if not weight > 0 or (fraud and known is None and learn_opening.comes_early(self)):
            self.counts["left_out"] += 1
            return False
        scores = self._scores(outcome, shadow)
        features = outcome["features"]
        row = [features.get(name) for name in self.names]
        mistake = self._mistake(outcome, key, fraud=fraud)
        self.memory.note(seen(key, outcome, weight, [*scores.values()]))
        own = own_weight(outcome)  # measured at its weight, learned once: `models.control_share`
        mistake *= own / outcome["weight"]
        fast = source_of(outcome) in self.policy.fast_sources
        lesson = Lesson(row, fraud, own * thin, mistake, scores, self.counts["learned"], key, fast)
        foreseen = learn_opening.foreseen(self, row)
        for competitor in self.competitors.values():
            competitor.learn(lesson)
        self.trained_from = offset if self.trained_from is None else self.trained_from
        self._count(fraud, corrected=mistake > 0)
        if not self.opening.is_open:
            learn_opening.look(self, lesson, foreseen)
        return True

    def contradicts(self, outcome: Mapping[str, Any]) -> bool:
        """Whether an outcome says otherwise than what is remembered of its transaction."""
        known = self.memory.verdict(transaction_key(outcome))
        return known is not None and known is not (outcome["label"] == "FRAUD")

    # -- publishing ---------------------------------------------------------------------------

    def due(self) -> tuple[str, ...]:
        """Who is to be published after the outcome just learned; ask where `learn` was True."""
        if not self.opening.is_open:
            return ()
        learned = self.counts["learned"]
        if learned == self.opening.at:  # out of turn: it could not be published before
            return due_late(learned, self.policy)
        return due(learned, self.policy)

    def publish(self, names: Sequence[str], offset: int) -> list[dict[str, Any]]:
        """Whole snapshots of these competitors as of `offset`, which becomes their version.

        The champion's goes in force, unless a person put something in force to stay. One that fails
        its probe (`models.contest.probe`) is left out: its version does not exist, `refused` says
        why, and what was in force stays so.
        """
        records: list[dict[str, Any]] = []
        probe, self.refused = Probe(len(self.names)), []
        for name in names:
            try:
                records.append(self._probed(name, offset, records, probe))
            except SnapshotRefused as refused:
                self.counts["refused"] += 1
                self.refused.append(f"{name}@{offset}: {refused}")
        if not self.is_held and self.champion in {record["name"] for record in records}:
            self.follow(self.champion)
        return records

    @property
    def is_held(self) -> bool:
        """Whether a person put a version, or the rules alone, in force to stay."""
        return self.rules_alone or self.held is not None

    def _probed(
        self, name: str, offset: int, members: Sequence[dict[str, Any]], probe: Probe
    ) -> dict[str, Any]:
        """A competitor's snapshot, scored with once; raises `SnapshotRefused`."""
        competitor = self.competitors[name]
        known = {"feature_spec": self.feature_spec, "trained_from": self.trained_from}
        record = probe.made(lambda: competitor.publish(offset, members) | known, competitor)
        competitor.enter(record)
        return record | {"metrics": self.metrics(name)}

    def follow(self, name: str) -> None:
        """Put the latest version of a competitor in force, and its successors from now on."""
        self.champion, self.held, self.rules_alone = name, None, False
        versions = self.competitors[name].versions
        self.in_force = versions[-1] if versions else None

    def hold(self, name: str, version: int) -> None:
        """Put a version in force, to stay; KeyError where it was never published, or long ago."""
        threshold = self.competitors[name].threshold(version)
        if threshold is None:
            raise KeyError(f"{name}@{version}")
        self.champion, self.held, self.in_force = name, version, (version, threshold)
        self.rules_alone = False

    def retire(self) -> None:
        """Let the rules decide alone, until a person puts a model in force again."""
        self.rules_alone, self.held, self.in_force = True, None, None

    @property
    def model(self) -> dict[str, Any] | None:
        """The version in force as records name it; None where the rules decide alone: before the
        first snapshot, and where a person wants it so."""
        if self.in_force is None:
            return None
        return {"name": self.champion, "version": self.in_force[0]}

    @property
    def threshold(self) -> float:
        """The threshold in force."""
        return self.policy.threshold if self.in_force is None else self.in_force[1]

    @property
    def versions(self) -> dict[str, list[tuple[int, float]]]:
        """(version, threshold) of what each competitor published, the last ones."""
        return {name: list(one.versions) for name, one in self.competitors.items()}

    def place(self, name: str) -> int:
        """A competitor's place among the remembered scores."""
        return [*self.competitors].index(name)

    def metrics(self, name: str | None = None) -> dict[str, float]:
        """Counts since the beginning and a competitor's prequential metrics, sorted by name."""
        place = self.place(name or self.champion)
        measured = measures(self.memory.table(), place, self.policy.alerts_per_1000)
        counts = {count: float(n) for count, n in self.counts.items()}
        return dict(sorted({**counts, **measured}.items()))

    # -- state --------------------------------------------------------------------------------

    def pack(self) -> bytes:
        """All state as bytes: a version, then what `models.portfolio.state` writes.

        Megabytes where forests compete: written at publications only (`streams.agents.learn`).
        """
        return bytes([_VERSION]) + dump(learn_state.data(self))

    @classmethod
    def unpack(cls, data: bytes, policy: LearnPolicy | None = None) -> Learner:
        """The learner that `pack` wrote; raises `StateFormatError` for other bytes, also where the
        policy names other competitors."""
        if data[:1] != bytes([_VERSION]):
            raise StateFormatError("learner", expected=f"version {_VERSION}", came=data[:1])
        try:
            state = load(data[1:])
            learner = cls(state["names"], state["feature_spec"], policy)
            learn_state.restore(learner, state)
        except PayloadError as error:
            raise StateFormatError("learner", expected="its own state", came=error) from error
        return learner

    # -- one outcome --------------------------------------------------------------------------

    def _scores(self, outcome: Mapping[str, Any], shadow: Shadow) -> dict[str, float]:
        """Each competitor's score at the decision, NaN for none."""
        scores = dict.fromkeys(self.competitors, math.nan)
        decided = outcome.get("model")
        if decided is not None:
            scores.update(shadow(outcome))
            if decided["name"] in scores:
                scores[decided["name"]] = outcome["score"]
        return scores

    def _mistake(self, outcome: Mapping[str, Any], key: int, *, fraud: bool) -> float:
        """The weight at which the transaction was learned as its other class, 0.0 where it was not;
        what the join says it corrects was learned but for what is left out here."""
        kept = clean_weight(key, self.policy.keep_clean) if fraud else 1.0
        return self.memory.mistake(key, told=outcome.get("corrects", 0.0) * kept)

    def _count(self, fraud: bool, *, corrected: bool) -> None:
        self.counts["learned"] += 1
        self.counts["corrected"] += corrected
        self.counts["frauds"] += fraud - (corrected and not fraud)
