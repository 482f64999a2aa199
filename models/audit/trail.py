"""What the learner's reactions come to, as entries of the audit trail.

An entry for every command, carried out, waiting, expired or refused, and for everything that
changes by policy: a version published, a promotion, a freeze, a resume. All of it is a function of
the log, so that a second learner writes the same entries.

```text
  kind      BOOT, PUBLISH, PROMOTE, RECALIBRATE, REBUILD, FREEZE, RESUME, or a command's kind
  result    DONE, WAITING (for a second approver), REFUSED (a PUBLISH: what failed its probe),
            EXPIRED
 actor     who; "policy" where nobody asked
 at        ms: when a command says that it was issued; else the latest label's observation
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from models.announcement import Announcement
from models.approval import POLICY_ACTOR
from models.audit.chain import sha256
from schemas.errors import FraudStreamsError
from schemas.pan import mask_text

if TYPE_CHECKING:
    from models.learn import Learner

LONGEST = 2_000
"""Characters of a reason that an entry keeps: a command's payload may be a megabyte."""


class Before(NamedTuple):
    """What tells afterwards what a reaction was."""

    champion: str
    frozen: bool
    rebuilds: int = 0
    refused: int = 0

    @classmethod
    def of(cls, learner: Learner) -> Before:
        """The learner before it reacts."""
        counts = learner.counts
        frozen = learner.frozen is not None
        return cls(learner.champion, frozen, counts["rebuilds"], counts["refused"])


def note(
    learner: Learner, offset: int, *, kind: str, result: str, actor: str, at: int, what: str,
    command_id: str | None = None, command_sha256: str | None = None, approves: str | None = None,
    said: Sequence[Announcement] = (),
) -> None:  # fmt: skip
    """Append an entry, with what is in force after it and the hashes of what was published."""
    published = {
        one.key: one.record["sha256"] for one in said if one.record and "sha256" in one.record
    }
    learner.trail.append({
        "offset": offset, "kind": kind, "result": result, "actor": readable(actor), "at": at,
        "what": readable(what),
        "command_id": command_id, "command_sha256": command_sha256,
        "approves": approves, "model": learner.model, "ruleset": dict(learner.ruleset) or None,
        "threshold": learner.threshold, "published": published,
        "policy": {name: json.dumps(value) for name, value in learner.changes.items()},
    })  # fmt: skip


def note_boot(learner: Learner, offset: int, said: Announcement) -> None:
    """The first entry: the rules that ship."""
    what = said.marker["reason"] if said.marker else ""
    note(
        learner, offset, kind="BOOT", result="DONE", actor=POLICY_ACTOR, at=0, what=what,
        said=[said],
    )  # fmt: skip


def note_outcome(
    learner: Learner, offset: int, before: Before, said: Sequence[Announcement]
) -> None:
    """What an outcome set off, if anything."""
    if not said:
        return
    reasons = [one.marker["reason"] for one in said if one.marker is not None]
    what = reasons[-1] if reasons else f"published {', '.join(one.key for one in said)}"
    after, result = Before.of(learner), "DONE"
    kind = changed(before, after)
    if kind == "PUBLISH" and all(one.record is None for one in said):
        refused = after.refused > before.refused
        kind, result = ("PUBLISH", "REFUSED") if refused else ("RECALIBRATE", "DONE")
    note(
        learner, offset, kind=kind, result=result, actor=POLICY_ACTOR, at=learner.watermark,
        what=what, said=said,
    )  # fmt: skip


def changed(before: Before, after: Before) -> str:
    """What a reaction to an outcome was.

    >>> changed(Before("logistic", False), Before("blend", False))
    'PROMOTE'
    """
    if before.frozen != after.frozen:
        return "FREEZE" if after.frozen else "RESUME"
    if before.rebuilds != after.rebuilds:
        return "REBUILD"
    return "PUBLISH" if before.champion == after.champion else "PROMOTE"


def note_command(
    learner: Learner, offset: int, command: Mapping[str, Any], said: Sequence[Announcement],
    *, result: str = "DONE", approves: str | None = None,
) -> None:  # fmt: skip
    """A command that was carried out, or waits."""
    what = "; ".join(one.marker["reason"] for one in said if one.marker is not None)
    _note_of(learner, offset, command, result=result, what=what, approves=approves, said=said)


def note_proposal(learner: Learner, offset: int, command: Mapping[str, Any], what: str) -> None:
    """A command of the policy's that waits: it stands nowhere on the log, so it has no hash."""
    note(
        learner, offset, kind=command["kind"], result="WAITING", actor=command["actor"],
        at=command["issued_at"], what=what, command_id=command["command_id"],
    )  # fmt: skip


def note_refusal(
    learner: Learner, offset: int, command: Mapping[str, Any], error: FraudStreamsError
) -> None:
    """A command that was refused: the attempt is on record."""
    _note_of(learner, offset, command, result="REFUSED", what=str(error))


def note_expiry(learner: Learner, offset: int, command: Mapping[str, Any]) -> None:
    """A command whose time for a second approver is over."""
    what = f"nobody approved {command['command_id']} of {command['actor']} in time"
    _note_of(learner, offset, command, result="EXPIRED", what=what)


def _note_of(
    learner: Learner, offset: int, command: Mapping[str, Any], *, result: str, what: str,
    approves: str | None = None, said: Sequence[Announcement] = (),
) -> None:  # fmt: skip
    note(
        learner, offset, kind=command["kind"], result=result, actor=command["actor"],
        at=command["issued_at"], what=what, command_id=command["command_id"],
        command_sha256=sha256(command), approves=approves, said=said,
    )  # fmt: skip


def readable(text: str) -> str:
    """A text that every reader can take: valid Unicode, of bounded length, no card number.

    >>> readable("by ana" + chr(0xD800))
    'by ana?'
    """
    return mask_text(text[:LONGEST]).encode("utf-8", "replace").decode()
