"""What a shadow has read of `fraud.decisions` and not compared yet, and what it compared lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from streams.verify.recorded import Place
from streams.verify.sealed import Source, digest_of, source_of

RECENT = 20_000
"""Compared decisions of a partition whose digests are kept: a crash of the hot path repeats no more
than a barrier holds (`FRAUD_BARRIER_EVENTS`), 100 bytes each."""


class Said(NamedTuple):
    """One record's digest and place."""

    digest: bytes
    place: Place


class Evidence:
    """Decisions on record, by partition and offset of `fraud.activity`.

    A partition of `fraud.decisions` holds the decisions of one partition of the activity in its
    order, repeats aside: once a later one was seen, all before it that lie there were.

    >>> Evidence().seen(0, 3, up_to=7)
    False
    """

    def __init__(self) -> None:
        self._open: dict[int, dict[int, list[Said]]] = defaultdict(dict)
        self._recent: dict[int, dict[int, bytes]] = defaultdict(dict)
        self._furthest: dict[tuple[int, int], int] = {}

    def add(self, value: bytes, place: Place, compared: Mapping[int, int]) -> Source | None:
        """Take a record in; a source that comes back says otherwise than what was compared.

        `compared`: of each partition that is derived here, the last offset that was; what came
        from others is not kept.
        """
        source = source_of(value)
        if source is None or source.partition not in compared:
            return None
        partition, offset = source
        key = (partition, place.partition)
        self._furthest[key] = max(offset, self._furthest.get(key, -1))
        said = Said(digest_of(value), place)
        if offset <= compared[partition]:
            known = self._recent[partition].get(offset)
            return source if known not in (None, said.digest) else None
        self._open[partition].setdefault(offset, []).append(said)
        return None

    def seen(self, partition: int, of_decisions: int, up_to: int) -> bool:
        """Whether a partition of the decisions was read past what came from `up_to`."""
        return self._furthest.get((partition, of_decisions), -1) >= up_to

    def take(self, partition: int, offset: int) -> list[Said]:
        """What was said of one record of the activity; it is compared now."""
        return self._open[partition].pop(offset, [])

    def compared(self, partition: int, offset: int, digest: bytes) -> None:
        """Remember what was derived, for repeats."""
        recent = self._recent[partition]
        recent[offset] = digest
        if len(recent) > RECENT:
            del recent[next(iter(recent))]

    def forget(self) -> None:
        """Begin to read anew: what is not compared yet will come again."""
        self._open.clear()
        self._furthest.clear()

    @property
    def waiting(self) -> int:
        """How many offsets were read and are not compared yet."""
        return sum(map(len, self._open.values()))
