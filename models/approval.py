"""A second approver: a command of some kinds waits until somebody else approves it.

```text
 PROMOTE by ana ──► kept by its command_id ──► APPROVE by ben ──► carried out, at ben's offset
                                         └──► nobody in time ──► EXPIRED, carried out never
```

Which kinds wait is policy. Once any kind does, changes of policy do, too: else one person could
switch the second one off. Times are those that the commands say they were issued at. The policy's
own promotions wait as well (`models.learn_promotion`).
Who is who is not known here: names are as trustworthy as the right to write `fraud.outcomes`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import InvalidField

APPROVE = "APPROVE"
POLICY = "POLICY"
POLICY_ACTOR = "policy"
"""Who asks where nobody did; nobody's name (`models.learn_commands.refuse_policy`)."""
HOUR_MS = 3_600_000
Command = dict[str, Any]
Pending = dict[str, Command]
"""Commands that wait, by command_id."""


@dataclass(frozen=True)
class ApprovalPolicy:
    """Settings of the second approver, each with its reason.

    kinds: of commands that wait. None by default: a team of one could do nothing.
    hours: until a command that nobody approved expires. A day: who is asked for it is at work by
        then, and what was right days ago need not be right today.
    most: commands that wait at a time; bounds the state.
    """

    kinds: tuple[str, ...] = ()
    hours: float = 24.0
    most: int = 64


def is_needed(kind: str, policy: ApprovalPolicy) -> bool:
    """Whether a command of this kind waits.

    >>> is_needed("POLICY", ApprovalPolicy()), is_needed("POLICY", ApprovalPolicy(("PROMOTE",)))
    (False, True)
    """
    return kind in policy.kinds or (kind == POLICY and bool(policy.kinds))


def wait(pending: Pending, record: Mapping[str, Any], policy: ApprovalPolicy) -> str:
    """Keep a command; the sentence that says so.

    Raises `InvalidField` where its id waits already, or too many wait.
    """
    identity = record["command_id"]
    if identity in pending:
        raise InvalidField("command.command_id", expected="one that does not wait", came=identity)
    if len(pending) >= policy.most:
        raise InvalidField(
            "command", expected=f"less than {policy.most} that wait", came=len(pending),
            todo="Approve some, or wait until they expire.",
        )  # fmt: skip
    pending[identity] = dict(record)
    return (
        f"{record['kind']} of {record['actor']} waits for a second approver, for "
        f"{policy.hours:g} h: {identity}"
    )


def expired(
    pending: Pending, now: int, policy: ApprovalPolicy, watermark: int = 0
) -> list[Command]:
    """Remove and return what has waited for too long at `now` (UTC ms), oldest first.

    What the policy proposed is timed by the stream's own clock, `watermark`: in a replay people's
    clocks are years ahead of it.
    """
    late = [
        one for one in pending.values()
        if (watermark if one["actor"] == POLICY_ACTOR else now) - one["issued_at"]
        > policy.hours * HOUR_MS
    ]  # fmt: skip
    for one in late:
        del pending[one["command_id"]]
    return late


def approve(
    pending: Pending, approval: Mapping[str, Any], identity: str, late: list[Command]
) -> Command:
    """The command that an approval lets go; it still waits until it has been carried out.

    Raises `InvalidField` where it expired just now (`late`), does not wait, or was asked for by
    the approver.
    """
    if identity in [one["command_id"] for one in late]:
        raise InvalidField(
            "command.payload.command_id", expected="an approval in time", came=identity,
            todo="It has expired: order it again.",
        )  # fmt: skip
    if identity not in pending:
        raise InvalidField(
            "command.payload.command_id", expected=f"one that waits: {[*pending]}", came=identity,
            todo="`fraud approve` lists them; `fraud audit` says what became of others.",
        )  # fmt: skip
    asked = pending[identity]["actor"]
    if person(asked) == person(approval["actor"]):
        raise InvalidField(
            "command.actor", expected=f"somebody else than {asked}, who asked for it",
            came=approval["actor"], todo="A second person has to approve.",
        )  # fmt: skip
    return pending[identity]


def person(actor: str) -> str:
    """A name as it is compared: case, width and outer spaces make nobody else.

    >>> person(" Ana "), person("\\uff21na")
    ('ana', 'ana')
    """
    return unicodedata.normalize("NFKC", actor).strip().casefold()
