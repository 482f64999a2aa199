"""A published version of any kind as a scorer that can explain itself, without unpickling anything.

A logistic regression says what each feature added (`models.scorer`). Trees, blends and means have
no weights to show, so they are asked what the score would be with one feature missing: the fall in
log-odds is that feature's contribution (occlusion; Zeiler and Fergus 2014). That costs one row a
feature and is done only for a decision that is explained, about one in a hundred.

A blend's payload holds weights and names its members' versions, which are snapshots of their own:
`member_of` finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.portfolio.compiled import compile_payload
from models.portfolio.compiled_blend import CompiledBlend
from models.portfolio.imbalance import log_odds
from models.portfolio.interface import PayloadError, RowScorer
from models.scorer import (
    KIND,
    Contribution,
    ModelScorer,
    Row,
    SnapshotError,
    compile_snapshot,
    read_payload,
)

BLEND = "river.blend"
Ref = tuple[str, int]
MemberOf = Callable[[Ref], ModelScorer]
"""Finds a version's scorer by name and version."""


@dataclass(frozen=True)
class CompiledModel:
    """A version that is not a plain logistic regression."""

    name: str
    version: int
    feature_spec: str
    names: tuple[str, ...]
    rows: RowScorer
    members: tuple[Ref, ...] = ()
    weights: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> dict[str, Any]:
        """The model as decisions name it."""
        return {"name": self.name, "version": self.version}

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1]."""
        return self.rows.score_many([row])[0]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row; a row's bits do not depend on its neighbours."""
        return self.rows.score_many(rows)

    def combine_many(self, columns: Sequence[Sequence[float]]) -> list[float]:
        """A blend's scores from a list of scores a member, in the order of `members`."""
        given = CompiledBlend(self.weights, [_Given(column) for column in columns])
        return given.score_many([[float(at)] for at in range(len(columns[0]))])

    def top(self, row: Row, count: int = 3) -> list[Contribution]:
        """The `count` features without which the score would fall most, ties in row order."""
        present = [at for at, value in enumerate(row) if value is not None]
        without = [[*row[:at], None, *row[at + 1 :]] for at in present]
        score, *others = map(log_odds, self.rows.score_many([row, *without]))
        falls = [
            Contribution(self.names[at], row[at], score - other)
            for at, other in zip(present, others, strict=True)
        ]
        return sorted((c for c in falls if c.log_odds > 0), key=lambda c: -c.log_odds)[:count]


class _Given:
    """A member whose scores are known already: a row is its number among them."""

    def __init__(self, scores: Sequence[float]) -> None:
        self.scores = scores

    def score(self, row: Row) -> float:
        return self.scores[int(row[0] or 0.0)]

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        return [self.score(row) for row in rows]


def compile_model(snapshot: Mapping[str, Any], member_of: MemberOf) -> ModelScorer:
    """The scorer of a whole `model_snapshot` record of any kind.

    Raises `SnapshotError` where it cannot be read, and whatever `member_of` raises for a member of
    a blend that is not there.
    """
    if snapshot["kind"] == KIND:
        return compile_snapshot(snapshot)
    payload = read_payload(snapshot, snapshot["kind"])
    where = f"model {snapshot['name']}@{snapshot['version']}"
    if payload.get("kind") != snapshot["kind"]:
        raise SnapshotError(where, expected=f"kind {snapshot['kind']}", came=payload.get("kind"))
    try:
        if snapshot["kind"] == BLEND:
            return _blend(snapshot, payload, member_of)
        rows = compile_payload(payload)
        return _model(snapshot, payload, rows)
    except (PayloadError, LookupError, TypeError) as error:
        raise SnapshotError(where, expected="a payload that compiles", came=error) from error


def _blend(
    snapshot: Mapping[str, Any], payload: dict[str, Any], member_of: MemberOf
) -> CompiledModel:
    members = tuple((one["name"], one["version"]) for one in payload["members"])
    scorers: list[Any] = [member_of(ref) for ref in members]
    rows = CompiledBlend(payload, [getattr(one, "rows", one) for one in scorers])
    return _model(snapshot, payload, rows, members)


def _model(
    snapshot: Mapping[str, Any], payload: Mapping[str, Any], rows: RowScorer,
    members: tuple[Ref, ...] = (),
) -> CompiledModel:  # fmt: skip
    return CompiledModel(
        snapshot["name"], snapshot["version"], snapshot["feature_spec"],
        tuple(payload["features"]), rows, members, payload if members else {},
    )  # fmt: skip
