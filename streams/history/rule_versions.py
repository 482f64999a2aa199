"""What rules were published on `fraud.models`, who put them there and why, and which are in force.

Who and why stand in the command on `fraud.outcomes` that a version came from; a version that the
learner made by itself (a demoted rule) says so in its first line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.rules import compile_ruleset
from schemas import topics
from schemas.errors import EventError, FraudStreamsError
from streams.history.force import in_force, markers, ref
from streams.history.log import Log
from streams.wire import codec

COMMAND = codec.header("command")
RULESET = codec.header("ruleset")
_NOTED = re.compile(r"# \S+, (?P<reason>.* by (?P<actor>\S+?)(?::.*)?)$", re.MULTILINE)


class RulesUnknown(FraudStreamsError):
    """No such version on `fraud.models`."""

    code = "RULES_UNKNOWN"
    advice = "`fraud rules list` shows every version."


class NoRulesInForce(FraudStreamsError):
    """The log names no rules yet."""

    code = "NO_RULES_IN_FORCE"
    advice = "Start `fraud worker learn`: it puts the rules that ship in force."


class Author(NamedTuple):
    """Who made a version, and why; empty where the log does not say (the rules that ship)."""

    actor: str
    reason: str


@dataclass(frozen=True)
class RuleVersion:
    """A published ruleset, and when the log took it (UTC ms)."""

    name: str
    number: int
    yaml: str
    sha256: str
    published: int

    @property
    def ref(self) -> str:
        """As people write it: `mine@3`."""
        return f"{self.name}@{self.number}"

    def rules(self) -> list[dict[str, str]]:
        """Code, action, mode and title of each rule, in file order."""
        return [
            {
                "code": rule.code, "action": rule.action, "title": rule.title,
                "mode": "shadow" if rule.shadow else "active",
            }
            for rule in compile_ruleset(self.yaml, file=self.ref).rules
        ]  # fmt: skip


class RuleVersions:
    """Every version on the log, in the order of their first publication."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._all: dict[str, RuleVersion] = {}
        for record in log.read(topics.MODELS):
            if (record.value or b"").startswith(RULESET):
                body = codec.decode(record.value or b"")[1]
                names = (body["name"], body["version"], body["yaml"], body["sha256"])
                one = RuleVersion(*names, record.timestamp)
                self._all.setdefault(one.ref, one)

    @property
    def all(self) -> list[RuleVersion]:
        """Oldest first."""
        return list(self._all.values())

    def refs(self) -> list[str]:
        """Every version as people write it."""
        return list(self._all)

    def get(self, text: str) -> RuleVersion | None:
        """`NAME@VERSION`, None where it was not published."""
        return self._all.get(text)

    def find(self, text: str) -> RuleVersion:
        """`NAME@VERSION`; raises `RulesUnknown`."""
        found = self.get(text)
        if found is None:
            raise RulesUnknown(
                f"rules {text}", expected="a published version",
                came=", ".join(self.refs()) or "no rules at all",
            )  # fmt: skip
        return found

    def current(self) -> RuleVersion:
        """The one in force; raises `NoRulesInForce` before the first marker."""
        marker = in_force(self._log)
        if marker is None:
            raise NoRulesInForce(topics.ACTIVITY, expected="a control marker", came="none")
        return self.find(str(ref(marker["ruleset"])))

    def previous(self) -> RuleVersion:
        """The one in force before the present one, by the markers that are still there."""
        now = self.current().ref
        for marker in markers(self._log):
            name = str(ref(marker["ruleset"]))
            if name != now:
                return self.find(name)
        raise RulesUnknown(
            topics.ACTIVITY, expected=f"other rules before {now}", came="none",
            todo="Name a version: `fraud rules rollback NAME@VERSION`.",
        )  # fmt: skip

    def authors(self) -> dict[str, Author]:
        """Who made each version and why, by `ref`; reads every command of `fraud.outcomes`.

        A command that was taken after a version was published did not make it, but put it back.
        """
        by_hash = {one.sha256: one for one in reversed(self.all)}
        found = {one.ref: _noted(one.yaml) for one in self.all}
        told: set[str] = set()
        for taken, command in _commands(self._log):
            payload = _payload(command)
            one = by_hash.get(hashlib.sha256(payload.get("yaml", "").encode()).hexdigest())
            if command["kind"] != "RULES_APPLY" or one is None or one.published < taken:
                continue
            if one.ref not in told:
                told.add(one.ref)
                found[one.ref] = Author(command["actor"], str(payload.get("reason") or ""))
        return found


def _commands(log: Log) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every command, with the time at which the log took it."""
    for record in log.read(topics.OUTCOMES):
        if (record.value or b"").startswith(COMMAND):
            try:
                yield record.timestamp, codec.decode(record.value or b"")[1]
            except EventError:  # a dead letter of the learner
                continue


def _payload(command: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(command["payload"])
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("yaml", ""), str) else {}


def _noted(source: str) -> Author:
    """What the learner wrote above a version of its own.

    >>> _noted("# mine@1, rule A demoted to shadow by rule-rates: it fired\\nname: mine")
    Author(actor='rule-rates', reason='rule A demoted to shadow by rule-rates: it fired')
    """
    matched = _NOTED.match(source)
    return Author(matched["actor"], matched["reason"]) if matched else Author("", "")
