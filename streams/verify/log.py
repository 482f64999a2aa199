"""`fraud verify`: every decision of a log, or of a part of it, derived again by the live code.

Each partition of `fraud.activity` is folded from its first record: a decision depends on all before
it. `fraud.decisions` is read once before, in whatever order; repeats of a decision are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from schemas import topics
from schemas.errors import FraudStreamsError
from streams.fold import fold
from streams.history.log import Log
from streams.records import LogRecord
from streams.verify.difference import Difference, difference
from streams.verify.library import library
from streams.verify.recorded import Place, Recorded
from streams.verify.sealed import Source, digest_of, source_of, stated

Point = tuple[int | None, int | None]
"""An offset of every partition of `fraud.activity`, or a time of the log (UTC ms)."""
Told = Callable[[str, int, int], None]
"""What is being done, how many records of it are done, of how many."""
Decided = Callable[[int], int | None]
"""The offset of a partition below which every decision was delivered; None where nobody says."""
EVERY = 1_000


class NoBeginning(FraudStreamsError):
    """The log's beginning is gone, and with it what the windows held."""

    code = "NO_BEGINNING"
    advice = "Keep fraud.activity for longer, or let a worker verify as it goes (--verify)."


@dataclass(frozen=True)
class Request:
    """Which decisions to compare: those of records from `start` to below `stop`; None: all."""

    start: Point | None = None
    stop: Point | None = None


@dataclass
class Verified:
    """What came out.

    `checked`: decisions compared, `repeats`: records that only said the same again, `waiting`:
    derived and not decided yet by the worker, `first`: by partition and offset.
    """

    checked: int = 0
    mismatches: int = 0
    repeats: int = 0
    waiting: int = 0
    first: Difference | None = None

    def note(self, found: Callable[[], Difference]) -> None:
        """Count a mismatch; the first is looked at closely."""
        self.mismatches += 1
        if self.first is None:
            self.first = found()


def verify(
    log: Log,
    request: Request | None = None,
    *,
    decided: Decided = lambda _: None,
    told: Told = lambda *_: None,
) -> Verified:
    """Compare what is on record with what the log gives; raises NoBeginning, VersionMissing.

    Offsets are fixed in an order that lets a worker go on meanwhile: what it has delivered, then
    the end of the activity, then models and decisions.
    """
    found = Verified()
    settled = {p: decided(p) for p in _partitions(topics.ACTIVITY)}
    recorded = {p: _range(log, p, request or Request()) for p in settled}
    published = library(log)
    strangers = _read_decisions(log, recorded, found, told)
    total = sum(part.stop for part in recorded.values())
    done = 0
    for partition, part in recorded.items():
        records = _counted(log.read(topics.ACTIVITY, partition, 0, part.stop), done, total, told)
        compare = Comparison(log, found, partition, part, settled[partition])
        compare.all(fold(partition, records, published))
        done += part.stop
    for place in strangers:
        found.checked += 1
        found.note(partial(_difference, log, None, None, place))
    return found


class Comparison:
    """One partition's derived decisions, held against what is on record."""

    def __init__(
        self, log: Log, found: Verified, partition: int, recorded: Recorded, settled: int | None
    ) -> None:
        self._log, self._found = log, found
        self._partition, self._recorded = partition, recorded
        self._settled = recorded.stop if settled is None else settled

    def all(self, derived: Iterable[bytes]) -> None:
        """Every derived decision in order, then what was never derived."""
        for value in derived:
            source = source_of(value)
            assert source is not None, "the stage's own bytes"
            if source.offset >= self._recorded.start:
                self._one(value, source)
        for offset, place in self._recorded.unchecked():
            self._found.checked += 1
            self._note(None, Source(self._partition, offset), place)

    def _one(self, value: bytes, source: Source) -> None:
        odd = self._recorded.check(source.offset, stated(value))
        if odd is None and source.offset >= self._settled:
            self._found.waiting += 1
            return
        self._found.checked += 1
        if odd is None or odd:
            self._note(value, source, odd[0] if odd else None)

    def _note(self, derived: bytes | None, source: Source, place: Place | None) -> None:
        self._found.note(partial(_difference, self._log, derived, source, place))


def _range(log: Log, partition: int, request: Request) -> Recorded:
    begin, end = log.begin(topics.ACTIVITY, partition), log.end(topics.ACTIVITY, partition)
    if begin > 0:
        raise NoBeginning(
            f"{topics.ACTIVITY}[{partition}]", expected="records from offset 0", came=begin
        )
    start = _offset(log, partition, request.start, 0)
    stop = min(_offset(log, partition, request.stop, end), end)
    return Recorded(min(start, stop), stop)


def _offset(log: Log, partition: int, point: Point | None, default: int) -> int:
    offset, at = point or (default, None)
    return log.after(topics.ACTIVITY, at - 1, partition) if at is not None else offset or 0


def _read_decisions(
    log: Log, recorded: dict[int, Recorded], found: Verified, told: Told
) -> list[Place]:
    """Note what is on record; returns what says it came from nowhere."""
    strangers, later = [], []
    ends = {d: log.end(topics.DECISIONS, d) for d in _partitions(topics.DECISIONS)}
    done, total = 0, sum(ends.values())
    for partition, end in ends.items():
        records = log.read(topics.DECISIONS, partition, 0, end)
        for record in _counted(records, done, total, told, "reading decisions"):
            value, place = record.value or b"", Place(partition, record.offset)
            source = source_of(value)
            if source is None or source.partition not in recorded:
                strangers.append(place)
                continue
            part = recorded[source.partition]
            if part.start <= source.offset < part.stop:
                found.repeats += not part.add(source.offset, digest_of(value), place)
            elif source.offset >= part.stop:
                later.append((source, place))
        done += end
    now = {p: log.end(topics.ACTIVITY, p) for p in recorded} if later else {}
    return strangers + [at for source, at in later if source.offset >= now[source.partition]]


def _counted(
    records: Iterable[LogRecord], done: int, total: int, told: Told, what: str = "deriving again"
) -> Iterator[LogRecord]:
    for count, record in enumerate(records, start=1):
        if count % EVERY == 0:
            told(what, done + count, total)
        yield record


def _difference(
    log: Log, derived: bytes | None, source: Source | None, place: Place | None
) -> Difference:
    """The difference, with the recorded side read again."""
    return difference(_at(log, place), derived, source, place)


def _at(log: Log, place: Place | None) -> bytes | None:
    if place is None:
        return None
    records = log.read(topics.DECISIONS, place.partition, place.offset, place.offset + 1)
    return next((record.value or b"" for record in records), b"")


def _partitions(topic: str) -> range:
    return range(topics.topic(topic).partitions)
