"""Operators' commands to the learner, as records of `fraud.outcomes`.

```text
 RULES_APPLY  {"yaml", "in_force"?, "reason"?}    compile the rules and put them in force; refused
                                                  where other rules than `in_force` are by now
 RULES_DEMOTE {"code", "ruleset", "reason"?}      put a rule in shadow, if it acts in that ruleset
                                                  and that one is in force; else nothing
 PROMOTE      {"name", "version"?, "reason"?}     a version: hold it in force (a rollback, too);
                                                  none: follow that competitor's latest; the name
                                                  `rules`: no model, the rules alone, to stay
 FREEZE       {"reason"?}                         learn nothing until RESUME
 RESUME       {"learn"?: true, "reason"?}         learn what queued, or drop it, and go on; drift
                                                  lifts what drift froze, nothing else
 EXCLUDE      {"source", "excluded"?: true}       a source's labels teach nothing any more
 REBUILD      {"reason"?}                         learn the whole log anew, without what is excluded
                                                  or reversed by now, and publish all
 POLICY       {"set": {...}, "reason"?}           settings of `models.policy_changes`
 APPROVE      {"command_id", "reason"?}           let a command go that waits (`models.approval`)
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from models.approval import POLICY_ACTOR, person
from models.drift.consequences import ACTOR as DRIFT
from models.learn import Learner
from models.learn_changes import adopt
from models.learn_freezing import give_back, may_freeze, may_resume
from models.learn_rules import Applied, apply_rules, demote_rule, ruleset_ref
from models.rules import compile_ruleset
from schemas.errors import InvalidField
from schemas.fields import LabelSource

RULES = "rules"
"""In the place of a model's name: none at all."""
SOURCES: tuple[str, ...] = get_args(LabelSource)
AGENTS = (POLICY_ACTOR, DRIFT)
"""Who takes nothing out of force that a person holds."""


class Done(NamedTuple):
    """What a command came to: the reason for the marker, and what is left to the fold."""

    reason: str
    ruleset: Applied | None = None
    freezes: bool = False
    resumes: bool = False
    learns: bool = True
    rebuilds: bool = False
    nothing: bool = False


def carry_out(learner: Learner, record: Mapping[str, Any]) -> Done:
    """Carry out a command, all but the freezing, thawing and learning anew.

    Raises `RuleError` for rules that do not compile and `InvalidField` for a kind or payload that
    is not as above; then nothing has changed.
    """
    act = _KINDS.get(record["kind"])
    if act is None:
        raise InvalidField("command.kind", expected=f"one of {[*_KINDS]}", came=record["kind"])
    return act(learner, record, _payload(record))


def _rules(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    source = _field(payload, "yaml", str, 'JSON {"yaml": "..."}')
    meant = _field(payload, "in_force", str, "NAME@VERSION, or nothing", optional=True)
    if meant not in (None, ruleset_ref(learner)):
        raise InvalidField(
            "command.payload.in_force", expected=f"the rules in force, {ruleset_ref(learner)}",
            came=meant, todo="They were changed meanwhile: look at them, and order again.",
        )  # fmt: skip
    where = f"command {record['command_id']}"
    applied = apply_rules(learner, compile_ruleset(source, file=where), where)
    return Done(_said("rules applied", record, payload), applied)


def _demote(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    code = _field(payload, "code", str, "a rule's code")
    ruleset = _field(payload, "ruleset", str, "NAME@VERSION")
    reason = _said(f"rule {code} demoted to shadow", record, payload)
    applied = demote_rule(learner, code, ruleset, f"{ruleset}, {reason}")
    return Done(reason, applied, nothing=applied is None)


def _promote(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    name = _field(payload, "name", str, 'JSON {"name": "...", "version": 123}')
    version = _field(payload, "version", int, "an offset, or nothing", optional=True)
    if name not in (*learner.competitors, RULES):
        raise InvalidField(
            "command.payload.name", expected=f"one of {[*learner.competitors, RULES]}", came=name
        )
    if learner.is_held and record["actor"] in AGENTS:
        raise InvalidField(
            "command.actor", expected="a person: what is in force is held by a person",
            came=record["actor"],
        )  # fmt: skip
    what = _retired(learner, version) if name == RULES else _in_force(learner, name, version)
    learner.promoted_at = learner.watermark
    return Done(_said(what, record, payload))


def _retired(learner: Learner, version: int | None) -> str:
    if version is not None:
        raise InvalidField(
            "command.payload.version", expected=f"none: {RULES} stands for no model", came=version,
            todo="`fraud rules rollback` puts an earlier version of the rules in force.",
        )  # fmt: skip
    learner.retire()
    return "rules alone put in force"


def _in_force(learner: Learner, name: str, version: int | None) -> str:
    known = [one for one, _ in learner.competitors[name].versions]
    if not known or version not in (None, *known):
        raise InvalidField(
            "command.payload.version", expected=f"a version of {name}: {known[-5:]}", came=version,
            todo="`fraud models list` shows the versions there are.",
        )  # fmt: skip
    if version is None:
        learner.follow(name)
    else:
        learner.hold(name, version)
    return f"promoted {name}@{version or known[-1]}"


def _freeze(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    if not may_freeze(learner, record["actor"]):
        raise InvalidField("command.kind", expected="RESUME: learning is frozen", came="FREEZE")
    return Done(_said("learning frozen", record, payload), freezes=True)


def _resume(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    learns = _field(payload, "learn", bool, "true or false", optional=True) is not False
    if learner.frozen is None:
        raise InvalidField("command.kind", expected="a FREEZE before it", came="RESUME")
    if not may_resume(learner, record["actor"]):
        raise InvalidField(
            "command.actor", expected=f"a person: learning is frozen by {learner.frozen['by']}",
            came=record["actor"],
        )  # fmt: skip
    if give_back(learner, record["actor"]):
        what = "learning stays frozen by policy until its time is over, no longer"
        return Done(_said(what, record, payload))
    what = "learning resumed" if learns else "learning resumed, without what queued,"
    return Done(_said(what, record, payload), resumes=True, learns=learns)


def _exclude(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    source = _field(payload, "source", str, f"one of {SOURCES}")
    out = _field(payload, "excluded", bool, "true or false", optional=True) is not False
    if source not in SOURCES:
        raise InvalidField("command.payload.source", expected=f"one of {SOURCES}", came=source)
    others = [one for one in learner.excluded if one != source]
    learner.excluded = sorted([*others, source] if out else others)
    what = f"labels of {source} {'excluded from' if out else 'taken back into'} learning"
    return Done(_said(what, record, payload))


def _rebuild(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    if learner.frozen is not None:
        raise InvalidField(
            "command.kind", expected="RESUME before it: learning is frozen", came="REBUILD"
        )
    return Done(_said("models rebuilt", record, payload), rebuilds=True)


def _policy(learner: Learner, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Done:
    wanted = _field(payload, "set", dict, 'JSON {"set": {"publish_every": 1000}}')
    adopt(learner, {**learner.changes, **wanted})
    settings = ", ".join(f"{name} is {json.dumps(value)}" for name, value in wanted.items())
    return Done(_said(f"policy: {settings or 'as before'};", record, payload))


def refuse_policy(record: Mapping[str, Any]) -> None:
    """Raise `InvalidField` for a command in the name of what nobody orders."""
    if person(record["actor"]) == POLICY_ACTOR:
        raise InvalidField("command.actor", expected="who orders it", came=record["actor"])


def approval_of(record: Mapping[str, Any]) -> tuple[str, str]:
    """Which command an APPROVE means, and its sentence; raises `InvalidField`."""
    payload = _payload(record)
    identity = _field(payload, "command_id", str, 'JSON {"command_id": "..."}')
    return identity, _said("approved", record, payload)


_KINDS: dict[str, Callable[[Learner, Mapping[str, Any], Mapping[str, Any]], Done]] = {
    "RULES_APPLY": _rules,
    "RULES_DEMOTE": _demote,
    "PROMOTE": _promote,
    "FREEZE": _freeze,
    "RESUME": _resume,
    "EXCLUDE": _exclude,
    "REBUILD": _rebuild,
    "POLICY": _policy,
}


def _said(what: str, record: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    reason = payload.get("reason")
    return f"{what} by {record['actor']}" + (f": {reason}" if reason else "")


def _payload(record: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(record["payload"])
    except ValueError as error:
        raise InvalidField(
            "command.payload", expected="a JSON object", came=record["payload"]
        ) from error
    if not isinstance(found, dict):
        raise InvalidField("command.payload", expected="a JSON object", came=record["payload"])
    return found


def _field(
    payload: Mapping[str, Any], name: str, kind: type, expected: str, *, optional: bool = False
) -> Any:
    value = payload.get(name)
    if value is None and (optional or name not in payload):
        if optional:
            return None
        raise InvalidField("command.payload", expected=expected, came=dict(payload))
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidField(f"command.payload.{name}", expected=expected, came=value)
    return value
