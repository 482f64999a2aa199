"""What the challengers had said: scores of the versions that were in force at a decision.

A decision names the version that made it, and a version is an offset: of every other competitor,
the one in force then was the latest at or before that offset. (Where a slow model is champion, a
quick challenger may have had a newer version in force; the one taken is older and has seen less,
so that nothing is flattered.) While a held version decides, challengers are judged as they were
when it was new, for the same reason.

A version does not change, so outcomes may be scored ahead, together, and at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from models.compiled_model import CompiledModel, Ref
from models.learn import Learner, Scores
from models.scorer import ModelScorer, Row

Outcome = Mapping[str, Any]


class Around(Protocol):
    """What the learner's fold is given from outside; both are functions of the log."""

    def scorer(self, name: str, version: int) -> ModelScorer:
        """A published version; raises where it is not there."""

    def outcomes(self, first: int, stop: int) -> Iterable[tuple[int, str, dict[str, Any]]]:
        """(offset, schema, body) of the records of `fraud.outcomes` from `first` up to, not
        including, `stop`; what cannot be read is left out."""


def shadows_of(learner: Learner, outcome: Outcome, around: Around) -> Scores:
    """The challengers' scores of one outcome by name; those scored ahead are not scored again."""
    refs = in_force(learner, outcome)
    known = learner.ahead.get(outcome["outcome_id"], {})
    missing = {name: version for name, version in refs.items() if _version(known, name) != version}
    if missing:
        known = {**known, **_scored([outcome], [missing], learner.names, around)[0]}
    return {name: known[name][1] for name in refs}


def look_ahead(learner: Learner, outcomes: Sequence[Outcome], around: Around) -> None:
    """Score outcomes that come next together; changes no result, only the time it takes."""
    found = _scored(outcomes, [in_force(learner, one) for one in outcomes], learner.names, around)
    learner.ahead = {one["outcome_id"]: scores for one, scores in zip(outcomes, found, strict=True)}


def in_force(learner: Learner, outcome: Outcome) -> dict[str, int]:
    """The version of each other competitor that was in force at an outcome's decision."""
    decided = outcome.get("model")
    if decided is None:
        return {}
    found = {
        name: one.in_force(decided["version"])
        for name, one in learner.competitors.items()
        if name != decided["name"]
    }
    return {name: version for name, version in found.items() if version is not None}


def _version(known: Mapping[str, tuple[int, float]], name: str) -> int | None:
    return known[name][0] if name in known else None


def _scored(
    outcomes: Sequence[Outcome], refs: Sequence[Mapping[str, int]], names: Sequence[str],
    around: Around,
) -> list[dict[str, tuple[int, float]]]:  # fmt: skip
    """(version, score) by name for each outcome."""
    groups: dict[Ref, list[int]] = {}
    for at, wanted in enumerate(refs):
        for ref in wanted.items():
            groups.setdefault(ref, []).append(at)
    board = _Board(outcomes, names, around)
    found: list[dict[str, tuple[int, float]]] = [{} for _ in outcomes]
    for (name, version), members in groups.items():
        scores = board.scores((name, version), members)
        for at, score in zip(members, scores, strict=True):
            found[at][name] = (version, score)
    return found


class _Board:
    """Scores of some outcomes, each version asked once: a blend's members often compete too."""

    def __init__(self, outcomes: Sequence[Outcome], names: Sequence[str], around: Around) -> None:
        self._outcomes = outcomes
        self._names = names
        self._around = around
        self._rows: dict[int, Row] = {}
        self._known: dict[Ref, dict[int, float]] = {}

    def scores(self, ref: Ref, members: Sequence[int]) -> list[float]:
        """A version's scores of the outcomes at these places."""
        known = self._known.setdefault(ref, {})
        missing = [at for at in members if at not in known]
        if missing:
            known.update(zip(missing, self._ask(ref, missing), strict=True))
        return [known[at] for at in members]

    def _ask(self, ref: Ref, places: Sequence[int]) -> list[float]:
        scorer = self._around.scorer(*ref)
        if isinstance(scorer, CompiledModel) and scorer.members:
            return scorer.combine_many([self.scores(one, places) for one in scorer.members])
        return scorer.score_many([self._row(at) for at in places])

    def _row(self, at: int) -> Row:
        if at not in self._rows:
            features = self._outcomes[at]["features"]
            self._rows[at] = [features.get(name) for name in self._names]
        return self._rows[at]
