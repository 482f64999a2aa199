"""What is known about a terminal's transactions: the newest verdict by transaction id."""

from __future__ import annotations

from bisect import bisect_left, insort
from struct import Struct, unpack_from
from typing import NamedTuple

from models.windows.digests import digest

RECORD = Struct("<8sqq?H")
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
    removed yet.
    """

    def __init__(self) -> None:
        self.frauds: list[int] = []  # sorted event times of the known frauds
        self._entries: dict[bytes, Verdict] = {}
        self._purge_at = _SPARE
        self._packed: tuple[int, bytes] | None = None  # oldest event time in it, bytes

    def apply(self, transaction_id: str, verdict: Verdict, expiry: int) -> None:
        """Keep the verdict if it is the newest by (observed_at, outcome_id)."""
        key = digest(transaction_id)
        known = self._entries.get(key)
        holds = known and known.event_time > expiry and known >= verdict
        if holds or verdict.event_time <= expiry:
            return
        if known:
            self._forget(known)
        self._entries[key] = verdict
        if verdict.fraud:
            insort(self.frauds, verdict.event_time)
        self._packed = None
        if len(self._entries) > self._purge_at:
            self._expire(expiry)

    def pack(self, expiry: int) -> bytes:
        """The live verdicts in the order of their ids' digests."""
        if self._packed is None or self._packed[0] <= expiry:
            self._expire(expiry)
            oldest = min((v.event_time for v in self._entries.values()), default=2**62)
            self._packed = (oldest, b"".join(map(_write, sorted(self._entries.items()))))
        return self._packed[1]

    @classmethod
    def unpack(cls, data: bytes) -> Verdicts:
        """The inverse of :meth:`pack`; raises struct.error or UnicodeDecodeError if damaged."""
        verdicts, at = cls(), 0
        while at < len(data):
            key, event_time, observed_at, fraud, length = RECORD.unpack_from(data, at)
            at += RECORD.size
            (outcome_id,) = unpack_from(f"{length}s", data, at)
            at += length
            verdicts._entries[key] = Verdict(observed_at, outcome_id.decode(), fraud, event_time)
        verdicts.frauds += sorted(v.event_time for v in verdicts._entries.values() if v.fraud)
        return verdicts

    def _expire(self, expiry: int) -> None:
        gone = [key for key, verdict in self._entries.items() if verdict.event_time <= expiry]
        for key in gone:
            self._forget(self._entries.pop(key))
        self._purge_at = 2 * len(self._entries) + _SPARE

    def _forget(self, verdict: Verdict) -> None:
        if verdict.fraud:
            del self.frauds[bisect_left(self.frauds, verdict.event_time)]


def _write(item: tuple[bytes, Verdict]) -> bytes:
    key, verdict = item
    outcome_id = verdict.outcome_id.encode()
    head = RECORD.pack(key, verdict.event_time, verdict.observed_at, verdict.fraud, len(outcome_id))
    return head + outcome_id
