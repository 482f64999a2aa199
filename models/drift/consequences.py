"""What follows from a signal, by policy: a command to the learner, or nothing but the signal.

```text
 FREEZE     the first signal that freezes stops learning, the last that recovers resumes it
 CHALLENGE  the challenger's latest version decides from now on; nothing is taken back
 NOTIFY     the signal itself
```

A command's id depends on its signal alone, so a second writer writes the same one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from models.drift.policy import DriftPolicy
from models.drift.readings import FIRED
from models.state_versions import check_version

ACTOR = "drift"
_VERSION = 1


class Consequences:
    """Folds signals into commands; remembers which signals hold the learner frozen.

    >>> act = Consequences(DriftPolicy(actions=(("label_rate", "FREEZE"),)))
    >>> signal = {"signal_id": "a", "detector": "ADWIN", "subject": "label_rate", "event_time": 7,
    ...           "state": "FIRED", "statistic": 2.0, "threshold": 1.0,
    ...           "src": {"stage": "drift-outcomes", "partition": 0, "offset": 5}}
    >>> act.command(signal)["kind"], act.command(signal)
    ('FREEZE', None)
    >>> act.command(signal | {"signal_id": "b", "state": "RECOVERED"})["kind"]
    'RESUME'
    """

    def __init__(self, policy: DriftPolicy | None = None) -> None:
        self.policy = policy or DriftPolicy()
        self.freezing: set[str] = set()
        self.marks: dict[str, tuple[int, list[str]]] = {}

    def command(self, signal: Mapping[str, Any]) -> dict[str, Any] | None:
        """The command that a signal causes, if any; a repeat causes none."""
        if self._is_repeat(signal):
            return None
        action = self.policy.action(signal["subject"])
        fired = signal["state"] == FIRED
        if action == "FREEZE":
            return self._freeze(signal, fired=fired)
        if action == "CHALLENGE" and fired:
            return _command("PROMOTE", signal, {"name": self.policy.challenger})
        return None

    def _is_repeat(self, signal: Mapping[str, Any]) -> bool:
        """Whether this signal was folded before: one record makes several, a mark is not enough."""
        src, name = signal["src"], signal["signal_id"]
        source, offset = f"{src['stage']}/{src['partition']}", src["offset"]
        mark, known = self.marks.get(source, (-1, []))
        if offset < mark or (offset == mark and name in known):
            return True
        self.marks[source] = (offset, [*known, name] if offset == mark else [name])
        return False

    def _freeze(self, signal: Mapping[str, Any], *, fired: bool) -> dict[str, Any] | None:
        key = f"{signal['detector']}/{signal['subject']}"
        before = bool(self.freezing)
        self.freezing = self.freezing | {key} if fired else self.freezing - {key}
        if bool(self.freezing) == before:
            return None
        return _command("FREEZE" if fired else "RESUME", signal, {})

    def pack(self) -> bytes:
        """Version, then JSON."""
        state = {"freezing": sorted(self.freezing), "marks": self.marks}
        return bytes([_VERSION]) + json.dumps(state, sort_keys=True).encode()

    @classmethod
    def unpack(cls, data: bytes, policy: DriftPolicy | None = None) -> Consequences:
        """What `pack` wrote; raises `StateFormatError` for another version."""
        check_version("drift consequences", data, _VERSION, 2)
        found = cls(policy)
        state = json.loads(data[1:])
        found.freezing = set(state["freezing"])
        found.marks = {one: (mark, known) for one, (mark, known) in state["marks"].items()}
        return found


def _command(kind: str, signal: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    reason = (
        f"{signal['detector']} of {signal['subject']} {signal['state'].lower()} at "
        f"{signal['statistic']:.4g} (threshold {signal['threshold']:.4g})"
    )
    return {
        "command_id": f"drift-{kind.lower()}-{signal['signal_id']}",
        "kind": kind,
        "payload": json.dumps({**payload, "reason": reason}, sort_keys=True),
        "actor": ACTOR,
        "issued_at": signal["event_time"],
    }
