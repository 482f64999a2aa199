"""The audit trail as it is recorded on `fraud.audit`, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.audit.chain import Fault, Head, verify
from schemas import topics
from schemas.errors import EventError
from streams.history.force import ref
from streams.history.log import Log
from streams.history.moments import iso
from streams.wire import codec

Entry = dict[str, Any]
COUNTED = ("DONE", "WAITING", "REFUSED", "EXPIRED")


STOPPING = ("FREEZE", "RESUME", "EXCLUDE", "REBUILD")


class Recorded:
    """Every record of the trail in the log's order, with when the log took it in.

    Attributes:
        entries: as recorded, repeats included.
        logged: by number, when the first record of an entry was appended (UTC ms).
        faults: records that are no entries.
    """

    def __init__(self, log: Log) -> None:
        self.entries: list[Entry] = []
        self.logged: dict[int, int] = {}
        self.faults: list[Fault] = []
        for record in log.read(topics.AUDIT):
            try:
                name, body = codec.decode(record.value or b"")
            except EventError as error:
                name, body = str(error), {}
            if name != "audit_entry":
                text = f"the record at {topics.AUDIT}@{record.offset} is no entry: {name}"
                self.faults.append(Fault(len(self.logged), "ALTERED", text))
                continue
            self.entries.append(body)
            self.logged.setdefault(body["number"], record.timestamp)

    @property
    def once(self) -> list[Entry]:
        """Each number once, as it was first recorded, in order of number."""
        first: dict[int, Entry] = {}
        for one in self.entries:
            first.setdefault(one["number"], one)
        return [first[number] for number in sorted(first)]

    @property
    def head(self) -> Head | None:
        """The last entry; None for an empty trail."""
        entries = self.once
        return Head(entries[-1]["number"], entries[-1]["hash"]) if entries else None

    def check(self, head: Head | None = None) -> list[Fault]:
        """What is wrong with the trail by itself, and by a head that was noted elsewhere."""
        return [*self.faults, *verify(self.entries, head)]


def listed(recorded: Recorded, faults: Iterable[Fault]) -> dict[str, Any]:
    """The object that `fraud audit --json` prints."""
    entries, found = recorded.once, list(faults)
    return {
        "entries": [_line(one, recorded.logged[one["number"]]) for one in entries],
        "results": {name: sum(one["result"] == name for one in entries) for name in COUNTED},
        "head": None if recorded.head is None else str(recorded.head),
        "whole": not found,
        "faults": [one._asdict() for one in found],
    }


def concerning(entries: Iterable[Mapping[str, Any]], model: str) -> list[Mapping[str, Any]]:
    """The entries that put a model of this name in force, took it out, or tried to, and those
    that stopped it from learning, or made it learn anew, while it decided.

    A version that follows its predecessor is a matter of cadence, not of these.
    """
    kept, before = [], None
    for one in entries:
        after = one["model"]["name"] if one["model"] else None
        names = f"{model}@" in one["what"] or f"'{model}'" in one["what"]
        moved = model in (before, after) and before != after
        stopped = after == model and one["kind"] in STOPPING
        if moved or stopped or (names and one["kind"] != "PUBLISH"):
            kept.append(one)
        before = after
    return kept


def _line(entry: Entry, logged: int) -> Entry:
    models = {name: ref(entry[name]) for name in ("model", "ruleset")}
    return entry | models | {"at": iso(entry["at"]), "logged": iso(logged)}


def text(found: Mapping[str, Any], last: int | None = None) -> str:
    """What `fraud audit` prints: an entry a line, then the head, or what is wrong."""
    entries = found["entries"][-last:] if last else found["entries"]
    width = max((len(one["actor"]) for one in entries), default=0)
    lines = [
        f"{one['number']:>5}  {one['logged']}  {one['actor']:{width}}  {one['kind']:11} "
        f"{one['result']:8} {one['what']}"
        for one in entries
    ]
    head = f"head {found['head']}" if found["head"] else "no entry yet: no learner has run"
    wrong = [f"BROKEN: {one['text']}" for one in found["faults"]]
    said = wrong or ["the chain is whole; note the head where nobody who writes the log can"]
    return "\n".join([*lines, head, *(said if found["head"] or wrong else [])])
