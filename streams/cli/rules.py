"""`fraud rules`: rules as files, their versions on the log, and what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from streams.cli import rules_order
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result
from streams.cli.rules_file import RulesFile, compiled
from streams.cli.rules_text import described, table

if TYPE_CHECKING:
    from streams.history.log import Log

app = typer.Typer(
    help="The rules: check a file, apply it in shadow, activate, list, roll back.",
    no_args_is_help=True,
)


@app.command(epilog=example("fraud rules lint rules.yaml"))
def lint(file: RulesFile, as_json: Json = False) -> None:
    """Compile a rule file: what is wrong is said with file, rule, field and what was expected."""
    rules = compiled(file)
    found = {
        "ruleset": f"{rules.name}@{rules.version}",
        "sha256": rules.sha256,
        "rules": [
            {
                "code": one.code, "action": one.action, "title": one.title,
                "mode": "shadow" if one.shadow else "active",
            }
            for one in rules.rules
        ],
    }  # fmt: skip
    result(found, described(found), as_json=as_json)


@app.command("list", epilog=example("fraud rules list"))
def list_versions(bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Every version of the rules, who made it and why; the one in force with its rules."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick

    found = listed(KafkaLog(reachable(bootstrap)))
    result(found, table(found), as_json=as_json)


def listed(log: Log) -> dict[str, Any]:
    """What is in force with its rules, and every version."""
    from streams.history.moments import iso  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.rule_versions import RuleVersions  # noqa: PLC0415

    versions = RuleVersions(log)
    current, authors = versions.current(), versions.authors()
    return {
        "in_force": current.ref,
        "rules": current.rules(),
        "versions": [
            {
                "version": one.ref, "in_force": one.ref == current.ref, "sha256": one.sha256,
                "published": iso(one.published), **authors[one.ref]._asdict(),
                "shadow": [rule["code"] for rule in one.rules() if rule["mode"] == "shadow"],
            }
            for one in versions.all
        ],
    }  # fmt: skip


rules_order.register(app)
