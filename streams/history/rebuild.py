"""A model as it was at a point of the log, or as it would have been without some labels.

The learner's own fold runs again over `fraud.outcomes` from the first offset: boot, outcomes and
commands, in recorded order. Whatever it publishes up to the point is compared with what is on
`fraud.models`, hash by hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.learn import Learner
from models.provenance import comparable
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.history.altered import Altered, FinalLabels
from streams.history.left_out import LeftOut
from streams.history.log import Log
from streams.history.rederived import Rederived, begins, passes, rederived
from streams.history.refold import NewLearner, Ref, Refold
from streams.history.versions import Versions
from streams.records import LogRecord
from streams.wire import codec

BATCH = 500
Told = Callable[[str, int, int], None]
"""What is being done, how many records of it are done, of how many."""


class NothingToRebuild(FraudStreamsError):
    """The log cannot give the model asked for."""

    code = "NOTHING_TO_REBUILD"


@dataclass(frozen=True)
class Request:
    """What to rebuild. The point is the last offset that counts, or a time of the log (UTC ms).

    `labels_as_of`: each transaction of that span with its last verdict observed by then (UTC ms).
    `without`: labels to leave out. `name`: of the model; None: the one in force at the point.
    """

    offset: int | None = None
    at: int | None = None
    labels_as_of: int | None = None
    without: LeftOut = field(default_factory=LeftOut)
    name: str | None = None

    @property
    def as_it_was(self) -> bool:
        """Whether nothing is changed, so that hashes must be equal."""
        return self.labels_as_of is None and not self.without

    def stop(self, log: Log) -> int:
        """The offset of `fraud.outcomes` after the point."""
        end = log.end(topics.OUTCOMES)
        if self.offset is not None:
            return min(self.offset + 1, end)
        return end if self.at is None else log.after(topics.OUTCOMES, self.at)


@dataclass(frozen=True)
class Rebuilt:
    """The model, what was folded for it, and how it compares with what was published.

    `differing`, `missing`: published versions up to the point that came out otherwise, or not;
    `unpublished`: versions that the fold made and the learner has not published (yet).
    `published_sha256`: of the same version on `fraud.models`; None where there is none.
    `decisions_corrected`: whose terminal features were derived again; None: features are as scored.
    """

    snapshot: dict[str, Any]
    stop: int
    counts: dict[str, int]
    published_sha256: str | None
    equal: list[str]
    differing: list[str]
    missing: list[str]
    unpublished: list[str]
    comparable: bool
    decisions_corrected: int | None

    @property
    def equals(self) -> bool:
        """Whether this version, and every other up to the point, is what was published."""
        mine = self.published_sha256 == self.snapshot["sha256"]
        return mine and not self.differing and not self.missing


def rebuild(
    log: Log, request: Request, told: Told = lambda *_: None, new_learner: NewLearner = Learner
) -> Rebuilt:
    """Fold the log again; raises `NothingToRebuild` where it publishes nothing by the point.

    `new_learner` makes the learner that the log's worker began with.
    """
    if log.begin(topics.OUTCOMES) > 0:
        raise NothingToRebuild(
            topics.OUTCOMES, expected="records from offset 0", came=log.begin(topics.OUTCOMES),
            todo="The topic is to be kept for ever; without its beginning no model can be rebuilt.",
        )  # fmt: skip
    stop = request.stop(log)
    features = corrected_features(log, request, told)
    altered = Altered(request.without, final_labels(log, request, told), features)
    with TemporaryDirectory(prefix="fraud-rebuild-") as folder:
        refold = Refold(log, altered, Path(folder), new_learner)
        for batch in _batches(log.read(topics.OUTCOMES, 0, 0, stop)):
            refold.fold(batch)
            told("folding", batch[-1].offset + 1, stop)
        corrected = None if features is None else len(features)
        return _compared(request, refold, Versions(log), stop, corrected)


def final_labels(log: Log, request: Request, told: Told) -> FinalLabels | None:
    """The last verdicts known at `labels_as_of`, of the whole log."""
    if request.labels_as_of is None:
        return None
    final, end = FinalLabels(request.labels_as_of), log.end(topics.OUTCOMES)
    for offset, outcome in _outcomes(log, end):
        if not request.without.takes(outcome):
            final.note(offset, outcome)
        if offset % BATCH == 0:
            told("reading verdicts", offset, end)
    return final


def corrected_features(log: Log, request: Request, told: Told) -> Rederived | None:
    """What left-out outcomes had fed; None without any, or if `fraud.activity` lost its start."""
    if not request.without or not begins(log):
        return None
    end, done, total = log.end(topics.OUTCOMES), 0, passes(log)
    left_out = {
        outcome["outcome_id"] for _, outcome in _outcomes(log, end)
        if request.without.takes(outcome)
    }  # fmt: skip

    def count(records: int) -> None:
        nonlocal done
        done += records
        if done % BATCH == 0:
            told("deriving features again", done, total)

    return rederived(log, left_out, count)


def _compared(
    request: Request, refold: Refold, published: Versions, stop: int, corrected: int | None
) -> Rebuilt:
    theirs = {one.key: one.manifest for one in published.all if one.number < stop}
    mine = refold.published.hashes
    # A learner that lags has not published its last versions yet: those cannot be compared.
    made = [key for key in mine if key in theirs or not request.as_it_was]
    snapshot = refold.published.read(_chosen(request, refold, made))
    same = theirs.get((snapshot["name"], snapshot["version"]))
    equal = [key for key, manifest in theirs.items() if mine.get(key) == manifest["sha256"]]
    return Rebuilt(
        snapshot, stop, refold.counts, None if same is None else same["sha256"],
        equal=_refs(equal),
        differing=_refs(key for key in theirs if key in mine and key not in equal),
        missing=_refs(key for key in theirs if key not in mine),
        unpublished=_refs(key for key in mine if key not in theirs),
        comparable=all(
            comparable(one["river_version"], one["platform"]) for one in theirs.values()
        ),
        decisions_corrected=corrected,
    )  # fmt: skip


def _chosen(request: Request, refold: Refold, made: list[Ref]) -> Ref:
    """The one in force at the point, or the last one of a name; where the rules decide alone, of
    the model that would decide if they did not."""
    held = refold.model
    name = request.name or (held or {}).get("name") or refold.learner.champion
    if request.name is None and held is not None and (name, held["version"]) in made:
        return held["name"], held["version"]
    of_name = [ref for ref in made if ref[0] == name]
    if not of_name:
        folded = ", ".join(f"{count:,} {what}" for what, count in refold.counts.items())
        raise NothingToRebuild(
            f"model {name}", expected="a version published by that point",
            came=f"none from {folded}", todo="Choose a later point, or another --model.",
        )  # fmt: skip
    return of_name[-1]


def _refs(keys: Iterable[Ref]) -> list[str]:
    return [f"{name}@{version}" for name, version in keys]


def _outcomes(log: Log, stop: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for record in log.read(topics.OUTCOMES, 0, 0, stop):
        try:
            name, body = codec.decode(record.value or b"")
        except FraudStreamsError:  # a dead letter of the learner
            continue
        if name == "outcome":
            yield record.offset, body


def _batches(records: Iterable[LogRecord]) -> Iterator[list[LogRecord]]:
    records = iter(records)
    while batch := list(islice(records, BATCH)):
        yield batch
