"""What the learner announces: the first rules, new models, an operator's rules; each by a marker.

Pure: records come out, the stage delivers them (snapshot or ruleset first, then the marker to every
partition of `fraud.activity`). A marker's sequence is the offset of the record of `fraud.outcomes`
that caused it, so a second writer makes the same marker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from models.decision import BOOT_SEQUENCE
from models.learn import Learner
from models.rules import RuleError, Ruleset, baseline, compile_ruleset
from schemas.errors import InvalidField


class Announcement(NamedTuple):
    """A record for `fraud.models` (of `kind` model_snapshot or ruleset) and its marker."""

    kind: str
    key: str
    record: dict[str, Any]
    marker: dict[str, Any]


def control(learner: Learner, sequence: int, reason: str) -> dict[str, Any]:
    """The control marker for what the learner has in force."""
    return {
        "sequence": sequence,
        "model": learner.model,
        "ruleset": dict(learner.ruleset),
        "threshold": learner.threshold,
        "reason": reason,
    }


def boot(learner: Learner, rules: Ruleset | None = None) -> Announcement:
    """The first rules, before any outcome; rules alone decide until a model is published."""
    rules = rules or baseline()
    return _apply(learner, rules, BOOT_SEQUENCE, "boot: rules alone until the first model")


def publish(learner: Learner, offset: int) -> Announcement:
    """A snapshot of the learner at `offset` and the marker that puts it in force."""
    record = learner.snapshot(offset)
    marker = control(learner, offset, f"learned {learner.counts['learned']} outcomes")
    return Announcement("model_snapshot", f"model/{record['name']}@{offset}", record, marker)


def command(learner: Learner, record: Mapping[str, Any], offset: int) -> Announcement:
    """Carry out an operator's command.

    RULES_APPLY with the payload `{"yaml": "..."}` compiles the rules and puts them in force.
    Raises `RuleError` for rules that do not compile and `InvalidField` for any other command;
    then nothing has changed.
    """
    if record["kind"] != "RULES_APPLY":
        raise InvalidField("command.kind", expected="RULES_APPLY", came=record["kind"])
    rules = compile_ruleset(_yaml(record), file=f"command {record['command_id']}")
    known = learner.rulesets.get(f"{rules.name}@{rules.version}", rules.sha256)
    if known != rules.sha256:
        raise RuleError(
            f"command {record['command_id']}: version",
            expected=f"a version of {rules.name} that was not used for other rules",
            came=rules.version,
        )
    return _apply(learner, rules, offset, f"rules applied by {record['actor']}")


def _apply(learner: Learner, rules: Ruleset, sequence: int, reason: str) -> Announcement:
    learner.ruleset = {"name": rules.name, "version": rules.version}
    learner.rulesets[f"{rules.name}@{rules.version}"] = rules.sha256
    key = f"ruleset/{rules.name}@{rules.version}"
    return Announcement("ruleset", key, rules.record(), control(learner, sequence, reason))


def _yaml(record: Mapping[str, Any]) -> str:
    try:
        source = json.loads(record["payload"])["yaml"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidField(
            "command.payload", expected='JSON {"yaml": "..."}', came=record["payload"]
        ) from error
    if not isinstance(source, str):
        raise InvalidField("command.payload.yaml", expected="text", came=source)
    return source
