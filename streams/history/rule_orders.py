"""An operator's order about rules: what it puts in force, and whether it may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.rules import compile_ruleset
from models.rules_life import acting, difference, next_version, shadow_first, with_modes
from schemas.errors import FraudStreamsError
from streams.history.force import ref
from streams.history.log import Log
from streams.history.orders import Send, application, carry_out
from streams.history.rule_versions import RuleVersions


class VersionUsed(FraudStreamsError):
    """A version of rules is on the log with other bytes, and is never overwritten."""

    code = "RULES_VERSION_USED"


class NothingToChange(FraudStreamsError):
    """The rules are as asked already."""

    code = "NOTHING_TO_CHANGE"


class RuleOrder:
    """One order, in the place of the rules that are in force when it is made.

    Where others are in force by the time the learner reads it, it is refused.
    """

    def __init__(self, log: Log, send: Send, actor: str, reason: str, timeout_s: float) -> None:
        self._log, self._send = log, send
        self.actor, self.reason, self.timeout_s = actor, reason, timeout_s
        self.versions = RuleVersions(log)
        self.current = self.versions.current()

    def shadowed(self, text: str, *, active: bool = False) -> str:
        """What a file comes to: its new and changed rules in shadow, unless they are to act."""
        return text if active else shadow_first(text, self.current.yaml)[0]

    def moded(self, codes: Sequence[str], mode: str) -> str:
        """The next version of the rules in force with these rules in a mode.

        Raises `RuleError` for an unknown code, `NothingToChange` where all are in that mode.
        """
        number = next_version(self.current.name, self.versions.refs())
        words = "active" if mode == "active" else "in shadow"
        note = f"{self.current.ref}, {', '.join(codes)} {words} by {self.actor}: {self.reason}"
        text = with_modes(self.current.yaml, dict.fromkeys(codes, mode), number, note)
        modes = {rule["code"]: rule["mode"] for rule in self.current.rules()}
        if all(modes[code] == mode for code in codes):
            raise NothingToChange(
                f"rules {self.current.ref}", expected="a rule in another mode",
                came=f"{', '.join(codes)}, {words} already",
            )  # fmt: skip
        return text

    def earlier(self, version: str | None) -> str:
        """An earlier version as it was published; None: the one before the present one."""
        found = self.versions.previous() if version is None else self.versions.find(version)
        return found.yaml

    def run(self, text: str, pause: Callable[[], None] | None = None) -> dict[str, Any]:
        """Send the order and wait until it is in force; what came of it.

        Raises `RuleError`, `VersionUsed`, and what `carry_out` raises.
        """
        rules = compile_ruleset(text, file="rules")
        self._refuse_other_bytes(rules.name, rules.version, rules.sha256)
        command = application(text, self.current.ref, self.actor, self.reason)
        marker = carry_out(self._log, self._send, command, self.timeout_s, pause)
        return {
            "in_force": ref(marker["ruleset"]), "before": self.current.ref,
            "sequence": marker["sequence"], "reason": marker["reason"],
            **self._changes(text), "command_id": command["command_id"],
        }  # fmt: skip

    def _refuse_other_bytes(self, family: str, number: int, sha256: str) -> None:
        name = f"{family}@{number}"
        known = self.versions.get(name)
        if known is not None and known.sha256 != sha256:
            free = next_version(family, self.versions.refs())
            raise VersionUsed(
                f"rules {name}", expected="a version that was not published with other bytes",
                came=f"sha256 {sha256[:12]} against {known.sha256[:12]}",
                todo=f"Number the file {free}; or put {name} back as it was: "
                f"`fraud rules rollback {name}`.",
            )  # fmt: skip

    def _changes(self, text: str) -> dict[str, Any]:
        before, now = acting(self.current.yaml), acting(text)
        found = difference(text, self.current.yaml)
        touched = [*found.added, *found.changed, *found.modes]
        return {
            **found._asdict(),
            "shadow": [code for code in touched if code not in now],
            "no_longer_acting": [code for code in touched if code in before and code not in now],
        }
