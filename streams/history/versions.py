"""What was published on `fraud.models`: every version's manifest, and its payload when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.snapshot_parts import join
from schemas import topics
from schemas.errors import EventError, FraudStreamsError
from streams.history.log import Log
from streams.records import LogRecord
from streams.wire import codec

Snapshot = dict[str, Any]


class ModelUnknown(FraudStreamsError):
    """No such version on `fraud.models`."""

    code = "MODEL_UNKNOWN"
    advice = "`fraud models list` shows every version."


@dataclass
class Version:
    """A published version: its manifest (the record without its payload), where and when."""

    manifest: Snapshot
    published: int
    payload_bytes: int = 0
    parts: dict[int, int] = field(default_factory=dict)
    """The offset of each part of the payload."""

    @property
    def ref(self) -> str:
        """As people write it: `logistic@4000`."""
        return f"{self.manifest['name']}@{self.manifest['version']}"

    @property
    def key(self) -> tuple[str, int]:
        """Name and version."""
        return self.manifest["name"], self.manifest["version"]

    @property
    def number(self) -> int:
        """The version: an offset of `fraud.outcomes`."""
        return int(self.manifest["version"])


class Versions:
    """Every version on the log, in the order they were published."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._all: dict[tuple[str, int], Version] = {}
        for record in log.read(topics.MODELS):
            body = snapshot_in(record)
            if body is not None:
                self._add(body, record)
        self.all = [one for one in self._all.values() if len(one.parts) == one.manifest["parts"]]

    def _add(self, body: Snapshot, record: LogRecord) -> None:
        size = len(body.pop("payload"))
        found = self._all.setdefault(
            (body["name"], body["version"]), Version(body, record.timestamp)
        )
        # A learner that redid a span publishes the same bytes again: the first time counts.
        if body["part"] not in found.parts:
            found.parts[body["part"]] = record.offset
            found.payload_bytes += size

    def names(self) -> list[str]:
        """The names of models, sorted."""
        return sorted({one.manifest["name"] for one in self.all})

    def of(self, name: str) -> list[Version]:
        """The versions of one name, oldest first."""
        return sorted((o for o in self.all if o.manifest["name"] == name), key=lambda o: o.number)

    def find(self, text: str) -> Version:
        """`NAME@VERSION`, or the newest of `NAME`; raises `ModelUnknown`."""
        name, _, number = text.partition("@")
        mine = self.of(name)
        found = [one for one in mine if not number or str(one.number) == number]
        if not found:
            known = [one.ref for one in mine[-5:]] or self.names()
            came = ", ".join(known) or "no model at all"
            raise ModelUnknown(f"model {text}", expected="a published one", came=came)
        return found[-1]

    def get(self, name: str, number: int) -> Version | None:
        """One version, None where it was not published."""
        return next((one for one in self.of(name) if one.number == number), None)

    def snapshot(self, version: Version) -> Snapshot:
        """The whole record, payload included; raises `SnapshotError` for a damaged one."""
        parts = []
        for offset in version.parts.values():
            found = map(snapshot_in, self._log.read(topics.MODELS, 0, offset, offset + 1))
            parts += [body for body in found if body is not None]
        return join(parts)


def snapshot_in(record: LogRecord) -> Snapshot | None:
    """The snapshot in a record; None for rules, or what cannot be read."""
    try:
        name, body = codec.decode(record.value or b"")
    except EventError:
        return None
    return body if name == "model_snapshot" else None
