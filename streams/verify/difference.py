"""One decision that is not what it should be, with both sides, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import EventError
from streams.verify.recorded import Place
from streams.verify.sealed import BROKEN, Source, digest_of
from streams.wire import codec

Sides = dict[str, dict[str, Any]]
KINDS = {
    "differs": "what is on record is not what the log gives",
    "altered": "the bytes on record are not what their own fingerprint says",
    "unreadable": "the bytes on record are no decision",
    "missing": "the log gives a decision that is not on record",
    "extra": "a decision is on record that the log does not give",
}


@dataclass(frozen=True)
class Difference:
    """What differs, where it stands, and how.

    `source`: the record of `fraud.activity`; `place`: the record of `fraud.decisions`; None where
    there is none to name. `fields`: what differs, as `{field: {"recorded": …, "derived": …}}`.
    """

    kind: str
    source: Source | None
    place: Place | None
    transaction_id: str | None = None
    fields: Sides = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "kind": self.kind,
            "transaction_id": self.transaction_id,
            "activity": self.source and self.source._asdict(),
            "decision": self.place and self.place._asdict(),
            "fields": self.fields,
        }

    def __str__(self) -> str:
        where = f"transaction {self.transaction_id or '?'}"
        if self.source is not None:
            where += f", fraud.activity[{self.source.partition}]@{self.source.offset}"
        if self.place is not None:
            where += f", fraud.decisions[{self.place.partition}]@{self.place.offset}"
        sides = "".join(
            f"\n  {name}: recorded {both.get('recorded')!r}, derived {both.get('derived')!r}"
            for name, both in self.fields.items()
        )
        return f"{self.kind} ({KINDS[self.kind]}): {where}{sides}"


def difference(
    recorded: bytes | None, derived: bytes | None, source: Source | None, place: Place | None
) -> Difference:
    """What two sides say otherwise; None for a side that is not there.

    >>> difference(None, None, Source(0, 7), None).kind
    'missing'
    """
    ours = _read(derived)
    if recorded is None:
        return Difference(
            "missing", source, None, (ours or {}).get("transaction_id"), _sides({}, ours)
        )
    theirs = _read(recorded)
    if theirs is None:
        return Difference("unreadable", source, place, (ours or {}).get("transaction_id"))
    known = (ours or theirs)["transaction_id"]
    if ours is None:
        return Difference("extra", source, place, known, _sides(theirs, {}))
    kind = "altered" if digest_of(recorded) == BROKEN else "differs"
    return Difference(kind, source, place, known, _sides(theirs, ours))


def _read(value: bytes | None) -> dict[str, Any] | None:
    try:
        name, record = codec.decode(value or b"")
    except EventError:
        return None
    return record if name == "decision" else None


def _sides(recorded: Mapping[str, Any] | None, derived: Mapping[str, Any] | None) -> Sides:
    theirs, ours = _flat(recorded or {}), _flat(derived or {})
    return {
        name: {
            side: found[name]
            for side, found in (("recorded", theirs), ("derived", ours))
            if name in found
        }
        for name in dict.fromkeys((*theirs, *ours))
        if name not in theirs or name not in ours or repr(theirs[name]) != repr(ours[name])
    }


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Features one by one, the rest as it stands."""
    rest = {name: value for name, value in record.items() if name != "features"}
    return rest | {f"features.{k}": v for k, v in record.get("features", {}).items()}
