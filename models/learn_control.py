"""What a record of `fraud.outcomes` makes the learner do and say: `react`, the whole fold.

Pure: records come out, the stage delivers them in order (a snapshot or ruleset first, then its
marker to every partition of `fraud.activity`). A marker's sequence is the offset of the record of
`fraud.outcomes` that caused it, so a second writer makes the same marker. Whatever is put in
force, and every freeze and resume, is a marker with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from models import approval
from models.announcement import Announcement, alone
from models.audit import trail
from models.decision import BOOT_SEQUENCE
from models.learn import Learner
from models.learn_changes import plain, recalibrate, take_back
from models.learn_commands import approval_of, carry_out, refuse_policy
from models.learn_freezing import TOGETHER, freeze, is_over, thaw
from models.learn_promotion import promote
from models.learn_rebuild import is_due, rebuild
from models.learn_rules import apply_rules
from models.learn_seats import seat
from models.outcome import is_presumed, source_of, transaction_key
from models.rules import Ruleset, baseline
from models.shadows import Around, look_ahead, shadows_of
from schemas.errors import FraudStreamsError, InvalidField, SchemaInvalid

__all__ = [
    "TOGETHER", "Announcement", "Around", "boot", "control", "look_ahead", "publish", "react",
]  # fmt: skip


def react(
    learner: Learner, name: str, body: Mapping[str, Any], offset: int, around: Around
) -> list[Announcement]:
    """Fold one record of `fraud.outcomes`; what is to be announced, in order.

    Raises `RuleError` or `InvalidField` for a command that cannot be carried out, `SchemaInvalid`
    for a record that is none of the topic's; then nothing has changed but the audit trail, which
    has every command and everything that changed (`learner.trail.take`).
    """
    if name == "command":
        return _audited(learner, body, offset, around)
    if name != "outcome":
        raise SchemaInvalid("fraud.outcomes", expected="an outcome or a command", came=name)
    before = trail.Before.of(learner)
    said = _outcome(learner, body, offset, around)
    trail.note_outcome(learner, offset, before, said)
    return said


def _outcome(
    learner: Learner, body: Mapping[str, Any], offset: int, around: Around
) -> list[Announcement]:
    learner.watermark = max(learner.watermark, body["observed_at"])
    if learner.frozen is not None:
        return _wait(learner, body, offset, around)
    reason = _suspicion(learner, body)
    if reason is not None:
        freeze(learner, offset, approval.POLICY_ACTOR, reason)
        learner.counts["queued"] += 1
        return [alone(control(learner, offset, f"learning frozen: {reason}"))]
    if learner.learn(body, offset, partial(shadows_of, learner, around=around)):
        if is_due(learner):
            return _rebuilt_by_policy(learner, offset, around)
        return publish(learner, learner.due(), offset) or _recalibrated(learner, offset)
    return []


def _rebuilt_by_policy(learner: Learner, offset: int, around: Around) -> list[Announcement]:
    """Learn anew up to and with the outcome at `offset`; a log without its beginning cannot."""
    since = learner.counts["learned"] - learner.rebuilt_at
    reason = f"models rebuilt by policy after {since} learned outcomes"
    learner.rebuilt_at = learner.counts["learned"]  # whatever comes of it: the next is due later
    try:
        return _rebuilt(learner, offset, reason, rebuild(learner, offset + 1, around))
    except InvalidField:
        return publish(learner, learner.due(), offset)


def _rebuilt(learner: Learner, offset: int, reason: str, what: str) -> list[Announcement]:
    """Publish what was learned anew, all of it under the offset that asked for it."""
    if learner.counts["learned"] < learner.policy.first:
        what += ", too few for a version: what was in force stays"
    return _all_published(learner, offset, f"{reason}; {what}")


def _recalibrated(learner: Learner, offset: int) -> list[Announcement]:
    """A new threshold for the version in force, where policy asks for one."""
    if not recalibrate(learner):
        return []
    reason = f"threshold recalibrated after {learner.counts['learned']} learned outcomes"
    return [alone(control(learner, offset, reason))]


def control(learner: Learner, sequence: int, reason: str) -> dict[str, Any]:
    """The control marker for what the learner has in force."""
    return {
        "sequence": sequence,
        "model": learner.model,
        "ruleset": dict(learner.ruleset),
        "threshold": learner.threshold,
        "reason": reason,
        "control_share": learner.policy.control.record(),
    }


def boot(learner: Learner, rules: Ruleset | None = None) -> Announcement:
    """The first rules, before any outcome; rules alone decide until a model is published."""
    kind, key, record = apply_rules(learner, rules or baseline())
    reason = "boot: rules alone until the first model"
    said = Announcement(kind, key, record, control(learner, BOOT_SEQUENCE, reason))
    trail.note_boot(learner, BOOT_SEQUENCE, said)
    return said


# -- publishing -------------------------------------------------------------------------------


def publish(
    learner: Learner, names: Sequence[str], offset: int, reason: str | None = None
) -> list[Announcement]:
    """Snapshots of these competitors at `offset`; the last carries the marker, if one is due.

    Where all are published together, the policy is asked whether a challenger takes over.
    """
    snapshots = learner.publish(names, offset)
    promoted = promote(learner, offset) if len(names) == len(learner.competitors) else None
    said = [
        Announcement("model_snapshot", f"model/{one['name']}@{offset}", one, None)
        for one in snapshots
    ]
    published = {one["name"] for one in snapshots}
    changed = learner.champion in published and not learner.is_held
    reasons = [one for one in (reason, promoted) if one is not None]
    if learner.refused:
        reasons.append(f"not published: {'; '.join(learner.refused)}")
    if changed and not reasons:
        reasons.append(f"learned {learner.counts['learned']} outcomes")
    if not reasons:
        return said
    marker = control(learner, offset, "; ".join(reasons))
    return [*said[:-1], said[-1]._replace(marker=marker)] if said else [alone(marker)]


# -- freezing ---------------------------------------------------------------------------------


def _suspicion(learner: Learner, body: Mapping[str, Any]) -> str | None:
    """Why learning should stop before this outcome, if it should; repeats say nothing."""
    source, fraud = source_of(body), body["label"] == "FRAUD"
    if body["label"] == "INCONCLUSIVE" or source in learner.excluded:
        return None
    if learner.memory.verdict(transaction_key(body)) is fraud:
        return None
    contradicts = learner.contradicts(body) and not is_presumed(body)
    return learner.watch.note(body["observed_at"], source, fraud=fraud, contradicts=contradicts)


def _wait(
    learner: Learner, body: Mapping[str, Any], offset: int, around: Around
) -> list[Announcement]:
    """Queue an outcome, or resume with it where the policy's time is over."""
    frozen = learner.frozen or {}
    if frozen["by"] != approval.POLICY_ACTOR or not is_over(learner, frozen):
        learner.counts["queued"] += 1
        return []
    thaw(learner, offset, around)
    learner.learn(body, offset, partial(shadows_of, learner, around=around))
    return _all_published(learner, offset, "learning resumed by policy")


def _all_published(learner: Learner, offset: int, reason: str) -> list[Announcement]:
    """Publish what was learned in one go, under the offset of its cause."""
    enough = learner.opening.is_open and learner.counts["learned"] >= learner.policy.first
    return publish(learner, learner.policy.entered if enough else (), offset, reason)


# -- commands ---------------------------------------------------------------------------------


def _audited(
    learner: Learner, record: Mapping[str, Any], offset: int, around: Around
) -> list[Announcement]:
    """Carry a command out and note it; a refusal is noted, too."""
    try:
        refuse_policy(record)
        late = approval.expired(
            learner.pending, record["issued_at"], learner.policy.approval, learner.watermark
        )
        for one in late:
            trail.note_expiry(learner, offset, one)
        if record["kind"] == approval.APPROVE:
            return _approved(learner, record, offset, around, late)
        return _ordered(learner, record, offset, around)
    except FraudStreamsError as error:
        if not error.retriable:  # else the process ends, and folds the command again
            trail.note_refusal(learner, offset, record, error)
        raise


def _ordered(
    learner: Learner, record: Mapping[str, Any], offset: int, around: Around
) -> list[Announcement]:
    """Carry a command out, or let it wait: then what could be refused is refused at once."""
    if not approval.is_needed(record["kind"], learner.policy.approval):
        said = _command(learner, record, offset, around)
        trail.note_command(learner, offset, record, said)
        return said
    _rehearse(learner, record)
    reason = approval.wait(learner.pending, record, learner.policy.approval)
    said = [alone(control(learner, offset, reason))]
    trail.note_command(learner, offset, record, said, result="WAITING")
    return said


def _approved(
    learner: Learner, record: Mapping[str, Any], offset: int, around: Around,
    late: list[dict[str, Any]],
) -> list[Announcement]:  # fmt: skip
    """Carry out what waited, in the place of its approval."""
    identity, by = approval_of(record)
    waited = approval.approve(learner.pending, record, identity, late)
    said = _command(learner, waited, offset, around, f"; {by}")
    del learner.pending[identity]
    trail.note_command(learner, offset, record, said, approves=identity)
    return said


def _rehearse(learner: Learner, record: Mapping[str, Any]) -> None:
    """Raise what carrying out would raise, and change nothing."""
    kept = plain(learner)
    try:
        carry_out(learner, record)
    finally:
        take_back(learner, kept)


def _command(
    learner: Learner, record: Mapping[str, Any], offset: int, around: Around, more: str = ""
) -> list[Announcement]:
    """Carry a command out; `more` ends the reason."""
    done = carry_out(learner, record)
    seat(learner)
    if done.nothing:
        return []
    done = done._replace(reason=done.reason + more)
    if done.freezes:
        freeze(learner, offset, record["actor"], done.reason)
    if done.resumes:
        thaw(learner, offset, around, learn=done.learns)
        return _all_published(learner, offset, done.reason)
    if done.rebuilds:
        return _rebuilt(learner, offset, done.reason, rebuild(learner, offset, around))
    marker = control(learner, offset, done.reason)
    if done.ruleset is not None:
        return [Announcement(*done.ruleset, marker)]
    return [alone(marker)]
