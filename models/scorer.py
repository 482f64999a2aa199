"""A published model as a compiled scorer: plain data in, the same bits out whatever the batch.

The pipeline is River's `StandardScaler | LogisticRegression` over a feature row, with missing
values declared rather than guessed: a present value is standardised by the mean and variance of
the present values and held within `clip` deviations of it, so that no single outlier decides; a
missing one stands at the mean (it adds nothing) and switches on an indicator of its own,
`<feature>?`, which has its own weight and is not scaled. NaN counts as missing.

Sums run in the order of the features, one multiplication and one addition at a time, with one
`math.exp` at the end: BLAS and numpy's `exp` differ in the last bits between batch sizes. Rows that
come together go through numpy, a column at a time, with the very same operations: elementwise
arithmetic is exact in IEEE 754, and `accumulate` adds one column after the other. A test compares
the bits of both ways.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from schemas.errors import FraudStreamsError

KIND = "river.logistic"
"""The `kind` of the snapshots that this module reads."""
FORMAT = 1
_FEW = 4
"""Rows below which numpy costs more than it saves."""
_PARTS = ("means", "variances", "weights", "missing")
Row = Sequence[float | None]


class SnapshotError(FraudStreamsError):
    """A model snapshot that cannot be scored with; the last good model stays. No retry helps."""

    code = "SNAPSHOT_INVALID"
    advice = "The last good model stays in force; publish the model again from the learner."


class Contribution(NamedTuple):
    """What one feature added to a score, in log-odds, and the value it did so with."""

    feature: str
    value: float | None
    log_odds: float


class ModelScorer(Protocol):
    """A published version of any kind, ready to score; `models.compiled_model` makes them."""

    @property
    def ref(self) -> dict[str, Any]:
        """The version as decisions name it."""

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """The probability of fraud of each row; its bits do not depend on its neighbours."""

    def top(self, row: Row, count: int = 3) -> list[Contribution]:
        """The `count` features that raised the score most, strongest first."""


class Term(NamedTuple):
    """One feature's part: weight by raw unit, mean, bounds of the raw value, and what it adds
    where the value is missing."""

    weight: float
    mean: float
    low: float
    high: float
    missing: float

    def added(self, found: float | None) -> float:
        """What a value adds to the log-odds."""
        if found is None or math.isnan(found):
            return self.missing
        return self.weight * (min(max(found, self.low), self.high) - self.mean)


@dataclass(frozen=True)
class Scorer:
    """A logistic scorer over rows in the order of `names`. Build it with `compile_snapshot`."""

    name: str
    version: int
    feature_spec: str
    names: tuple[str, ...]
    bias: float
    terms: tuple[Term, ...]

    @property
    def ref(self) -> dict[str, Any]:
        """The model as decisions name it."""
        return {"name": self.name, "version": self.version}

    def score(self, row: Row) -> float:
        """The probability of fraud in [0, 1] for one row; raises ValueError on a wrong length."""
        return _sigmoid(self._log_odds(row))

    def score_many(self, rows: Sequence[Row]) -> list[float]:
        """`score` of each row; a row's bits do not depend on its neighbours."""
        if len(rows) < _FEW:
            return [_sigmoid(self._log_odds(row)) for row in rows]
        return list(map(_sigmoid, self._log_odds_together(rows)))

    def top(self, row: Row, count: int = 3) -> list[Contribution]:
        """The `count` features that raised the score most, strongest first, ties in row order."""
        added = (
            Contribution(name, found, term.added(found))
            for name, found, term in zip(self.names, row, self.terms, strict=True)
        )
        return sorted((c for c in added if c.log_odds > 0), key=lambda c: -c.log_odds)[:count]

    def _log_odds(self, row: Row) -> float:
        total = self.bias
        for found, (weight, mean, low, high, missing) in zip(row, self.terms, strict=True):
            if found is None:
                total += missing
            elif found < low:
                total += weight * (low - mean)
            elif found > high:
                total += weight * (high - mean)
            else:
                total += weight * (found - mean)
        return total if total - total == 0 else self._careful(row)

    @cached_property
    def _columns(self) -> npt.NDArray[np.float64]:
        """The parts of the terms, one below the other: shape (5, features, 1)."""
        return np.array(self.terms, dtype=np.float64).reshape(-1, 5).T[:, :, None].copy()

    def _log_odds_together(self, rows: Sequence[Row]) -> list[float]:
        """`_log_odds` of each row, with None read as NaN: shape (features, rows) in between."""
        weight, mean, low, high, missing = self._columns
        with np.errstate(all="ignore"):  # weights may overflow, as they do in `_log_odds`
            found = np.array(rows, dtype=np.float64).T
            if len(found) != len(self.terms):
                raise ValueError(f"rows of {len(self.terms)} numbers expected, got {len(found)}")
            added = np.maximum(found, low)
            np.minimum(added, high, out=added)
            added -= mean
            added *= weight
            added = np.where(np.isnan(found), missing, added)
            added[0] += self.bias
            totals: list[float] = np.add.accumulate(added, axis=0)[-1].tolist()
        return totals

    def _careful(self, row: Row) -> float:
        """The same sum with NaN taken as missing."""
        total = self.bias
        for found, term in zip(row, self.terms, strict=True):
            total += term.added(found)
        return total


def compile_snapshot(snapshot: Mapping[str, Any]) -> Scorer:
    """A scorer from a `model_snapshot` record (see `models.learn` for who writes it).

    Raises `SnapshotError` when the kind is unknown, the payload is not what its sha256 says, or
    its numbers do not fit its names.
    """
    model = read_payload(snapshot)
    names = tuple(model["names"])
    columns = [model[part] for part in _PARTS]
    if any(len(column) != len(names) for column in columns):
        raise _invalid(snapshot, f"{len(names)} weights, as many as features", model["weights"])
    try:
        clip, bias = float.fromhex(model["clip"]), float.fromhex(model["intercept"])
        terms = tuple(_term(clip, *parts) for parts in zip(*columns, strict=True))
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid(snapshot, "hexadecimal numbers", error) from error
    if not all(math.isfinite(number) for term in (*terms, (bias,)) for number in term):
        raise _invalid(snapshot, "finite weights", "NaN or infinity")
    ref = (snapshot["name"], snapshot["version"], snapshot["feature_spec"])
    return Scorer(*ref, names, bias, terms)


def read_payload(snapshot: Mapping[str, Any], kind: str = KIND) -> dict[str, Any]:
    """The payload of a whole snapshot as data, after kind, hash and format were checked."""
    if snapshot["kind"] != kind:
        raise _invalid(snapshot, f"kind {kind}", snapshot["kind"])
    found = hashlib.sha256(snapshot["payload"]).hexdigest()
    if found != snapshot["sha256"]:
        raise _invalid(snapshot, f"payload with sha256 {snapshot['sha256']}", found)
    try:
        model: dict[str, Any] = json.loads(snapshot["payload"])
        written = model["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(snapshot, "canonical JSON of a model", error) from error
    if written != FORMAT:
        raise _invalid(snapshot, f"payload format {FORMAT}", written)
    return model


def canonical(data: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII; floats travel as hex texts, bit for bit.

    >>> canonical({"b": (0.1).hex(), "a": 1})
    b'{"a":1,"b":"0x1.999999999999ap-4"}'
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _term(clip: float, mean: str, variance: str, weight: str, missing: str) -> Term:
    centre, spread = float.fromhex(mean), float.fromhex(variance) ** 0.5
    scaled = float.fromhex(weight) / spread if spread else 0.0  # River: no variance, no say
    low, high = centre - clip * spread, centre + clip * spread
    return Term(scaled, centre, low, high, float.fromhex(missing))


def _sigmoid(log_odds: float) -> float:
    """Logistic function without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    power = math.exp(log_odds)
    return power / (1.0 + power)


def _invalid(snapshot: Mapping[str, Any], expected: str, came: object) -> SnapshotError:
    where = f"model {snapshot['name']}@{snapshot['version']}"
    return SnapshotError(where, expected=expected, came=came)
