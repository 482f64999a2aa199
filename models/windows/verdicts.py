"""What is known about a terminal's transactions: the newest verdict by transaction id."""

from __future__ import annotations

from bisect import bisect_left, insort
from struct import Struct, unpack_from
from typing import NamedTuple

from models.windows.digests import digest

RECORD = Struct("<8sqq?H")
EVENT_TIME, KEY_BYTES = Struct("<q"), 8
NEVER = 2**62
_SPARE = 32  # expired verdicts are dropped in bulk, so that dropping costs O(1) amortised


class Verdict(NamedTuple):
    """One outcome as far as it matters here; the greater one holds."""

    observed_at: int
    outcome_id: str
    fraud: bool
    event_time: int


class Verdicts:
    """A set by id: any order of the same outcomes ends the same.

    Legitimate verdicts are kept as well, or an older fraud verdict that arrives later would win.
    What is at or before `expiry` (newest event - horizon) counts as gone, whether or not it was
    removed yet. Each is kept as the bytes that it packs into, in the order of the ids' digests.
    """

    __slots__ = ("_oldest", "_purge_at", "_records", "frauds")

    def __init__(self) -> None:
        self.frauds: list[int] = []  # sorted event times of the known frauds
        self._records: list[bytes] = []
        self._purge_at = _SPARE
        self._oldest = NEVER  # no event time is before it

    def apply(self, transaction_id: str, verdict: Verdict, expiry: int) -> None:
        """Keep the verdict if it is the newest by (observed_at, outcome_id)."""
        if verdict.event_time <= expiry:
            return
        key = digest(transaction_id)
        at = bisect_left(self._records, key)
        if at < len(self._records) and self._records[at].startswith(key):
            known = _read(self._records[at])
            if known.event_time > expiry and known >= verdict:
                return
            self._forget(known)
            del self._records[at]
        self._records.insert(at, _write(key, verdict))
        self._oldest = min(self._oldest, verdict.event_time)
        if verdict.fraud:
            insort(self.frauds, verdict.event_time)
        if len(self._records) > self._purge_at:
            self._expire(expiry)

    def pack(self, expiry: int) -> bytes:
        """The live verdicts in the order of their ids' digests."""
        if self._oldest <= expiry:
            self._expire(expiry)
        return b"".join(self._records)

    @classmethod
    def unpack(cls, data: bytes) -> Verdicts:
        """The inverse of :meth:`pack`; raises struct.error or UnicodeDecodeError if damaged."""
        verdicts, at = cls(), 0
        while at < len(data):
            end = at + RECORD.size + RECORD.unpack_from(data, at)[4]
            verdicts._take(data[at:end])
            at = end
        verdicts.frauds.sort()
        return verdicts

    def _take(self, record: bytes) -> None:
        verdict = _read(record)
        self._records.append(record)
        self._oldest = min(self._oldest, verdict.event_time)
        if verdict.fraud:
            self.frauds.append(verdict.event_time)

    def _expire(self, expiry: int) -> None:
        records, self._records, self._oldest = self._records, [], NEVER
        for record in records:
            event_time = EVENT_TIME.unpack_from(record, KEY_BYTES)[0]
            if event_time > expiry:
                self._records.append(record)
                self._oldest = min(self._oldest, event_time)
            else:
                self._forget(_read(record))
        self._purge_at = 2 * len(self._records) + _SPARE

    def _forget(self, verdict: Verdict) -> None:
        if verdict.fraud:
            del self.frauds[bisect_left(self.frauds, verdict.event_time)]


def _write(key: bytes, verdict: Verdict) -> bytes:
    outcome_id = verdict.outcome_id.encode()
    head = RECORD.pack(key, verdict.event_time, verdict.observed_at, verdict.fraud, len(outcome_id))
    return head + outcome_id


def _read(record: bytes) -> Verdict:
    _, event_time, observed_at, fraud, length = RECORD.unpack_from(record)
    (outcome_id,) = unpack_from(f"{length}s", record, RECORD.size)
    return Verdict(observed_at, outcome_id.decode(), fraud, event_time)
