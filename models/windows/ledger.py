"""Which transactions a card has shown: digests of id and content, kept for the lateness L."""

from __future__ import annotations

from enum import Enum
from struct import Struct

from models.windows.log import BEGINNING
from models.windows.spec import LATENESS_MS

RECORD = Struct("<8s8sq")
_SPARE = 8  # expired entries are dropped in bulk, so that dropping costs O(1) amortised


class Seen(Enum):
    """What a transaction id says about its record."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICT = "conflict"


class Ledger:
    """Digest of id -> event time and the packed record of id, content and time.

    An entry older than newest - L counts as gone, whether or not it was removed yet, so that
    answers do not depend on when the state was packed.
    """

    __slots__ = ("_entries", "_purge_at")

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[int, bytes]] = {}
        self._purge_at = _SPARE

    def look(self, key: bytes, content: bytes, newest: int | None) -> Seen:
        """Whether this id was seen within the lateness, and with the same content."""
        entry = self._entries.get(key)
        if entry is None or (newest is not None and entry[0] < newest - LATENESS_MS):
            return Seen.NEW
        return Seen.REPEAT if entry[1].startswith(content, len(key)) else Seen.CONFLICT

    def add(self, key: bytes, content: bytes, time: int, newest: int | None) -> None:
        """Remember one; now and then forget those beyond the lateness."""
        self._entries.pop(key, None)
        self._entries[key] = (time, RECORD.pack(key, content, time))
        if len(self._entries) > self._purge_at:
            self._purge(newest)

    def pack(self, newest: int | None) -> bytes:
        """24 bytes an entry."""
        cut = BEGINNING if newest is None else newest - LATENESS_MS
        return b"".join([record for time, record in self._entries.values() if time >= cut])

    @classmethod
    def unpack(cls, data: bytes) -> Ledger:
        """The inverse of :meth:`pack`; raises struct.error for a length that is not whole."""
        ledger = cls()
        for key, content, time in RECORD.iter_unpack(data):
            ledger._entries[key] = (time, RECORD.pack(key, content, time))
        return ledger

    def _purge(self, newest: int | None) -> None:
        if newest is not None:
            cut = newest - LATENESS_MS
            entries = self._entries
            self._entries = {key: entry for key, entry in entries.items() if entry[0] >= cut}
        self._purge_at = 2 * len(self._entries) + _SPARE
