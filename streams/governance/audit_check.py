"""The audit trail beside what it speaks of: the commands on `fraud.outcomes`, and `fraud.models`.

A chain that is whole in itself could still have been written by somebody else than the learner.
So every recorded command must have its entry, every entry its command with the same content, and
every published version the hash that the trail has of it, payload included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.audit.chain import Fault, sha256
from models.scorer import SnapshotError
from schemas import topics
from schemas.errors import EventError
from streams.history.log import Log
from streams.history.versions import Version, Versions
from streams.wire import codec

Entry = Mapping[str, Any]


def beside_the_log(log: Log, entries: Sequence[Entry]) -> list[Fault]:
    """Where the log says otherwise than the entries (each once, in order of number).

    What stands behind the last entry's offset may not have been folded yet, and is not asked of.
    """
    if not entries:
        return []
    return [*_commands(log, entries), *_published(log, entries)]


def _commands(log: Log, entries: Sequence[Entry]) -> Iterator[Fault]:
    told = {one["offset"]: one for one in entries if one["command_sha256"] and one["offset"] >= 0
            and one["result"] != "EXPIRED"}  # fmt: skip
    last, first = max(one["offset"] for one in entries), log.begin(topics.OUTCOMES)
    for offset, body in commands(log, last + 1):
        entry = told.pop(offset, None)
        where = f"command {body['command_id']} of {body['actor']} at {topics.OUTCOMES}@{offset}"
        if entry is None:
            yield Fault(_next(entries, offset), "MISSING", f"{where} has no entry")
        elif entry["command_sha256"] != sha256(body):
            number = entry["number"]
            yield Fault(number, "ALTERED", f"{where} is not what entry {number} was made of")
    for offset, entry in told.items():
        if offset >= first:
            number, place = entry["number"], f"{topics.OUTCOMES}@{offset}"
            yield Fault(number, "INSERTED", f"entry {number} has no command at {place}")


def commands(log: Log, stop: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Offset and body of every command below an offset; outcomes are passed by undecoded."""
    header = codec.header("command")
    for record in log.read(topics.OUTCOMES, 0, 0, stop):
        if record.value and record.value.startswith(header):
            try:
                yield record.offset, codec.decode(record.value)[1]
            except EventError:  # a dead letter of the learner: no command
                continue


def _next(entries: Sequence[Entry], offset: int) -> int:
    """Where the entry of an offset would stand."""
    later = (one["number"] for one in entries if one["offset"] > offset)
    return int(next(later, entries[-1]["number"] + 1))


def _published(log: Log, entries: Sequence[Entry]) -> Iterator[Fault]:
    versions, hashes = Versions(log), _rulesets(log)
    found = {f"model/{one.ref}": one for one in versions.all}
    for entry in entries:
        for key, expected in entry["published"].items():
            one = found.get(key)
            came = hashes.get(key, "nothing") if one is None else _payload_hash(versions, one)
            if came != expected:
                number = entry["number"]
                text = f"{key} on {topics.MODELS} is not what entry {number} says: {came}"
                yield Fault(number, "ALTERED", text)


def _payload_hash(versions: Versions, version: Version) -> str:
    """Of the parts as they lie there, not as the manifest says."""
    try:
        return hashlib.sha256(versions.snapshot(version)["payload"]).hexdigest()
    except SnapshotError as error:
        return str(error)


def _rulesets(log: Log) -> dict[str, str]:
    """The hash of every published ruleset's text, by key."""
    header, found = codec.header("ruleset"), {}
    for record in log.read(topics.MODELS):
        if record.value and record.value.startswith(header):
            body = codec.decode(record.value)[1]
            digest = hashlib.sha256(body["yaml"].encode()).hexdigest()
            found[f"ruleset/{body['name']}@{body['version']}"] = digest
    return found
